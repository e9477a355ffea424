/** Answers as an upstream writes them, for cases where every byte counts. Text in it must need no JSON escape. */
export interface Wire {
  /** Where a generation arrives at the provider. */
  path: RegExp
  /** The answer has begun, and nothing of it was said. */
  opening: string
  text: (words: string) => string
  /** Everything between the last word and the end: stop reason, usage, end mark. */
  closing: string
  /** The end mark alone. */
  endMark: string
  keepAlive: string
  errorEvent: (message: string) => string
  whole: (words: string) => string
  errorBody: (message: string, type?: string) => string
}

/** Tokens that every answer here reports, each physical token in one bucket. */
export const USAGE = { input: 11, cached: 5, output: 7 }

const event = (data: { type: string } & Record<string, unknown>) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`

const claudeUsage = {
  input_tokens: USAGE.input,
  cache_read_input_tokens: USAGE.cached,
  cache_creation_input_tokens: 0,
  output_tokens: USAGE.output,
}
const message = { id: 'msg_up1', type: 'message', role: 'assistant', model: 'claude-opus-5-5' }

export const CLAUDE: Wire = {
  path: /\/v1\/messages$/,
  opening: event({
    type: 'message_start',
    message: {
      ...message,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...claudeUsage, output_tokens: 1 },
    },
  }),
  text: (words) =>
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: words } }),
  closing:
    event({ type: 'content_block_stop', index: 0 }) +
    event({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: claudeUsage,
    }) +
    event({ type: 'message_stop' }),
  endMark: event({ type: 'message_stop' }),
  keepAlive: event({ type: 'ping' }),
  errorEvent: (text) => event({ type: 'error', error: { type: 'overloaded_error', message: text } }),
  whole: (words) =>
    JSON.stringify({
      ...message,
      content: [{ type: 'text', text: words }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: claudeUsage,
    }),
  errorBody: (text, type = 'invalid_request_error') =>
    JSON.stringify({ type: 'error', error: { type, message: text }, request_id: 'req_up1' }),
}

/** The first words of a Claude answer open its block. */
export const CLAUDE_BLOCK = event({
  type: 'content_block_start',
  index: 0,
  content_block: { type: 'text', text: '' },
})

const chunkFields = { id: 'chatcmpl-up1', object: 'chat.completion.chunk', created: 1, model: 'gpt-5' }
const chunk = (delta: unknown, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ ...chunkFields, choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const chatUsage = {
  prompt_tokens: USAGE.input + USAGE.cached,
  completion_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.cached + USAGE.output,
  prompt_tokens_details: { cached_tokens: USAGE.cached },
}

export const CHAT: Wire = {
  path: /\/chat\/completions$/,
  opening: chunk({ role: 'assistant', content: '' }),
  text: (words) => chunk({ content: words }),
  closing: `${chunk({}, 'stop')}data: ${JSON.stringify({ ...chunkFields, choices: [], usage: chatUsage })}\n\ndata: [DONE]\n\n`,
  endMark: 'data: [DONE]\n\n',
  keepAlive: ': keep-alive\n\n',
  errorEvent: (text) => `data: ${JSON.stringify({ error: { message: text, type: 'server_error' } })}\n\n`,
  whole: (words) =>
    JSON.stringify({
      id: 'chatcmpl-up1',
      object: 'chat.completion',
      created: 1,
      model: 'gpt-5',
      choices: [{ index: 0, message: { role: 'assistant', content: words }, finish_reason: 'stop' }],
      usage: chatUsage,
    }),
  errorBody: (text, type = 'invalid_request_error') =>
    JSON.stringify({ error: { message: text, type, param: null, code: null } }),
}
