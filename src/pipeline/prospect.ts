import { lookup } from '../models/catalogue.ts'
import type { ModelFacts, ModelKind } from '../models/facts.ts'
import type { Operation, OperationId } from '../protocols/endpoint.ts'
import type { ProtocolId } from '../protocols/protocol.ts'
import type { Prospect } from '../rules/budgets.ts'
import type { Call } from './call.ts'
import type { Target } from './plan.ts'
import { hidesLetters, isListOfNames, objectAt, objectOf, says } from './prospect-fields.ts'
import type { Fields } from './prospect-fields.ts'
import { inputOf } from './prospect-media.ts'
import { LATER, NOTHING, OPERATIONS, UNKNOWN } from './prospect-operations.ts'
import { outputOf } from './prospect-output.ts'
import { servicesOf } from './prospect-services.ts'
import { ownToolsOf } from './prospect-tools.ts'
import type { InboundRequest } from './read-request.ts'

type Place = Pick<Target, 'provider' | 'model'>

/**
 * What the attempt at `target` may use at most, as far as its bytes tell; they are not parsed, and mostly not even
 * read: what agents send takes some 5 µs for 100 KB. What cannot be said is undefined. Never throws.
 *
 * Not in it is what no price list of ours knows: caches by the hour, files by the month, guardrails.
 */
export function prospectOf(
  call: Call,
  request: InboundRequest,
  target: Place,
  operation: Operation,
): Prospect {
  if (FREE_METHODS.has(call.endpoint.method) || isFree(operation)) return NOTHING
  const facts = lookup(target.provider.id, target.model)
  const asked = operation === 'passthrough' ? passed(call, request, facts) : operation
  if (asked === 'nothing') return NOTHING
  if (asked === 'unknown') return UNKNOWN
  if (asked === 'later') return LATER
  const fields = fieldsOf(request)
  if (fields === undefined) return UNKNOWN
  if (asked === 'generate') return conversation(fields, call.protocol.id, target, facts)
  return OPERATIONS[asked]({ ...fields, call, target, facts, bytes: request.bodyBytes })
}

const FREE_METHODS = new Set(['GET', 'HEAD', 'DELETE'])
const FREE = ['count-tokens', 'list-models', 'get-model', 'probe'] as const

function isFree(operation: Operation): operation is (typeof FREE)[number] {
  return (FREE as readonly Operation[]).includes(operation)
}

/** Of a form what stands in its fields. Undefined: they are too many to be read. */
function fieldsOf({ body, fields, strings, summary }: InboundRequest): Fields | undefined {
  if (summary === undefined) return { body, fields, strings }
  const read = objectAt(summary, { start: 0, end: summary.length })
  return read && { body: summary, fields: read }
}

// ==== Conversations

function conversation(
  of: Fields,
  protocol: ProtocolId,
  target: Place,
  facts: ModelFacts | undefined,
): Prospect {
  if (isAnsweredLater(of, protocol, target)) return LATER
  const services = servicesOf(of, protocol, target.provider)
  const ownTools = ownToolsOf(of, protocol, target)
  const outputTokens = outputOf(of, protocol, target, facts)
  const { tokens, hasSound } = inputOf(of, protocol, target.model)
  const isKept = says(of, ...KEPT)
  const hasAudio = hasSound || isKept || mayAnswerInSound(of, target.model)
  if (asksOtherModels(of, protocol)) return { ...services, hasAudio, ...UNKNOWN }
  const window = facts?.contextWindowTokens ?? facts?.maxInputTokens
  const compactions = compacts(of) ? 1 : 0
  const runs = ownTools === undefined ? 0 : (ownTools.webSearches ?? OWN_TOOL_RUNS)
  const passes = 1 + compactions + runs
  const results = OWN_TOOL_RESULT_TOKENS * ((runs * (runs + 1)) / 2)
  return {
    ...services,
    hasAudio,
    inputTokens: isKept || tokens === undefined ? undefined : tokens * passes + results,
    inputTokensMax: window === undefined ? undefined : window * passes,
    outputTokens: outputTokens === undefined ? undefined : outputTokens * (1 + compactions),
    ...(ownTools !== undefined && { pieces: { webSearch: runs } }),
  }
}

/**
 * How often a model runs the provider's own tools where the request does not bound it, and how much it reads each time,
 * all of it billed as input again at the next. No provider bounds either, and Codex offers a search with every call: to
 * hold all that is left would let one of a team's calls through at a time. What a call takes beyond that it overspends.
 */
const OWN_TOOL_RUNS = 10
const OWN_TOOL_RESULT_TOKENS = 16_000

/** Fields that say what the provider has and we do not: earlier answers, conversations, templates, caches. */
const KEPT = [
  'previous_response_id',
  'conversation',
  'prompt',
  'cachedContent',
  'cached_content',
  'promptVariables',
]

/**
 * OpenAI and xAI take a conversation, say at once that it waits, and give its answer to whoever asks for it later, which
 * nobody is charged with. Translation leaves the fields out.
 */
function isAnsweredLater(of: Fields, protocol: ProtocolId, { provider }: Place): boolean {
  const { surfaces } = provider.provider
  return says(of, 'background', 'deferred') && surfaces.some((surface) => surface.protocol.id === protocol)
}

/** Claude reads a conversation that has become too long once more, to sum it up. */
function compacts({ body, fields }: Fields): boolean {
  const span = fields.get('context_management')
  if (span === undefined) return false
  const text = body.subarray(span.start, span.end)
  return text.includes('compact') || hidesLetters(text)
}

/**
 * Claude's own fallbacks answer at their own prices, and only there is the field anything but a list of names. So do
 * those that OpenRouter is given as `models`.
 */
function asksOtherModels(of: Fields, protocol: ProtocolId): boolean {
  if (protocol !== 'anthropic') return says(of, 'models')
  return says(of, 'fallbacks') && !isListOfNames(of, 'fallbacks')
}

function mayAnswerInSound(of: Fields, model: string): boolean {
  if (/audio|tts|live|realtime|sonic/.test(model) || says(of, 'audio', 'modalities')) return true
  const config = objectOf(of, 'generationConfig', 'generation_config')
  return (
    config === 'unreadable' ||
    (config !== undefined &&
      says(config, 'responseModalities', 'response_modalities', 'speechConfig', 'speech_config'))
  )
}

// ==== Requests that go on as they are

const BY_KIND: Readonly<Record<ModelKind, OperationId>> = {
  embedding: 'embeddings',
  rerank: 'rerank',
  speech: 'speech',
  transcription: 'transcription',
  image: 'image-generation',
  video: 'videos',
}

/** Batches, trainings, runs of assistants, sessions of speech. Some name a model, and none says how much of it they take. */
const JOBS =
  /:(?:async)?batchGenerateContent$|:asyncBatchEmbedContent$|:tune\w*$|\/(?:batch(?:es)?|batchPredictionJobs|jobs|fine-tunes|tunedModels|runs|sessions|client_secrets|calls|evals)\/?$/i

export function isJob(path: string): boolean {
  return JOBS.test(path)
}

/** What is asked where anything may be: an answer, else what such a model does, else nobody knows. */
function passed(
  { passthrough, path }: Call,
  { model, fields }: InboundRequest,
  facts: ModelFacts | undefined,
): OperationId | 'generate' | 'nothing' | 'later' | 'unknown' {
  if (/(?:count[-_]?tokens(?::rawpredict)?|\/input_tokens)$/i.test(path)) return 'nothing'
  if (isJob(path)) return 'later'
  // Of a body that could not be read nothing is known.
  if (fields.size === 0) return 'unknown'
  if (passthrough?.generates === true) return 'generate'
  if (model === '' || facts === undefined) return 'unknown'
  return facts.kind === undefined ? 'generate' : BY_KIND[facts.kind]
}
