import { pathSegment } from '../operations/template.ts'
import { gemini as protocol } from '../protocols/gemini/index.ts'
import { inHeader } from './auth.ts'
import { OPERATIONS } from './operations.ts'
import type { Place, Provider } from './provider.ts'

/**
 * https://ai.google.dev/api. Not its imitation of Chat Completions: the thought signatures that Gemini wants back
 * stand in a field there that hardly a client returns.
 */
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
  ],
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  operations: OPERATIONS['gemini'],
  authorize: inHeader('x-goog-api-key'),
  keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
}

/** Slashes stay: `tunedModels/…` is a path of its own. */
function modelPath({ model }: Place, method: string): string {
  const name = model
    .split('/')
    .map((segment) => pathSegment('model', segment))
    .join('/')
  return `/${model.includes('/') ? '' : 'models/'}${name}:${method}`
}
