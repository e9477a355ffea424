import type { Event } from '../message/event.ts'
import type { Block, JsonObject, Message } from '../message/request.ts'
import { openaiChat } from '../protocols/openai-chat/index.ts'
import { openaiResponses } from '../protocols/openai-responses/index.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { isObject } from '../protocols/shared/object.ts'
import { INPUT, inputArguments, RawInput } from '../protocols/shared/raw-input.ts'
import type { StreamEncoder, WriteFrame } from '../protocols/stream.ts'
import type { AnswerMemo, Decoded, EncodeContext } from '../protocols/translation.ts'
import { readCursorBody } from './cursor-body.ts'

/**
 * Cursor, told of another base URL, asks Chat Completions' path for GPT models with a body of the Responses API, and
 * wants the answer of a chat. Other models it asks for with a chat's body. No provider speaks this.
 *
 * Its tools with free text (`ApplyPatch`) it wants called like functions, with the text instead of the arguments:
 * calls that are none of a function make it stumble. https://github.com/icebear0828/codex-proxy/pull/708
 */
export const cursor: Protocol = {
  ...openaiChat,
  id: 'cursor',
  endpoints: [
    { method: 'POST', path: '/chat/completions', operation: 'generate' },
    { method: 'POST', path: '/v1/chat/completions', operation: 'generate' },
    ...['/models', '/v1/models', '/openai/models'].flatMap((models) => [
      { method: 'GET', path: models, operation: 'list-models' } as const,
      { method: 'GET', path: `${models}/{model}`, operation: 'get-model' } as const,
    ]),
  ],
  request: {
    decode,
    encode: (request, target) => openaiChat.request.encode(request, target),
  },
  response: {
    ...openaiChat.response,
    encode(response, context) {
      const content = response.content.map((block) =>
        block.type === 'tool-call' && isFreeText(block.name, context.memo)
          ? { ...block, arguments: freeText(block.arguments) }
          : block,
      )
      return openaiChat.response.encode({ ...response, content }, context)
    },
  },
  stream: {
    ...openaiChat.stream,
    encoder: (context) => new CursorEncoder(context),
  },
}

// ==== Requests

function decode(body: JsonObject): Decoded {
  const read = readCursorBody(body)
  const decoded = read.api === 'responses' ? decodeResponses(read.body) : decodeChat(read.body, read.offered)
  const { request, answerMemo } = decoded
  return { ...decoded, request: { ...request, messages: withJson(request.messages, answerMemo) } }
}

function decodeResponses(body: JsonObject): Decoded {
  const decoded = openaiResponses.request.decode(body)
  // A chat's setting, which Cursor sends with either body.
  const includeUsage = isObject(body.stream_options) ? body.stream_options.include_usage : undefined
  return { ...decoded, ...(typeof includeUsage === 'boolean' && { includeUsage }) }
}

function decodeChat(body: JsonObject, offered: JsonObject): Decoded {
  const chat = openaiChat.request.decode(body)
  const { request, warnings, answerMemo } = openaiResponses.request.decode({
    model: chat.request.model,
    input: [],
    ...offered,
  })
  const { tools, toolChoice } = request
  return {
    ...chat,
    request: {
      ...chat.request,
      tools: [...tools, ...chat.request.tools],
      ...(toolChoice !== undefined && { toolChoice }),
    },
    warnings: [...chat.warnings, ...warnings],
    ...(answerMemo !== undefined && { answerMemo }),
  }
}

/** Free text of earlier calls, which comes back as it was told, as the arguments that the model has said. */
function withJson(messages: Message[], memo: AnswerMemo | undefined): Message[] {
  const isRaw = (block: Block) =>
    block.type === 'tool-call' && isFreeText(block.name, memo) && !isInput(block.arguments)
  return messages.map((message) => {
    if (message.role !== 'assistant' || !message.content.some(isRaw)) return message
    const content = message.content.map((block) =>
      block.type === 'tool-call' && isRaw(block)
        ? { ...block, arguments: inputArguments(block.arguments) }
        : block,
    )
    return { ...message, content }
  })
}

function isInput(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) && typeof value[INPUT] === 'string'
  } catch {
    return false
  }
}

// ==== Answers

function isFreeText(name: string, memo: AnswerMemo | undefined): boolean {
  return memo?.callForms?.get(name)?.type === 'custom'
}

function freeText(json: string): string {
  const raw = new RawInput()
  raw.push(json)
  raw.end()
  return raw.input
}

/** A chat's encoder that is given free text instead of the arguments that hold it. */
class CursorEncoder implements StreamEncoder {
  readonly #memo: AnswerMemo | undefined
  readonly #chat: StreamEncoder
  /** Of the open call. */
  #raw: RawInput | undefined

  constructor(context: EncodeContext) {
    this.#memo = context.memo
    this.#chat = openaiChat.stream.encoder(context)
  }

  push(event: Event, write: WriteFrame): void {
    if (event.type === 'block-start') {
      const { block } = event
      this.#raw =
        block.type === 'tool-call' && isFreeText(block.name, this.#memo) ? new RawInput() : undefined
    } else if (this.#raw !== undefined && event.type === 'delta' && event.delta.type === 'arguments') {
      return this.#say(event.index, this.#raw.push(event.delta.json), write)
    } else if (this.#raw !== undefined && event.type === 'block-end') {
      this.#say(event.index, this.#raw.end(), write)
      this.#raw = undefined
    }
    this.#chat.push(event, write)
  }

  #say(index: number, text: string, write: WriteFrame): void {
    if (text !== '')
      this.#chat.push({ type: 'delta', index, delta: { type: 'arguments', json: text } }, write)
  }
}
