import type { Origin } from '../config/governance.ts'
import { fields, items } from '../config/raw.ts'
import type { Fields } from '../config/raw.ts'
import { LISTED_KINDS } from './port.ts'
import type { ListedKind, SettingsObject } from './port.ts'
import type { Reconciled } from './reconcile.ts'

/** The settings as one file would have them. */
export interface Assembled {
  readonly settings: Fields
  /** When a budget override ends, the next of them, so that the settings are others from then on. */
  readonly nextMs: number | undefined
}

/** The providers that a start without any in the file would find, as settings. */
export type DetectedProviders = () => Fields

/** By which the compiler finds the origin of what the API made. No setting's name. */
const ORIGIN = '$origin'
/** Parts of objects that nobody looks into. */
const OPAQUE = new Set(['query', 'profile', 'config', 'claims'])

/** A file's settings with what the API made of them; for the same checks that a file has to pass. Pure. */
export function assemble(
  file: unknown,
  { objects }: Pick<Reconciled, 'objects'>,
  nowMs: number,
  detected: DetectedProviders,
): Assembled {
  const preparation = new Preparation(nowMs)
  const root = fields(file)
  const governance: Record<string, unknown> = { ...fields(root['governance']) }
  for (const kind of Object.keys(LISTED_KINDS) as ListedKind[]) {
    const list = objects.get(kind) ?? []
    if (list.length === 0 && governance[kind] === undefined) continue
    governance[kind] = list.map(({ source, body, place }) =>
      source === 'file' ? body : preparation.of(body, place),
    )
  }
  const settings: Record<string, unknown> = { ...root, governance }
  const providers = withKeys(file, objects.get('provider_keys') ?? [], detected)
  if (Object.keys(providers).length > 0) settings['providers'] = providers
  const [administrator] = objects.get('auth_config') ?? []
  if (administrator?.source === 'api') governance['auth_config'] = administrator.body
  return { settings, nextMs: preparation.nextMs }
}

/**
 * The providers with the keys that count. Where the file has none, those of the environment are written out: beside
 * providers that are listed, none is looked for.
 */
function withKeys(file: unknown, keys: readonly SettingsObject[], detected: DetectedProviders): Fields {
  const written = fields(fields(file)['providers'])
  if (!keys.some(({ source }) => source === 'api') && !deletesKeys(written, keys)) return written
  const providers: Record<string, unknown> = Object.keys(written).length > 0 ? {} : { ...detected() }
  for (const [name, block] of Object.entries(written)) providers[name] = { ...fields(block), keys: [] }
  const names = new Map(Object.keys(providers).map((name) => [name.toLowerCase(), name]))
  for (const { body } of keys) {
    const { provider, ...key } = body
    const name = names.get(String(provider)) ?? String(provider)
    names.set(String(provider), name)
    const block = fields(providers[name])
    providers[name] = { ...block, keys: [...items(block['keys']), key] }
  }
  return providers
}

function deletesKeys(written: Fields, keys: readonly SettingsObject[]): boolean {
  const count = Object.values(written).flatMap((block) => items(fields(block)['keys'])).length
  return count !== keys.length
}

/** Bodies of the API in the words of the file. */
class Preparation {
  readonly #nowMs: number
  nextMs: number | undefined

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  of(value: unknown, place: string): unknown {
    if (Array.isArray(value)) return value.map((item) => this.of(item, place))
    if (typeof value !== 'object' || value === null) return value
    const prepared: Record<string, unknown> = { [ORIGIN]: place }
    for (const [name, each] of Object.entries(value))
      if (name !== 'override') prepared[name] = OPAQUE.has(name) ? each : this.of(each, place)
    const extra = this.#extra(fields(value)['override'])
    const limit = prepared['max_limit'] === undefined ? 'max_budget' : 'max_limit'
    if (extra > 0 && prepared[limit] !== undefined) prepared[limit] = Number(prepared[limit]) + extra
    return prepared
  }

  /** Dollars over the limit of a budget, for a time. */
  #extra(override: unknown): number {
    const { additional_limit: extra, until } = fields(override)
    if (typeof extra !== 'number') return 0
    if (typeof until !== 'string') return extra
    const untilMs = Date.parse(until)
    if (untilMs <= this.#nowMs) return 0
    this.nextMs = Math.min(this.nextMs ?? Infinity, untilMs)
    return extra
  }
}

/** Where the compiler's objects came from, those of the API; it copies them on the way. */
export const API_ORIGINS = {
  get(settings: object): Origin | undefined {
    const place = fields(settings)[ORIGIN]
    return typeof place === 'string' ? { source: 'api', place } : undefined
  },
}

/** Is it a name that only stands there for {@link API_ORIGINS}? */
export function isOriginMark(place: string): boolean {
  return place.includes(ORIGIN)
}
