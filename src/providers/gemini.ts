import { gemini as protocol } from '../protocols/gemini/index.ts'
import { openaiChat } from '../protocols/openai-chat/index.ts'
import { bearer, inHeader } from './auth.ts'
import type { Place, Provider } from './provider.ts'

const inGoogleHeader = inHeader('x-goog-api-key')
const CHAT_PATH = '/openai/'

/** https://ai.google.dev/api, and beside it https://ai.google.dev/gemini-api/docs/openai */
export const gemini: Provider = {
  id: 'gemini',
  surfaces: [
    {
      protocol,
      paths: {
        generate: (place) =>
          modelPath(place, place.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'),
        countTokens: (place) => modelPath(place, 'countTokens'),
        models: '/models',
      },
      quirks: {},
    },
    {
      protocol: openaiChat,
      paths: { generate: `${CHAT_PATH}chat/completions`, models: `${CHAT_PATH}models` },
      quirks: {
        maxTokensField: 'max_tokens',
        systemRole: 'system',
        parallelToolCalls: false,
        imageUrls: false,
        geminiSignatures: true,
        userField: 'none',
      },
    },
  ],
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  authorize: (request, key, credentials) =>
    (request.path.includes(CHAT_PATH) ? bearer : inGoogleHeader)(request, key, credentials),
  keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
}

/** Slashes stay: `tunedModels/…` is a path of its own. */
function modelPath({ model }: Place, method: string): string {
  const name = model.split('/').map(encodeURIComponent).join('/')
  return `/${model.includes('/') ? '' : 'models/'}${name}:${method}`
}
