import type * as z from 'zod/mini'
import { closest } from '../../lib/closest.ts'
import { inconsistencies } from './consistency.ts'
import { parseDocument, type Document } from './document.ts'
import { ConfigurationError, describeValue, type LocatedProblem, type Path, type Problem } from './problem.ts'
import type { Registry } from './registry.ts'
import { settingsSchema, type Settings } from './schema.ts'
import { survey, type Survey } from './survey.ts'
import type { Tools } from './tools.ts'

export interface Checked {
  settings: Settings
  survey: Survey
}

/** A file of another program can differ everywhere; nobody reads more than the first of them. */
const MAX_PROBLEMS = 1000

/** The text of `config.json` as settings. Throws {@link ConfigurationError} with everything that is wrong with it. */
export function checkText(text: string, file: string, registry: Registry, tools: Tools = {}): Checked {
  return checkDocument(parseDocument(text), file, registry, tools)
}

/** The same of a file that was parsed before. */
export function checkDocument(
  document: Document | LocatedProblem[],
  file: string,
  registry: Registry,
  tools: Tools,
): Checked {
  if (Array.isArray(document)) throw new ConfigurationError(file, document)
  const { settings, problems } = checkValue(document.value, registry, tools)
  if (settings === undefined) {
    throw new ConfigurationError(
      file,
      problems.map((problem) => document.locate(problem)),
    )
  }
  return { settings, survey: survey(settingsSchema, document.value) }
}

/** Settings wherever they come from: as their type where nothing is wrong with them. */
export function checkValue(
  value: unknown,
  registry: Registry,
  tools: Tools,
): { settings: Settings | undefined; problems: Problem[] } {
  const parsed = settingsSchema.safeParse(value)
  const issues = parsed.success ? [] : parsed.error.issues
  const problems = [
    ...issues.slice(0, MAX_PROBLEMS).map((issue) => toProblem(issue, value)),
    ...inconsistencies(value, registry, tools).slice(0, MAX_PROBLEMS),
  ]
  return { settings: parsed.success && problems.length === 0 ? parsed.data : undefined, problems }
}

function toProblem(issue: z.core.$ZodIssue, root: unknown): Problem {
  const path = issue.path as Path
  const value = valueAt(root, path)
  return {
    path,
    found: describeValue(value, mayShow(issue, value)),
    expected: issue.message + suggestion(issue, value),
  }
}

/** Where one of a few words belongs, the word that was probably meant. */
function suggestion(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return ''
  const meant = closest(value, issue.values.map(String))
  return meant === undefined ? '' : ` (did you mean "${meant}"?)`
}

/** Longer text may be a key that was pasted into the wrong line. */
const MAX_HARMLESS_LENGTH = 16

/**
 * Whether a string at fault can be repeated: not where any string would do, because that may be a secret, and
 * elsewhere only when it is too short for a key, or an address.
 */
function mayShow(issue: z.core.$ZodIssue, value: unknown): boolean {
  if (typeof value !== 'string') return false
  if (issue.code === 'invalid_type' && !['number', 'int', 'boolean'].includes(issue.expected)) return false
  if (issue.code === 'invalid_union') return false
  return value.length <= MAX_HARMLESS_LENGTH || /^\w+:\/\//.test(value)
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}
