import type { Warning } from '../../src/message/request.ts'
import { CODECS } from '../../src/operations/index.ts'
import type { Body, Codec, FamilyId, OperationId, Piece } from '../../src/operations/operation.ts'

/** The codecs side by side, without a gateway: what a client's body becomes, and what its answer. */

/** A JSON value stands for the body that it is. */
export function body(given: unknown): Body {
  const isBody = typeof given === 'object' && given !== null && 'kind' in given
  return isBody ? (given as Body) : { kind: 'json', value: given }
}

export function form(
  fields: Record<string, string | readonly string[]>,
  files: readonly (TextFile & { name: string })[] = [],
): Body {
  return {
    kind: 'form',
    parts: [
      ...Object.entries(fields).flatMap(([name, content]) =>
        (typeof content === 'string' ? [content] : content).map((each) => ({ name, content: each })),
      ),
      ...files.map(({ name, filename, type, text }) => ({
        name,
        filename,
        type,
        content: new TextEncoder().encode(text),
      })),
    ],
  }
}

interface TextFile {
  filename: string
  type: string
  text: string
}

function codec(operation: OperationId, family: FamilyId): Codec<unknown> {
  const found = CODECS[operation][family]
  if (found === undefined) throw new Error(`no ${operation} of ${family}`)
  return found
}

/** What the provider gets for a client's request, with the fields that it does not get. */
export function ask(operation: OperationId, from: FamilyId, given: unknown, to: FamilyId, model = 'model-1') {
  const { request, stream, warnings } = codec(operation, from).client!.decode(body(given))
  const { provider } = codec(operation, to)
  const encoded = provider!.encode(request, model, stream && provider!.stream !== undefined)
  const { warnings: more, body: sent, ...rest } = encoded
  return {
    body: readable(sent),
    ...rest,
    ...droppedOf([...warnings, ...more]),
  }
}

function droppedOf(warnings: readonly Warning[]): { dropped?: readonly string[] } {
  const dropped = warnings.filter(({ kind }) => kind === 'dropped').map(({ field }) => field)
  return dropped.length === 0 ? {} : { dropped }
}

/** What the client gets for a provider's answer to its request, and what is counted. */
export function tell(
  operation: OperationId,
  from: FamilyId,
  asked: unknown,
  to: FamilyId,
  answer: unknown,
  headers: Record<string, string> = {},
) {
  const { request } = codec(operation, from).client!.decode(body(asked))
  const upstream = { body: body(answer), header: (name: string) => headers[name] }
  const decoded = codec(operation, to).provider!.decode(upstream, request)
  const context = { request, requestedModel: 'asked-for', responseId: 'call-1', created_s: 1_700_000_000 }
  const told = codec(operation, from).client!.encode(decoded, context)
  return { body: readable(told), usage: (decoded as { usage: unknown }).usage }
}

/** The events that a client gets for a provider's events. */
export function follow(
  operation: OperationId,
  from: FamilyId,
  asked: unknown,
  to: FamilyId,
  frames: readonly unknown[],
): { event: string; data: unknown }[] {
  const { request } = codec(operation, from).client!.decode(body(asked))
  const decoder = codec(operation, to).provider!.stream!(request)
  const context = { request, requestedModel: 'asked-for', responseId: 'call-1', created_s: 1_700_000_000 }
  const encoder = codec(operation, from).client!.stream!(context)
  const events: { event: string; data: unknown }[] = []
  const emit = (piece: Piece) =>
    encoder.push(piece, (event, data) => events.push({ event, data: JSON.parse(data) as unknown }))
  for (const frame of frames)
    decoder.push({ event: '', data: typeof frame === 'string' ? frame : JSON.stringify(frame) }, emit)
  decoder.end(emit)
  return events
}

/** JSON as it is; a form as its fields, its files with their bytes as text; bytes as text, with their type. */
function readable(given: Body): unknown {
  if (given.kind === 'json') return given.value
  const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes)
  if (given.kind === 'bytes') return { type: given.type, text: text(given.bytes) }
  return given.parts.map(({ name, filename, type, content }) =>
    typeof content === 'string' ? `${name}=${content}` : `${name}=@${filename};${type};${text(content)}`,
  )
}
