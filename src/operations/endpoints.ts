import { GOOGLE_MODELS } from '../protocols/shared/google-paths.ts'
import type { FamilyId, OperationEndpoint, OperationId } from './operation.ts'

/** By the names that `allowed_requests` has for them; what it has none for is passed through. */
export const KINDS: Readonly<Partial<Record<OperationId, string>>> = {
  embeddings: 'embedding',
  rerank: 'rerank',
  completions: 'text_completion',
  speech: 'speech',
  transcription: 'transcription',
  'image-generation': 'image_generation',
  'image-edit': 'image_edit',
  'image-variation': 'image_variation',
  videos: 'video_generation',
  batches: 'batch_create',
}

/** A request that names its model, in its body or in its path. */
function model(operation: OperationId, family: FamilyId, path: string): OperationEndpoint {
  return { method: 'POST', path, operation, family, kind: KINDS[operation] ?? 'passthrough' }
}

type Method = OperationEndpoint['method']

/** Requests for things of a provider's, by what follows the collection, and of which kind each method is. */
function resource(
  operation: OperationId,
  family: FamilyId,
  collection: string,
  paths: Readonly<Record<string, { readonly [method in Method]?: string }>>,
): OperationEndpoint[] {
  return Object.entries(paths).flatMap(([below, methods]) =>
    Object.entries(methods).map(([method, kind]): OperationEndpoint => {
      const forms = method === 'POST' ? { forms: true as const } : {}
      return { method: method as Method, path: collection + below, operation, family, kind, below, ...forms }
    }),
  )
}

const FILES = {
  '': { POST: 'file_upload', GET: 'file_list' },
  '/{file}': { GET: 'file_retrieve', DELETE: 'file_delete' },
  '/{file}/content': { GET: 'file_content' },
}

const BATCHES = {
  '': { POST: 'batch_create', GET: 'batch_list' },
  '/{batch}': { GET: 'batch_retrieve', DELETE: 'batch_delete' },
  '/{batch}/cancel': { POST: 'batch_cancel' },
  '/{batch}/results': { GET: 'batch_results' },
}

const OPENAI: readonly OperationEndpoint[] = [
  model('embeddings', 'openai', '/embeddings'),
  model('rerank', 'openai', '/rerank'),
  model('completions', 'openai', '/completions'),
  model('moderations', 'openai', '/moderations'),
  model('speech', 'openai', '/audio/speech'),
  { ...model('transcription', 'openai', '/audio/transcriptions'), forms: true },
  model('image-generation', 'openai', '/images/generations'),
  { ...model('image-edit', 'openai', '/images/edits'), forms: true },
  { ...model('image-variation', 'openai', '/images/variations'), forms: true },
  { ...model('videos', 'openai', '/videos'), forms: true },
  ...resource('videos', 'openai', '/videos', {
    '': { GET: 'video_list' },
    '/{video}': { GET: 'video_retrieve', DELETE: 'video_delete' },
    '/{video}/content': { GET: 'video_download' },
    '/{video}/remix': { POST: 'video_remix' },
  }),
  ...resource('batches', 'openai', '/batches', BATCHES),
  ...resource('files', 'openai', '/files', FILES),
  ...resource('containers', 'openai', '/containers', {
    '': { POST: 'container_create', GET: 'container_list' },
    '/{container}': { GET: 'container_retrieve', DELETE: 'container_delete' },
    '/{container}/files': { POST: 'container_file_create', GET: 'container_file_list' },
    '/{container}/files/{file}': { GET: 'container_file_retrieve', DELETE: 'container_file_delete' },
    '/{container}/files/{file}/content': { GET: 'container_file_content' },
  }),
]

/** https://platform.openai.com/docs/api-reference; clients disagree whether the version belongs to the base URL. */
export const openaiOperations: readonly OperationEndpoint[] = ['', '/v1'].flatMap((version) =>
  OPENAI.map((endpoint) => ({ ...endpoint, path: version + endpoint.path })),
)

/** https://learn.microsoft.com/azure/ai-foundry/openai/reference: the model is the deployment in the path. */
export const azureOperations: readonly OperationEndpoint[] = OPENAI.filter(
  ({ below, operation }) => below === undefined && operation !== 'rerank' && operation !== 'moderations',
).map((endpoint) => ({ ...endpoint, path: `/deployments/{model}${endpoint.path}` }))

/** https://docs.claude.com/en/api */
export const anthropicOperations: readonly OperationEndpoint[] = [
  model('completions', 'anthropic', '/v1/complete'),
  ...resource('batches', 'anthropic', '/v1/messages/batches', BATCHES),
  ...resource('files', 'anthropic', '/v1/files', FILES),
]

const GOOGLE_METHODS: readonly [method: string, operation: OperationId, family: FamilyId][] = [
  ['embedContent', 'embeddings', 'gemini'],
  ['batchEmbedContents', 'embeddings', 'gemini-batch'],
  // Imagen; where the instances are texts to be embedded, it is that: see `classify.ts`.
  ['predict', 'image-generation', 'predict'],
  ['predictLongRunning', 'videos', 'gemini'],
  ['batchGenerateContent', 'batches', 'gemini'],
]

/** https://ai.google.dev/api and https://cloud.google.com/vertex-ai/docs/reference/rest */
export const googleOperations: readonly OperationEndpoint[] = [
  ...GOOGLE_MODELS.flatMap((models) =>
    GOOGLE_METHODS.map(([method, operation, family]) =>
      model(operation, family, `${models}/{model}:${method}`),
    ),
  ),
  ...resource('videos', 'gemini', '/v1beta/models', {
    '/{video}/operations/{operation}': { GET: 'video_retrieve' },
  }),
  ...resource('files', 'gemini', '/v1beta/files', {
    '': { GET: 'file_list' },
    '/{file}': { GET: 'file_retrieve', DELETE: 'file_delete' },
  }),
  ...resource('batches', 'gemini', '/v1beta/batches', {
    '': { GET: 'batch_list' },
    '/{batch}': { GET: 'batch_retrieve', DELETE: 'batch_delete' },
    '/{batch}:cancel': { POST: 'batch_cancel' },
  }),
  model('rerank', 'google-ranking', '/v1/rank'),
]

/** https://docs.cohere.com/reference */
export const cohereOperations: readonly OperationEndpoint[] = [
  model('embeddings', 'cohere', '/v2/embed'),
  model('rerank', 'cohere', '/v2/rerank'),
  model('tokenize', 'cohere', '/v1/tokenize'),
]

/** Calls beside those of a model's own; `InvokeModel` of models that do not talk is told apart in `classify.ts`. */
export const bedrockOperations: readonly OperationEndpoint[] = [model('rerank', 'bedrock-rerank', '/rerank')]
