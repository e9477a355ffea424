import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import type { Body, OperationId, UpstreamAnswer, UsageReader } from '../../operations/operation.ts'
import { scanObject } from '../../wire/json-scan.ts'
import type { ScanLimits } from '../../wire/json-walker.ts'
import type { Meter } from '../call-cost.ts'
import type { Call } from '../call.ts'
import type { CallRecord } from '../record.ts'
import type { WholeReply } from '../reply-whole.ts'
import { routingHeaders, withExtraFields } from '../routing-facts.ts'
import type { WholeAnswer } from '../whole-answer.ts'
import { headerReader } from '../whole-answer.ts'
import type { AskedOperation } from './request.ts'

/** A provider's answer as its codec reads it. */
export function readAnswer({ body, headers }: WholeAnswer): UpstreamAnswer {
  const header = headerReader(headers)
  return { body: readBody(body, header('content-type') ?? ''), header }
}

function readBody(body: Buffer, type: string): Body {
  if (isText(type)) {
    try {
      return { kind: 'json', value: JSON.parse(body.toString('utf8')) }
    } catch {
      // A page of some proxy, or a transcript as text: bytes, in which no codec finds what it looks for.
    }
  }
  return { kind: 'bytes', type, bytes: body }
}

/** Can it be JSON? Some servers do not say it, or call it text. */
export function isText(type: string): boolean {
  return type === '' || /^(?:application\/(?:[\w.-]+\+)?json|text\/)/i.test(type)
}

/** What an answer that is forwarded has used; nothing where it cannot be read. */
export function readUsage(reader: UsageReader, answer: WholeAnswer): Partial<Usage> {
  try {
    return reader.read(reader.fields === undefined ? readAnswer(answer) : partOf(reader.fields, answer))
  } catch {
    return {}
  }
}

const ANY: ScanLimits = { maxDepth: 128, maxFields: 10_000, maxValues: Infinity }

/** Of megabytes of vectors, only the fields that tell what they cost are parsed. */
function partOf(names: readonly string[], { body, headers }: WholeAnswer): UpstreamAnswer {
  const value: JsonObject = {}
  if (names.length > 0) {
    const { fields } = scanObject(body, ANY)
    for (const name of names) {
      const span = fields.get(name)
      if (span !== undefined) value[name] = JSON.parse(body.toString('utf8', span.start, span.end))
    }
  }
  return { body: { kind: 'json', value }, header: headerReader(headers) }
}

/** What the request alone tells of what it will use. */
export function askedUsage(reader: UsageReader, asked: AskedOperation): Partial<Usage> {
  if (reader.asked === undefined) return {}
  try {
    return reader.asked(asked.body())
  } catch {
    // The provider will say what is wrong with it.
    return {}
  }
}

/** Where an answer tells tokens, what was asked for is not billed by the piece. */
export function sumOf(asked: Partial<Usage>, told: Partial<Usage>): Partial<Usage> {
  const hasTokens = told.inputTokens !== undefined || told.outputTokens !== undefined
  return hasTokens ? { ...(asked.service && { service: asked.service }), ...told } : { ...asked, ...told }
}

/** Of an answer that is whole. */
export function meterOf(usage: Partial<Usage>): Meter {
  return { usage, finish: undefined, responseId: undefined, model: undefined, complete: true }
}

/** The operations whose streams are words; those of others are sound and pictures in base64. */
const WORDS: ReadonlySet<OperationId> = new Set(['transcription', 'completions'])

export function isReadable({ operation }: AskedOperation): boolean {
  return WORDS.has(operation)
}

/** Longer answers are vectors, pictures and sound, which nobody reads in a log. */
const READABLE_MAX_BYTES = 256 * 1024

/** Gives the client a whole answer, behind its row. */
export function give(call: Call, record: CallRecord, reply: WholeReply): void {
  const { status, headers } = reply
  const facts = record.routing()
  const isJson = /^application\/json/i.test(String(headers['content-type'] ?? ''))
  const told = { status, body: reply.body, error: undefined }
  const body = call.isUnified && isJson ? withExtraFields(call, facts, told) : reply.body
  record.firstPart()
  record.answer(body, body.length <= READABLE_MAX_BYTES && isText(String(headers['content-type'] ?? '')))
  record.end(status)
  call.reply.send(status, { ...headers, ...routingHeaders(facts) }, body)
}
