import type { Protocol } from '../protocol.ts'
import { encodeModel, encodeModelList, endpoints, foreignPrefix } from './endpoints.ts'
import { decodeError, encodeError } from './error.ts'
import { foreignStrings } from './foreign.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { decodeResponse, encodeResponse, readTapped } from './response.ts'
import { decoder, encoder } from './stream.ts'
import { tap } from './tap.ts'

/** Google's generateContent API, on Google AI and on Vertex: https://ai.google.dev/api/generate-content */
export const gemini: Protocol = {
  id: 'gemini',
  endpoints,
  request: { decode: decodeRequest, encode: encodeRequest },
  response: { decode: decodeResponse, encode: encodeResponse },
  stream: { decoder, encoder, tap },
  error: { decode: decodeError, encode: encodeError },
  encodeCount: (tokens) => ({ totalTokens: tokens }),
  readUsage: readTapped,
  foreignStrings,
  models: { foreignPrefix, encodeList: encodeModelList, encode: encodeModel },
}
