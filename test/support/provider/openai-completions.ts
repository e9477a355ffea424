import type { Conversation } from './conversation.ts'
import { type Json, isObject, pieces } from './json.ts'
import { openAi, SERVER_ERROR } from './openai.ts'
import { refuse, unknownField } from './openai-refusals.ts'
import {
  EVENT_STREAM,
  type Generation,
  type ProviderProtocol,
  type Refusal,
  serverSentEvent,
} from './protocol.ts'
import { identifier } from './script.ts'

const FIELDS =
  'best_of echo frequency_penalty logit_bias logprobs max_tokens model n presence_penalty prompt seed stop stream stream_options suffix temperature top_p user'

/** The older Completions API, a text for a text: `POST …/completions`. */
export const openaiCompletions: ProviderProtocol = {
  name: 'openai-completions',
  operation: ({ method, path }) =>
    method === 'POST' && /(?<!\/chat)\/completions$/.test(path) ? { kind: 'generate' } : undefined,
  check,
  read,
  reply: (generation) => ({ ...chunkOf(generation, textOf(generation), true), usage: usageOf(generation) }),
  events(generation) {
    const { answer, conversation, fault } = generation
    const parts = pieces(textOf(generation), answer.directive?.chunk ?? 12)
    const usage = conversation.usageInStream && fault?.kind !== 'no_usage'
    const list = [
      ...parts.map((text) => ({ name: 'chunk', data: chunkOf(generation, text, false) })),
      { name: 'finish', data: chunkOf(generation, '', true) },
      ...(usage
        ? [
            {
              name: 'usage',
              data: { ...chunkOf(generation, '', true), choices: [], usage: usageOf(generation) },
            },
          ]
        : []),
    ]
    return [
      ...list.map(({ name, data }) => serverSentEvent(name, data, false)),
      { name: 'done', bytes: 'data: [DONE]\n\n' },
    ]
  },
  streamType: () => EVENT_STREAM,
  errorEvent: ({ fault }) => {
    const { type = 'server_error', message = SERVER_ERROR } = fault ?? {}
    return serverSentEvent('error', { error: { message, type, param: null, code: null } }, false)
  },
  ...openAi,
  serves: (model) => model.includes('instruct') || openAi.serves(model),
}

function check(body: Json): Refusal | undefined {
  if (!isObject(body)) return refuse('We could not parse the JSON body of your request.')
  if (body.model === undefined) return refuse('you must provide a model parameter')
  return unknownField(body, FIELDS.split(' '))
}

function read(body: Json): Conversation {
  return {
    model: body.model,
    stream: body.stream === true,
    turns: [
      { role: 'user', texts: [body.prompt].flat().filter((one) => typeof one === 'string'), results: [] },
    ],
    tools: [],
    stopSequences: [body.stop ?? []].flat(),
    thinking: 'off',
    usageInStream: body.stream_options?.include_usage === true,
    asksVerdict: false,
  }
}

const textOf = ({ answer }: Generation): string =>
  answer.blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')

function chunkOf({ answer, conversation }: Generation, text: string, isEnd: boolean): Json {
  const finish_reason = answer.stop === 'max_tokens' ? 'length' : 'stop'
  return {
    id: `cmpl-${identifier()}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: conversation.model,
    choices: [{ text, index: 0, logprobs: null, finish_reason: isEnd ? finish_reason : null }],
  }
}

function usageOf({ tokens }: Generation): Json {
  const prompt_tokens = tokens.in + tokens.cache_read + tokens.cache_write
  return { prompt_tokens, completion_tokens: tokens.out, total_tokens: prompt_tokens + tokens.out }
}
