import type { Protocol } from '../protocol.ts'
import { decodeError } from '../shared/openai-error.ts'
import { encodeError } from './error.ts'
import { encodeModel, encodeModelList } from '../shared/openai-models.ts'
import { endpoints } from './endpoints.ts'
import { foreignBlocks } from './foreign.ts'
import { refusedReasoning } from './refused.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { decodeResponse, encodeResponse, readAnswer } from './response.ts'
import { ResponseStreamDecoder } from './stream-decode.ts'
import { ResponseStreamEncoder } from './stream-encode.ts'
import { ResponseStreamTap } from './tap.ts'

/** OpenAI's Responses API: https://platform.openai.com/docs/api-reference/responses */
export const openaiResponses: Protocol = {
  id: 'openai-responses',
  requestIdHeader: 'x-request-id',
  endpoints,
  request: { decode: decodeRequest, encode: encodeRequest },
  response: { decode: decodeResponse, encode: encodeResponse },
  // No ping: before `response.created` the SDK takes no other event, and comments keep the connection open as well.
  stream: {
    decoder: (memo) => new ResponseStreamDecoder(memo),
    encoder: (context) => new ResponseStreamEncoder(context),
    tap: () => new ResponseStreamTap(),
  },
  error: { decode: decodeError, encode: encodeError },
  encodeCount: (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
  readUsage: readAnswer,
  foreignBlocks,
  refusedReasoning,
  models: { encodeList: encodeModelList, encode: encodeModel },
}
