import { administratorProblem } from '../../rules/administrator.ts'
import { compileRoutingRules } from '../../rules/routing-rules.ts'
import type { Document } from '../config/document.ts'
import { compile, type Compiled } from '../config/compile.ts'
import { detectProviders } from '../config/detect.ts'
import type { KeyMemory } from '../config/key-memory.ts'
import { compileText, placed, type LoadOptions } from '../config/load.ts'
import { surveyNotices } from '../config/notice.ts'
import { ConfigurationError, formatPath, type Path, type Problem } from '../config/problem.ts'
import { loadTools } from '../config/tools.ts'
import { API_ORIGINS, assemble, isOriginMark } from './assemble.ts'
import { SettingsRefused } from './port.ts'
import type { ObjectKind, SettingsObject, SettingsProblem, StoredObject } from './port.ts'
import { reconcile } from './reconcile.ts'
import type { Reconciled } from './reconcile.ts'

/** What settings are made of. */
export interface Ingredients {
  /** Of the file; undefined: there is none. */
  readonly text: string | undefined
  /** The same, parsed. */
  readonly value: unknown
  /** Path of the file, or of the one that there could be. */
  readonly file: string
  readonly stored: readonly StoredObject[]
}

/** Settings that passed every check. */
export interface Built extends Compiled {
  readonly ingredients: Ingredients
  readonly reconciled: Reconciled
  /** When they have to be built anew although nobody changes anything. */
  readonly nextMs: number | undefined
}

export interface BuildOptions extends Omit<LoadOptions, 'origins' | 'nowMs' | 'openMemory'> {
  readonly nowMs: number
  readonly openMemory: () => Promise<KeyMemory>
}

/**
 * Compiles file and API together, by the checks that a file has to pass. Throws {@link ConfigurationError} for what is
 * wrong with the file alone, and {@link SettingsRefused} where the two do not fit.
 */
export async function build(ingredients: Ingredients, options: BuildOptions): Promise<Built> {
  const { value: ofFile, text, file, stored } = ingredients
  // The file says where its own mistakes are.
  if (stored.length === 0) return ofFileAlone(ingredients, await compileText(text, file, options))
  const memory = options.memory ?? (await options.openMemory())
  const reconciled = reconcile({ file: ofFile, stored, hashOf: (canonical) => memory.hash.of(canonical) })
  const { settings, nextMs } = assemble(ofFile, reconciled, options.nowMs, () => detectedSettings(options))
  try {
    const compiled = withAdministrator(await compileTogether(settings, file, { ...options, memory }))
    return { ...compiled, ingredients, reconciled, nextMs }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new SettingsRefused(error.problems.map((problem) => toSettingsProblem(problem, reconciled)))
  }
}

/** What was compiled of the file, where the API has made nothing. */
export function ofFileAlone(ingredients: Ingredients, compiled: Compiled): Built {
  const reconciled = reconcile({ file: ingredients.value, stored: [], hashOf: (canonical) => canonical })
  return { ...withAdministrator(compiled), ingredients, reconciled, nextMs: undefined }
}

/** By reference, as they were found: nothing of the environment is written down. */
function detectedSettings({ registry, environment }: BuildOptions): Record<string, unknown> {
  const found = [...detectProviders(registry, environment).values()].map(({ id, keys }) => {
    const settings = keys.map(({ id: keyId, name, reference }) => ({ id: keyId, name, value: reference }))
    return [id, { keys: settings }] as const
  })
  return Object.fromEntries(found)
}

async function compileTogether(value: unknown, file: string, options: LoadOptions): Promise<Compiled> {
  const { checkDocument } = await import('../config/check.ts')
  const tools = await loadTools(JSON.stringify(value))
  const document: Document = { value, locate: nowhere }
  const { settings, survey } = checkDocument(document, file, options.registry, tools)
  const { unserved } = survey
  const compiled = compile(settings, { ...options, tools, unserved, origins: API_ORIGINS })
  const { rules: routing, problems } = await compileRoutingRules(compiled.configuration.governance.rules)
  if (problems.length > 0)
    throw new ConfigurationError(
      file,
      problems.map((each) => nowhere(placed(each))),
    )
  const unknown = survey.unknown.filter(({ place }) => !isOriginMark(place))
  const notices = [...surveyNotices(file, { ...survey, unknown }), ...compiled.notices]
  return { ...compiled, configuration: { ...compiled.configuration, routing }, notices }
}

/** What is missing of an administrator is told by the compiler. */
function withAdministrator(compiled: Compiled): Compiled {
  const { enabled, username, password } = compiled.configuration.admin
  if (!enabled || username === undefined || password === undefined) return compiled
  const problem = administratorProblem(username, password)
  if (problem === undefined) return compiled
  return { ...compiled, notices: [...compiled.notices, { kind: 'governance', message: problem.message }] }
}

/** What is of two sources stands in no line of a file. */
function nowhere(problem: Problem) {
  return { ...problem, line: 0, column: 0 }
}

function toSettingsProblem({ path, found, expected }: Problem, reconciled: Reconciled): SettingsProblem {
  const { object, rest } = objectAt(path, reconciled)
  return { kind: object?.kind, id: object?.id, field: formatPath(rest), found, expected }
}

function objectAt(path: Path, { objects }: Reconciled): { object: SettingsObject | undefined; rest: Path } {
  const [first, kind, index] = path
  if (first === 'providers') return keyAt(path, objects.get('provider_keys') ?? [])
  const list = first === 'governance' ? objects.get(kind as ObjectKind) : undefined
  if (kind === 'auth_config' && list?.[0] !== undefined) return { object: list[0], rest: path.slice(2) }
  const object = typeof index === 'number' ? list?.[index] : undefined
  return object === undefined ? { object, rest: path } : { object, rest: path.slice(3) }
}

/** `providers.openai.keys[1].weight`: keys of a provider keep their order. */
function keyAt(
  path: Path,
  keys: readonly SettingsObject[],
): { object: SettingsObject | undefined; rest: Path } {
  const [, provider, list, index] = path
  const own = keys.filter(({ body }) => body['provider'] === String(provider).toLowerCase())
  // A provider that nobody knows is named by its keys alone.
  if (path.length === 2 && own[0]?.source === 'api') return { object: own[0], rest: ['provider'] }
  const object = list === 'keys' && typeof index === 'number' ? own[index] : undefined
  return object === undefined ? { object, rest: path } : { object, rest: path.slice(4) }
}
