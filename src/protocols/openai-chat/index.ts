import type { Protocol } from '../protocol.ts'
import { decodeError, encodeError } from '../shared/openai-error.ts'
import { encodeModel, encodeModelList } from '../shared/openai-models.ts'
import { endpoints } from './endpoints.ts'
import { foreignFields, foreignStrings } from './foreign.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { decodeResponse, encodeResponse, readAnswer } from './response.ts'
import { ChatStreamDecoder } from './stream-decode.ts'
import { ChatStreamEncoder } from './stream-encode.ts'
import { ChatStreamTap } from './tap.ts'

/** OpenAI's Chat Completions API, and what many servers made of it. */
export const openaiChat: Protocol = {
  id: 'openai-chat',
  requestIdHeader: 'x-request-id',
  endpoints,
  request: { decode: decodeRequest, encode: encodeRequest },
  response: { decode: decodeResponse, encode: encodeResponse },
  stream: {
    decoder: (memo) => new ChatStreamDecoder(memo),
    encoder: (context) => new ChatStreamEncoder(context),
    tap: () => new ChatStreamTap(),
  },
  error: { decode: decodeError, encode: encodeError },
  encodeCount: (tokens) => ({ input_tokens: tokens }),
  readUsage: readAnswer,
  foreignFields,
  foreignStrings,
  models: { encodeList: encodeModelList, encode: encodeModel },
}
