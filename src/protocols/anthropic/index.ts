import type { Protocol } from '../protocol.ts'
import { endpoints, encodeModel, encodeModelList, foreignPrefix } from './endpoints.ts'
import { decodeError, encodeError } from './error.ts'
import { foreignBlocks } from './foreign.ts'
import { refusedReasoning } from './refused.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { decodeResponse, encodeResponse, readAnswer } from './response.ts'
import { MessageStreamDecoder } from './stream-decode.ts'
import { MessageStreamEncoder, PING } from './stream-encode.ts'
import { MessageStreamTap } from './tap.ts'
import { thinkingFirst } from './thinking-first.ts'

/** The Anthropic Messages API: https://docs.claude.com/en/api/messages */
export const anthropic: Protocol = {
  id: 'anthropic',
  requestIdHeader: 'request-id',
  endpoints,
  request: { decode: decodeRequest, encode: encodeRequest },
  response: { decode: decodeResponse, encode: encodeResponse },
  stream: {
    decoder: (memo) => new MessageStreamDecoder(memo),
    encoder: (context) => new MessageStreamEncoder(context),
    tap: () => new MessageStreamTap(),
    ping: PING,
  },
  error: { decode: decodeError, encode: encodeError },
  encodeCount: (tokens) => ({ input_tokens: tokens }),
  readUsage: readAnswer,
  foreignBlocks,
  refusedReasoning,
  thinkingFirst,
  models: { foreignPrefix, encodeList: encodeModelList, encode: encodeModel },
}
