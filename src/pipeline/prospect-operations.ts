import type { ModelFacts } from '../models/facts.ts'
import { isOperation } from '../operations/operation.ts'
import type { OperationId } from '../protocols/endpoint.ts'
import type { Prospect } from '../rules/budgets.ts'
import { arrayElements } from '../wire/json-scan.ts'
import type { Span } from '../wire/json-scan.ts'
import type { Call } from './call.ts'
import type { Target } from './plan.ts'
import { amountOf, hidesLetters, largest, objectAt, says } from './prospect-fields.ts'
import type { Amount, Fields } from './prospect-fields.ts'
import { outputOf } from './prospect-output.ts'

export const NOTHING: Prospect = { inputTokens: 0, outputTokens: 0 }
export const UNKNOWN: Prospect = { inputTokens: undefined, outputTokens: undefined }
export const LATER: Prospect = { ...UNKNOWN, runsLater: true }

/** A request beside conversations. */
export interface Asked extends Fields {
  readonly call: Call
  readonly target: Pick<Target, 'provider' | 'model'>
  readonly facts: ModelFacts | undefined
  /** Of the body, with its files. */
  readonly bytes: number
}

type Look = (asked: Asked) => Prospect

/**
 * Text is taken as a token a byte here: it is little beside what is billed by the piece, and embeddings take tokens as
 * numbers, of which the shortest is two bytes.
 */
export const OPERATIONS: Readonly<Record<OperationId, Look>> = {
  embeddings: (asked) => ({
    // A picture, or a file in Google's storage, is more tokens than its name has letters.
    inputTokens: hasMedia(asked.body) ? undefined : asked.bytes,
    outputTokens: 0,
  }),
  rerank: rerankProspect,
  'image-generation': imageProspect,
  'image-edit': imageProspect,
  'image-variation': imageProspect,
  speech: ({ bytes, facts }) => ({
    inputTokens: bytes,
    outputTokens: facts?.maxOutputTokens,
    pieces: { character: bytes },
    hasAudio: true,
  }),
  transcription: transcriptionProspect,
  completions: completionProspect,
  // OpenAI asks nothing for them; where another provider has a price for such a model, its tokens are those of a text.
  moderations: ({ bytes, facts }) =>
    (facts?.prices?.input ?? 0) > 0 ? { inputTokens: bytes, outputTokens: 0 } : NOTHING,
  tokenize: () => NOTHING,
  videos: videoProspect,
  // Kept for nothing, or paid for by the month.
  files: () => NOTHING,
  // What the requests of a batch cost is known when they are done.
  batches: ({ call }) => (kindOf(call) === 'batch_create' ? LATER : NOTHING),
  // A container costs by the session.
  containers: ({ call }) => (kindOf(call) === 'container_create' ? LATER : NOTHING),
}

/** Names of fields: in a text, the closing quote has a backslash in front of it. */
const MEDIA = [
  'image',
  'images',
  'image_url',
  'inputImage',
  'video',
  'audio',
  'gcsUri',
  'fileData',
  'inlineData',
].map((name) => `"${name}"`)
function hasMedia(body: Buffer): boolean {
  return MEDIA.some((needle) => body.includes(needle)) || body.includes('_data"') || hidesLetters(body)
}

function kindOf({ endpoint }: Call): string | undefined {
  return isOperation(endpoint) ? endpoint.kind : undefined
}

// ==== Reranking

/** Cohere: a search is a query over up to 100 documents; each 500 tokens of a document and its query count as one. */
const DOCUMENTS_PER_SEARCH = 100
const DOCUMENT_TOKENS = 500

function rerankProspect({ body, fields, bytes }: Asked): Prospect {
  const list = fields.get('documents')
  const documents = list && arrayElements(body, list)
  const query = fields.get('query')
  const queryBytes = query === undefined ? bytes : lengthOf(query)
  if (documents === undefined) {
    // Where they stand depends on the family; `"",` is the shortest.
    const most = Math.ceil(bytes / 3)
    const chunks = most * (1 + Math.ceil(bytes / DOCUMENT_TOKENS))
    return { inputTokens: undefined, outputTokens: 0, pieces: { rerankSearch: searches(chunks) } }
  }
  let chunks = 0
  for (const document of documents) chunks += Math.ceil((lengthOf(document) + queryBytes) / DOCUMENT_TOKENS)
  const inputTokens = bytes + documents.length * queryBytes
  return { inputTokens, outputTokens: 0, pieces: { rerankSearch: searches(chunks) } }
}

function searches(documents: number): number {
  return Math.max(1, Math.ceil(documents / DOCUMENTS_PER_SEARCH))
}

function lengthOf({ start, end }: Span): number {
  return end - start
}

// ==== Pictures, videos

const COUNTS = [
  'n',
  'num_images',
  'numImages',
  'samples',
  'sampleCount',
  'numberOfImages',
  'num_outputs',
  'numberOfVideos',
]
const SETTINGS = ['parameters', 'imageGenerationConfig', 'generationConfig', 'input']

/** Models that bill pictures in tokens say how many only afterwards. */
function imageProspect(asked: Asked): Prospect {
  const image = countOf(asked)
  return { inputTokens: undefined, outputTokens: undefined, pieces: { image } }
}

/** As many as it asks for, in whichever API's words, for each of its prompts. Undefined: that cannot be read. */
function countOf(asked: Asked): number | undefined {
  const settings = settingsOf(asked)
  if (settings === undefined) return undefined
  const count = largest(settings.flatMap((each) => COUNTS.map((name) => amountOf(each, name))))
  const instances = asked.fields.get('instances')
  const prompts = (instances && arrayElements(asked.body, instances)?.length) ?? 1
  return count === 'unreadable' ? undefined : Math.max(1, count ?? 1) * Math.max(1, prompts)
}

function settingsOf(asked: Asked): Fields[] | undefined {
  const settings: Fields[] = [asked]
  for (const name of SETTINGS) {
    const span = asked.fields.get(name)
    // A text of this name is none.
    if (span === undefined || asked.body[span.start] !== OPEN_BRACE) continue
    const fields = objectAt(asked.body, span)
    if (fields === undefined) return undefined
    settings.push({ body: asked.body, fields })
  }
  return settings
}

const OPEN_BRACE = 0x7b

/** OpenAI's videos are 4 seconds long, Google's 8 and some models' 10, where nothing is said. */
const VIDEO_SECONDS = 10

function videoProspect(asked: Asked): Prospect {
  const kind = kindOf(asked.call)
  if (kind === 'video_remix') return { ...LATER, pieces: { videoSecond: undefined } }
  if (kind !== undefined && kind !== 'video_generation') return NOTHING
  const settings = settingsOf(asked)
  const lengths = settings?.flatMap((each): Amount[] => [
    amountOf(each, 'seconds'),
    amountOf(each, 'durationSeconds'),
    amountOf(each, 'duration'),
  ])
  const seconds = lengths === undefined ? 'unreadable' : largest(lengths)
  const videos = countOf(asked)
  const videoSecond =
    seconds === 'unreadable' || videos === undefined ? undefined : (seconds ?? VIDEO_SECONDS) * videos
  return { ...UNKNOWN, pieces: { videoSecond } }
}

// ==== Sound

/** Nobody sends speech below 6 kbit a second. */
const BYTES_PER_SECOND = 700
/** Groq bills no recording for less. */
const SECONDS_MIN = 10
/** Gemini hears 32 tokens in a second, the others fewer. */
const TOKENS_PER_SECOND = 32

function transcriptionProspect({ body, fields, bytes, facts }: Asked): Prospect {
  const outputTokens = facts?.maxOutputTokens
  const of = { body, fields }
  if (says(of, 'url', 'file_url', 'file_id', 'cloud_storage_url', 'source_url'))
    return { inputTokens: undefined, outputTokens, pieces: { audioSecond: undefined }, hasAudio: true }
  const audioSecond = Math.max(SECONDS_MIN, Math.ceil(bytes / BYTES_PER_SECOND))
  return {
    inputTokens: audioSecond * TOKENS_PER_SECOND + PROMPT_TOKENS,
    outputTokens,
    pieces: { audioSecond },
    hasAudio: true,
  }
}

/** What may be said about a recording. */
const PROMPT_TOKENS = 2000

// ==== Completions

/** Each of several prompts gets as many answers, each as long as the limit says. */
function completionProspect(asked: Asked): Prospect {
  const { body, fields, bytes, target, facts } = asked
  const output = outputOf(asked, 'openai-chat', target, facts)
  const prompt = fields.get('prompt')
  const prompts = (prompt && arrayElements(body, prompt)) ?? []
  const isList = prompts.some(({ start }) => body[start] === QUOTE || body[start] === OPEN_BRACKET)
  return {
    inputTokens: bytes,
    outputTokens: output === undefined ? undefined : output * (isList ? prompts.length : 1),
  }
}

const QUOTE = 0x22
const OPEN_BRACKET = 0x5b
