import type { Protocol } from '../protocol.ts'
import { encodeModel, encodeModelList, endpoints } from './endpoints.ts'
import { decodeError, encodeError } from '../shared/openai-error.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { decodeResponse, encodeResponse, readTapped } from './response.ts'
import { decoder, encoder, PING } from './stream.ts'
import { tap } from './tap.ts'

/** OpenAI's Chat Completions API, and what many servers made of it. */
export const openaiChat: Protocol = {
  id: 'openai-chat',
  endpoints,
  request: { decode: decodeRequest, encode: encodeRequest },
  response: { decode: decodeResponse, encode: encodeResponse },
  stream: { decoder, encoder, tap, ping: PING },
  error: { decode: decodeError, encode: encodeError },
  readUsage: readTapped,
  models: { encodeList: encodeModelList, encode: encodeModel },
}
