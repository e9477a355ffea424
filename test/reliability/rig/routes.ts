import { MOUNTS } from '../../../src/http/mounts.ts'
import type { Mount } from '../../../src/http/router.ts'
import { isOperation } from '../../../src/operations/operation.ts'
import type { Endpoint } from '../../../src/protocols/endpoint.ts'
import { PIXEL, SOUND } from '../../support/provider/sample.ts'

/** A method and a path that lead to a provider. */
export interface Route {
  readonly endpoint: Endpoint
  /** Of the operation: what writes its requests. */
  readonly family: string
  /** The first provider that a model without one means here; empty: none. */
  readonly provider: string
  /** With its prefix. */
  readonly path: string
}

const served = ({ prefix, protocol, endpoints, preferredProviders = [], passthroughOf }: Mount): Route[] =>
  (passthroughOf === undefined ? (endpoints ?? protocol.endpoints) : []).map((endpoint) => ({
    endpoint,
    family: isOperation(endpoint) ? endpoint.family : protocol.id,
    provider: preferredProviders[0] ?? '',
    path: prefix + endpoint.path,
  }))

/** Every one that is routed; where two mounts serve a path, the first does. */
export const ROUTES: readonly Route[] = [
  ...new Map(
    MOUNTS.flatMap(served)
      .toReversed()
      .map((route) => [`${route.endpoint.method} ${route.path}`, route]),
  ).values(),
]

/** The prefixes below which everything goes as it is, with that of the routes whose paths are known there. */
export const PASSTHROUGHS: readonly { prefix: string; of: string }[] = MOUNTS.flatMap(
  ({ prefix, passthroughOf }) => (passthroughOf === undefined ? [] : [{ prefix, of: passthroughOf }]),
)

export interface RouteRequest {
  method: string
  path: string
  body: string | FormData | undefined
}

/** The least that is asked there. Throws where nobody has said how: a new operation has to be added below. */
export function requestFor(route: Route): RouteRequest {
  const { endpoint, family, provider } = route
  const model = modelFor(route)
  const named = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'model' ? encodeURIComponent(model) : `${name}-1`,
  )
  const isUnnamed = provider === '' && isOperation(endpoint) && endpoint.below !== undefined
  const path = isUnnamed ? `${named}?provider=openai` : named
  if (endpoint.method !== 'POST') return { method: endpoint.method, path, body: undefined }
  const body = BODIES[`${endpoint.operation} ${family}`]?.(model)
  if (body === undefined) throw new Error(`${endpoint.operation} ${family}: nobody has said how it is asked`)
  return { method: 'POST', path, body: body instanceof FormData ? body : JSON.stringify(body) }
}

// ==== Models that have a price

const OPENAI_MODELS: Readonly<Record<string, string>> = {
  embeddings: 'text-embedding-3-small',
  completions: 'gpt-3.5-turbo-instruct',
  moderations: 'omni-moderation-latest',
  speech: 'tts-1',
  transcription: 'whisper-1',
  'image-generation': 'dall-e-3',
  'image-edit': 'dall-e-2',
  'image-variation': 'dall-e-2',
  videos: 'sora-2',
}
const MODELS: Readonly<Record<string, string>> = {
  'embeddings gemini': 'gemini-embedding-001',
  'embeddings gemini-batch': 'gemini-embedding-001',
  'image-generation predict': 'imagen-4.0-generate-001',
  'videos gemini': 'veo-3.0-generate-001',
  'rerank openai': 'cohere/rerank-v3.5',
  'rerank cohere': 'rerank-v3.5',
  'rerank google-ranking': 'vertex/semantic-ranker-512',
  'rerank bedrock-rerank': 'cohere.rerank-v3-5:0',
  'embeddings cohere': 'embed-v4.0',
}
const TALKS: Readonly<Record<string, string>> = {
  gemini: 'gemini-2.5-flash',
  cohere: 'command-a-03-2025',
  'bedrock-converse': 'us.amazon.nova-pro-v1:0',
}
const CLAUDES: Readonly<Record<string, string>> = {
  vertex: 'claude-haiku-4-5@20251001',
  bedrock: 'anthropic.claude-haiku-4-5-20251001-v1:0',
}

function modelFor({ endpoint: { operation }, family, provider }: Route): string {
  const special = MODELS[`${operation} ${family}`] ?? TALKS[family]
  if (special !== undefined) return special
  if (family === 'anthropic') return CLAUDES[provider] ?? 'claude-haiku-4-5'
  const model = OPENAI_MODELS[operation] ?? 'gpt-5'
  return provider === '' ? `openai/${model}` : model
}

// ==== Bodies

const WORD = 'a word'
const ask = (content: unknown) => [{ role: 'user', content }]
const CLAUDE = { max_tokens: 10, messages: ask(WORD) }
const CONTENTS = {
  contents: [{ role: 'user', parts: [{ text: WORD }] }],
  generationConfig: { maxOutputTokens: 10 },
}
const CONVERSATION = { messages: ask([{ text: WORD }]) }

const file = (name: string, type: string, bytes: Uint8Array | string) => new File([bytes], name, { type })
const picture = () => file('a.png', 'image/png', PIXEL)

function form(fields: Record<string, string | File>): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.append(name, value)
  return data
}

/** By operation and family. */
const BODIES: Readonly<Record<string, (model: string) => object>> = {
  'generate openai-chat': (model) => ({ model, max_completion_tokens: 10, messages: ask(WORD) }),
  'generate openai-responses': (model) => ({ model, max_output_tokens: 10, input: WORD }),
  'generate cursor': (model) => ({ model, max_tokens: 10, messages: ask(WORD) }),
  'generate anthropic': (model) => ({ model, ...CLAUDE }),
  'generate gemini': () => CONTENTS,
  'generate bedrock-converse': () => ({ ...CONVERSATION, inferenceConfig: { maxTokens: 10 } }),
  'generate cohere': (model) => ({ model, max_tokens: 10, messages: ask(WORD) }),
  'count-tokens anthropic': (model) => ({ model, messages: ask(WORD) }),
  'count-tokens gemini': () => CONTENTS,
  'count-tokens openai-responses': (model) => ({ model, input: WORD }),
  'count-tokens bedrock-converse': () => ({ input: { converse: CONVERSATION } }),
  'embeddings openai': (model) => ({ model, input: WORD }),
  'embeddings cohere': (model) => ({
    model,
    texts: [WORD],
    input_type: 'search_document',
    embedding_types: ['float'],
  }),
  'embeddings gemini': () => ({ content: { parts: [{ text: WORD }] } }),
  'embeddings gemini-batch': (model) => ({
    requests: [{ model: `models/${model}`, content: { parts: [{ text: WORD }] } }],
  }),
  'rerank openai': (model) => ({ model, query: WORD, documents: [WORD] }),
  'rerank cohere': (model) => ({ model, query: WORD, documents: [WORD] }),
  'rerank google-ranking': (model) => ({ model, query: WORD, records: [{ id: '1', content: WORD }] }),
  'rerank bedrock-rerank': (model) => ({
    queries: [{ type: 'TEXT', textQuery: { text: WORD } }],
    sources: [{ type: 'INLINE', inlineDocumentSource: { type: 'TEXT', textDocument: { text: WORD } } }],
    rerankingConfiguration: {
      type: 'BEDROCK_RERANKING_MODEL',
      bedrockRerankingConfiguration: {
        modelConfiguration: { modelArn: `arn:aws:bedrock:us-east-1::foundation-model/${model}` },
      },
    },
  }),
  'completions openai': (model) => ({ model, prompt: WORD, max_tokens: 10 }),
  'completions anthropic': (model) => ({
    model,
    prompt: `\n\nHuman: ${WORD}\n\nAssistant:`,
    max_tokens_to_sample: 10,
  }),
  'moderations openai': (model) => ({ model, input: WORD }),
  'speech openai': (model) => ({ model, input: WORD, voice: 'alloy' }),
  'transcription openai': (model) => form({ model, file: file('a.mp3', 'audio/mpeg', SOUND) }),
  'image-generation openai': (model) => ({ model, prompt: WORD }),
  'image-edit openai': (model) => form({ model, prompt: WORD, image: picture() }),
  'image-variation openai': (model) => form({ model, image: picture() }),
  'image-generation predict': () => ({ instances: [{ prompt: WORD }], parameters: { sampleCount: 1 } }),
  'videos openai': (model) => ({ model, prompt: WORD, seconds: '4' }),
  'videos gemini': () => ({ instances: [{ prompt: WORD }], parameters: { durationSeconds: 4 } }),
  'tokenize cohere': (model) => ({ model, text: WORD }),
  'batches openai': () => ({
    input_file_id: 'file-1',
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  }),
  'batches anthropic': (model) => ({ requests: [{ custom_id: '1', params: { model, ...CLAUDE } }] }),
  'batches gemini': () => ({ batch: { input_config: { requests: { requests: [{ request: CONTENTS }] } } } }),
  'files openai': () => form({ purpose: 'batch', file: file('a.jsonl', 'application/jsonl', '{}') }),
  'files anthropic': () => form({ file: file('a.txt', 'text/plain', WORD) }),
  'containers openai': () => ({ name: 'c' }),
}
