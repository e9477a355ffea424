import type { Offer, Offers, OperationId } from '../operations/operation.ts'

/**
 * What each provider does beside conversations, from the documentation of its own API. A provider that is not here
 * does none of it. Paths are below the provider's base URL.
 */

/** Operations in OpenAI's own form, by their path below `base`. */
const OPENAI_PATHS = {
  embeddings: '/embeddings',
  completions: '/completions',
  moderations: '/moderations',
  speech: '/audio/speech',
  transcription: '/audio/transcriptions',
  'image-generation': '/images/generations',
  'image-edit': '/images/edits',
  'image-variation': '/images/variations',
  videos: '/videos',
  files: '/files',
  batches: '/batches',
  containers: '/containers',
} as const satisfies Partial<Record<OperationId, string>>

type OpenaiOperation = keyof typeof OPENAI_PATHS

function openai(base: string, ...operations: OpenaiOperation[]): Offers {
  return Object.fromEntries(
    operations.map((operation) => [operation, [{ family: 'openai', path: base + OPENAI_PATHS[operation] }]]),
  )
}

/** Azure says the version of its API there. */
const AZURE_QUERY = { 'api-version': '{apiVersion}' }

/** Deployments of Azure: the model is in the path. */
function deployments(...operations: OpenaiOperation[]): Offers {
  const base = '/openai/deployments/{model}'
  return Object.fromEntries(
    operations.map((operation) => [
      operation,
      [{ family: 'openai', path: base + OPENAI_PATHS[operation], query: AZURE_QUERY }],
    ]),
  )
}

const INVOKE = '/model/{model}/invoke'
const VERTEX = '/v1/projects/{project}/locations/{region}/publishers/google/models/{model}'
const HUGGING_FACE = '/hf-inference/models/{+model}'

/** Gemini's models that draw; Imagen draws and does nothing else. */
const DRAWS = /image/
const IMAGEN = /imagen/

/** Google's models with a method of their own, below the path of a model. */
function google(model: string): Offers {
  const drawing: Offer = { family: 'gemini', path: `${model}:generateContent`, models: DRAWS }
  return {
    'image-generation': [{ family: 'predict', path: `${model}:predict`, models: IMAGEN }, drawing],
    'image-edit': [drawing],
    videos: [{ family: 'gemini', path: `${model}:predictLongRunning`, collection: '/models' }],
  }
}

const TALKS: Offer = {
  family: 'gemini',
  path: '/models/{model}:generateContent',
  streamPath: '/models/{model}:streamGenerateContent?alt=sse',
}

export const OPERATIONS: Readonly<Record<string, Offers>> = {
  openai: openai('/v1', ...(Object.keys(OPENAI_PATHS) as OpenaiOperation[])),
  azure: {
    ...deployments('embeddings', 'completions', 'speech', 'transcription', 'image-generation', 'image-edit'),
    videos: [{ family: 'openai', path: '/openai/v1/videos', query: { 'api-version': 'preview' } }],
    files: [{ family: 'openai', path: '/openai/files', query: AZURE_QUERY }],
    batches: [{ family: 'openai', path: '/openai/batches', query: AZURE_QUERY }],
  },
  anthropic: {
    completions: [{ family: 'anthropic', path: '/v1/complete' }],
    files: [{ family: 'anthropic', path: '/v1/files' }],
    batches: [{ family: 'anthropic', path: '/v1/messages/batches' }],
  },
  bedrock: {
    embeddings: [
      { family: 'titan', path: INVOKE, models: /titan-embed/ },
      { family: 'bedrock-cohere', path: INVOKE, models: /cohere\.embed/ },
    ],
    rerank: [{ family: 'bedrock-cohere', path: INVOKE, models: /rerank/ }],
    'image-generation': [
      { family: 'nova-canvas', path: INVOKE, models: /nova-canvas|titan-image/ },
      { family: 'stability', path: INVOKE, models: /stability\./ },
    ],
    'image-edit': [
      { family: 'nova-canvas', path: INVOKE, models: /nova-canvas|titan-image/ },
      { family: 'stability', path: INVOKE, models: /stability\./ },
    ],
    'image-variation': [{ family: 'nova-canvas', path: INVOKE, models: /nova-canvas|titan-image/ }],
  },
  gemini: {
    ...google('/models/{model}'),
    embeddings: [
      // One request for many inputs, and what Google's own SDK asks.
      { family: 'gemini-batch', path: '/models/{model}:batchEmbedContents' },
      { family: 'gemini', path: '/models/{model}:embedContent' },
    ],
    speech: [TALKS],
    transcription: [TALKS],
    files: [{ family: 'gemini', path: '/files' }],
    batches: [{ family: 'gemini', path: '/models/{model}:batchGenerateContent', collection: '/batches' }],
  },
  vertex: {
    ...google(VERTEX),
    embeddings: [
      // The newest has the method that Google AI has, and does not take the older one.
      { family: 'gemini', path: `${VERTEX}:embedContent`, models: /gemini-embedding-(?!001)/ },
      { family: 'predict', path: `${VERTEX}:predict` },
    ],
    rerank: [
      {
        family: 'google-ranking',
        origin: 'https://discoveryengine.googleapis.com',
        path: '/v1/projects/{project}/locations/global/rankingConfigs/default_ranking_config:rank',
      },
    ],
  },
  cohere: {
    embeddings: [{ family: 'cohere', path: '/v2/embed' }],
    rerank: [{ family: 'cohere', path: '/v2/rerank' }],
    tokenize: [{ family: 'cohere', path: '/v1/tokenize' }],
  },
  mistral: {
    ...openai('/v1', 'embeddings', 'moderations', 'files'),
    transcription: [{ family: 'mistral', path: '/v1/audio/transcriptions' }],
  },
  groq: openai('/v1', 'speech', 'transcription', 'files', 'batches'),
  cerebras: openai('/v1', 'completions'),
  fireworks: openai('/v1', 'completions', 'embeddings'),
  openrouter: openai('/v1', 'completions', 'embeddings'),
  nebius: {
    ...openai('/v1', 'completions', 'embeddings'),
    'image-generation': [{ family: 'diffusion', path: '/v1/images/generations' }],
  },
  xai: openai('/v1', 'completions', 'image-generation'),
  huggingface: {
    embeddings: [{ family: 'hugging-face', path: `${HUGGING_FACE}/pipeline/feature-extraction` }],
    speech: [{ family: 'hugging-face', path: HUGGING_FACE }],
    transcription: [{ family: 'hugging-face', path: HUGGING_FACE }],
    'image-generation': [{ family: 'hugging-face', path: HUGGING_FACE }],
    'image-edit': [{ family: 'hugging-face', path: HUGGING_FACE }],
  },
  replicate: {
    'image-generation': [{ family: 'replicate', path: '/v1/{+prediction}' }],
    'image-edit': [{ family: 'replicate', path: '/v1/{+prediction}' }],
  },
  elevenlabs: {
    speech: [
      {
        family: 'elevenlabs',
        path: '/v1/text-to-speech/{voice}',
        streamPath: '/v1/text-to-speech/{voice}/stream',
      },
    ],
    transcription: [{ family: 'elevenlabs', path: '/v1/speech-to-text' }],
  },
  ollama: openai('/v1', 'completions', 'embeddings'),
  lmstudio: openai('/v1', 'completions', 'embeddings'),
  sgl: openai('/v1', 'completions', 'embeddings'),
  vllm: {
    ...openai('/v1', 'completions', 'embeddings'),
    rerank: [{ family: 'jina', path: '/v1/rerank' }],
    transcription: [{ family: 'vllm', path: '/v1/audio/transcriptions' }],
  },
  together: {
    ...openai('/v1', 'completions', 'embeddings', 'speech', 'transcription', 'files', 'batches'),
    rerank: [{ family: 'jina', path: '/v1/rerank' }],
    'image-generation': [{ family: 'diffusion', path: '/v1/images/generations' }],
  },
  deepinfra: openai(
    '/v1/openai',
    'completions',
    'embeddings',
    'speech',
    'transcription',
    'image-generation',
    'image-edit',
    'image-variation',
    'files',
    'batches',
  ),
  deepseek: openai('/beta', 'completions'),
  moonshot: openai('/v1', 'files'),
  zai: openai('', 'image-generation'),
  sambanova: openai('/v1', 'completions', 'embeddings', 'transcription'),
  nvidia: openai('/v1', 'completions', 'embeddings'),
  'github-models': openai('/inference', 'embeddings'),
  databricks: openai('/serving-endpoints', 'completions', 'embeddings'),
}
