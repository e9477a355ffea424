import type { Protocol } from '../protocol.ts'
import { encodeModel, encodeModelList, endpoints, foreignPrefix } from './endpoints.ts'
import { decodeError, encodeError } from './error.ts'
import { foreignStrings } from './foreign.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { decodeResponse, encodeResponse, readAnswer } from './response.ts'
import { GeminiStreamDecoder } from './stream-decode.ts'
import { GeminiStreamEncoder } from './stream-encode.ts'
import { GeminiStreamTap } from './tap.ts'

/** Google's generateContent API, on Google AI and on Vertex: https://ai.google.dev/api/generate-content */
export const gemini: Protocol = {
  id: 'gemini',
  requestIdHeader: 'x-request-id',
  endpoints,
  request: { decode: decodeRequest, encode: encodeRequest },
  response: { decode: decodeResponse, encode: encodeResponse },
  stream: {
    decoder: (memo) => new GeminiStreamDecoder(memo),
    encoder: (context) => new GeminiStreamEncoder(context),
    tap: () => new GeminiStreamTap(),
  },
  error: { decode: decodeError, encode: encodeError },
  encodeCount: (tokens) => ({ totalTokens: tokens }),
  readUsage: readAnswer,
  foreignStrings,
  models: { foreignPrefix, encodeList: encodeModelList, encode: encodeModel },
}
