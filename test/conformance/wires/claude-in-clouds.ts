import { eventStream, readEventStream } from '../event-stream.ts'
import type { JsonObject } from '../json.ts'
import { json, twoParts } from '../wire.ts'
import type { Message, Wire } from '../wire.ts'
import {
  anthropic,
  brokenEvents,
  errorBody,
  goOn,
  message,
  messageEvents,
  messagesBody,
  readEvents,
  readMessage,
  readMessagesBody,
  say,
} from './anthropic.ts'
import { ERROR_TYPES } from './bedrock-converse.ts'

/** Claude's own body at Bedrock. https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html */
export const claudeOnBedrock: Wire = {
  id: 'claude-on-bedrock',
  client: {
    path: (model, stream) =>
      `/bedrock/model/${encodeURIComponent(model)}/${stream ? 'invoke-with-response-stream' : 'invoke'}`,
    headers: {},
    body: (script) => ({ anthropic_version: 'bedrock-2023-05-31', ...messagesBody(script) }),
    readWhole: readMessage,
    goOn,
    say,
    readStream: (bytes) => readEvents(readEventStream(bytes).map(readChunk)),
    readError: (_status, answer) => answer['message'],
  },
  upstream: {
    readRequest({ body }) {
      if (body['anthropic_version'] !== 'bedrock-2023-05-31') throw new Error('anthropic_version is missing')
      for (const name of ['model', 'stream']) if (name in body) throw new Error(`${name}: Extra inputs`)
      return readMessagesBody(body)
    },
    whole: (answer) => json(200, message(answer)),
    stream: (answer) => chunked(messageEvents(answer)),
    error: (status, text) => json(status, { message: text }, { 'x-amzn-errortype': ERROR_TYPES[status] }),
    brokenStream: (text, said) =>
      twoParts(
        chunked(brokenEvents(text)),
        eventStream([['exception/modelStreamErrorException', { message: said }]]),
      ),
  },
}

function chunked(events: JsonObject[]): Message {
  return eventStream(
    events.map((event) => ['chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64') }]),
  )
}

function readChunk([event, body]: [string, JsonObject]): JsonObject {
  if (event.startsWith('exception/')) return errorBody(event, body['message'])
  return JSON.parse(Buffer.from(body['bytes'], 'base64').toString('utf8'))
}

/** Claude's own body at Vertex AI. https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude */
export const claudeOnVertex: Wire = {
  id: 'claude-on-vertex',
  client: {
    path: (model, stream) =>
      `/genai/v1/projects/p/locations/global/publishers/anthropic/models/${model}:${stream ? 'streamRawPredict' : 'rawPredict'}`,
    headers: {},
    body: (script, _model, stream) => ({
      anthropic_version: 'vertex-2023-10-16',
      ...messagesBody(script),
      stream,
    }),
    readWhole: readMessage,
    goOn,
    say,
    readStream: anthropic.client.readStream,
    readError: anthropic.client.readError,
  },
  upstream: {
    ...anthropic.upstream,
    readRequest({ body }) {
      if (body['anthropic_version'] !== 'vertex-2023-10-16') throw new Error('anthropic_version is missing')
      if ('model' in body) throw new Error('model: Extra inputs are not permitted')
      return readMessagesBody(body)
    },
  },
}
