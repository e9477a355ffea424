import type { Warning } from '../message/request.ts'
import type { Dialect } from '../protocols/dialect.ts'
import { editMembers, holds } from '../wire/json-edits.ts'
import { arrayElements, readString } from '../wire/json-scan.ts'
import type { Edit, Span } from '../wire/json-scan.ts'
import { cutNested } from './dialect-nested.ts'
import type { ScannedBody } from './foreign-blocks.ts'

/** What a client's body has to become for an upstream of the same protocol at another host. */
export interface DialectChange {
  /** Undefined: the protocol as its own service speaks it. */
  readonly from: Dialect | undefined
  readonly to: Dialect | undefined
  /** The model's id at the provider. */
  readonly model: string
  readonly stream: boolean
  /** Tokens are to be counted: the model stands in the body at every host, and nothing is streamed. */
  readonly count?: boolean
  /** Of the client's `anthropic-beta`. */
  readonly betas: readonly string[]
}

export interface AdaptedBody {
  /** For `splice`. */
  edits: Edit[]
  /** For the upstream's `anthropic-beta`. */
  betas: readonly string[]
  warnings: Warning[]
}

/**
 * The edits that turn a body of one dialect into one of another. Every byte that they do not name stays: prompt
 * caches and signatures hold only behind an unchanged beginning.
 */
export function adaptBody(scanned: ScannedBody, change: DialectChange): AdaptedBody {
  const { body, fields } = scanned
  const { from, to, betas } = change
  if (from?.id === to?.id) return { edits: renameModel(body, fields, change), betas, warnings: [] }
  const told = adaptBetas(body, fields, change)
  const nested = to === undefined ? undefined : cutNested(scanned, to)
  const cut = new Set([...fields.keys()].filter((name) => isCut(name, change)))
  const inBody = to?.betasField !== undefined && told.betas.length > 0
  const members = [
    ...neededMembers(fields, change),
    ...(inBody ? [`${JSON.stringify(to.betasField)}:${JSON.stringify(told.betas)}`] : []),
    ...(nested?.members ?? []),
  ]
  return {
    edits: [
      ...editMembers(body, body.indexOf(OPEN_BRACE), fields, (name) => cut.has(name), members),
      ...renameModel(body, fields, change),
      ...(nested?.edits ?? []),
    ],
    betas: inBody ? [] : told.betas,
    warnings: [
      ...told.dropped.map((beta) => refused(`anthropic-beta: ${beta}`)),
      ...[...cut].filter((name) => to?.refuses.includes(name)).map(refused),
      ...(nested?.cut ?? []).map(refused),
    ],
  }
}

/** Does the client ask for an answer of a schema that this host would not get to see? Then it is told in words. */
export function losesFormat(
  scanned: ScannedBody,
  from: Dialect | undefined,
  to: Dialect | undefined,
): boolean {
  if (to === undefined || from?.id === to.id || !to.refuses.includes(FORMAT)) return false
  const config = scanned.fields.get('output_config')
  return config !== undefined && holds(scanned, config, '"format"')
}

const FORMAT = 'output_config.format'
const OPEN_BRACE = 0x7b

function refused(field: string): Warning {
  return { kind: 'dropped', field, reason: 'the upstream refuses it' }
}

/** Is this no field of the upstream's bodies? */
function isMissing(name: string, { to, count }: DialectChange): boolean {
  return to?.without.includes(name) === true && !(name === 'model' && count === true)
}

function isCut(name: string, change: DialectChange): boolean {
  const { from, to } = change
  return (
    isMissing(name, change) ||
    to?.refuses.includes(name) === true ||
    name === from?.betasField ||
    Object.hasOwn(from?.needs ?? {}, name)
  )
}

/** What the upstream wants, and the client's body does not have. */
function neededMembers(fields: ReadonlyMap<string, Span>, change: DialectChange): string[] {
  const { from, to, model, stream, count } = change
  const members: string[] = []
  if (!fields.has('model') && !isMissing('model', change)) members.push(`"model":${JSON.stringify(model)}`)
  if (!fields.has('stream') && !isMissing('stream', change) && stream && count !== true)
    members.push('"stream":true')
  for (const [name, json] of Object.entries(to?.needs ?? {}))
    if (!fields.has(name) || Object.hasOwn(from?.needs ?? {}, name)) members.push(`"${name}":${json}`)
  return members
}

function renameModel(body: Buffer, fields: ReadonlyMap<string, Span>, change: DialectChange): Edit[] {
  const span = fields.get('model')
  if (span === undefined || isMissing('model', change) || readString(body, span) === change.model) return []
  return [{ span, text: JSON.stringify(change.model) }]
}

/** The betas of header and body under the upstream's names, without those that it does not take. */
function adaptBetas(
  body: Buffer,
  fields: ReadonlyMap<string, Span>,
  { from, to, betas }: DialectChange,
): { betas: string[]; dropped: string[] } {
  const span = from?.betasField === undefined ? undefined : fields.get(from.betasField)
  const given = new Set([...betas, ...(span === undefined ? [] : stringsAt(body, span))])
  if (to === undefined) return { betas: [...given], dropped: [] }
  const known = new Set([...given].flatMap((beta) => to.betas.get(beta) ?? []))
  const isNeeded = (beta: string) => to.betasWhere?.get(beta)?.some((text) => body.includes(text)) ?? true
  return { betas: [...known].filter(isNeeded), dropped: [...given].filter((beta) => !to.betas.has(beta)) }
}

function stringsAt(body: Buffer, span: Span): string[] {
  return (arrayElements(body, span) ?? []).flatMap((element) => readString(body, element) ?? [])
}
