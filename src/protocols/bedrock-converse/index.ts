import type { Protocol } from '../protocol.ts'
import { decodeAwsError, encodeAwsError } from '../shared/aws-error.ts'
import { decodeCount } from './count-decode.ts'
import { endpoints, encodeModel, encodeModelList } from './endpoints.ts'
import { foreignBlocks } from './foreign.ts'
import { refusedReasoning } from './refused.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { decodeResponse, encodeResponse, readAnswer } from './response.ts'
import { ConverseStreamDecoder } from './stream-decode.ts'
import { ConverseStreamEncoder } from './stream-encode.ts'
import { ConverseStreamTap } from './tap.ts'
import { thinkingFirst } from './thinking-first.ts'

/** Bedrock's Converse API: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
export const bedrockConverse: Protocol = {
  id: 'bedrock-converse',
  requestIdHeader: 'x-amzn-requestid',
  endpoints,
  request: {
    decode: (body, operation) => (operation === 'count-tokens' ? decodeCount(body) : decodeRequest(body)),
    encode: encodeRequest,
  },
  response: { decode: decodeResponse, encode: encodeResponse },
  stream: {
    decoder: (memo) => new ConverseStreamDecoder(memo),
    encoder: (context) => new ConverseStreamEncoder(context),
    tap: () => new ConverseStreamTap(),
  },
  error: { decode: decodeAwsError, encode: encodeAwsError },
  encodeCount: (tokens) => ({ inputTokens: tokens }),
  readUsage: readAnswer,
  foreignBlocks,
  refusedReasoning,
  thinkingFirst,
  models: { encodeList: encodeModelList, encode: encodeModel },
}
