import { bearer, inHeader } from './auth.ts'
import { OPERATIONS } from './operations.ts'
import type { Provider } from './provider.ts'

/** Providers that make sound and pictures, and do not converse. */
export const mediaProviders: readonly Provider[] = [
  {
    // https://elevenlabs.io/docs/api-reference
    id: 'elevenlabs',
    surfaces: [],
    operations: OPERATIONS['elevenlabs'],
    baseUrl: 'https://api.elevenlabs.io',
    authorize: inHeader('xi-api-key'),
    keyVariables: ['ELEVENLABS_API_KEY'],
  },
  {
    // https://replicate.com/docs/reference/http
    id: 'replicate',
    surfaces: [],
    operations: OPERATIONS['replicate'],
    baseUrl: 'https://api.replicate.com',
    authorize: bearer,
    keyVariables: ['REPLICATE_API_TOKEN'],
  },
]
