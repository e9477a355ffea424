import type { Protocol } from '../protocol.ts'
import { encodeModel, encodeModelList, endpoints } from './endpoints.ts'
import { decodeError, encodeError } from './error.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { decodeResponse, encodeResponse, readAnswer } from './response.ts'
import { CohereStreamDecoder } from './stream-decode.ts'
import { CohereStreamEncoder } from './stream-encode.ts'
import { CohereStreamTap } from './tap.ts'

/** Cohere's Chat API, version 2: https://docs.cohere.com/v2/reference/chat */
export const cohere: Protocol = {
  id: 'cohere',
  requestIdHeader: 'x-request-id',
  endpoints,
  request: { decode: decodeRequest, encode: encodeRequest },
  response: { decode: decodeResponse, encode: encodeResponse },
  stream: {
    decoder: (memo) => new CohereStreamDecoder(memo),
    encoder: (context) => new CohereStreamEncoder(context),
    tap: () => new CohereStreamTap(),
  },
  error: { decode: decodeError, encode: encodeError },
  encodeCount: (tokens) => ({ tokens }),
  readUsage: readAnswer,
  models: { encodeList: encodeModelList, encode: encodeModel },
}
