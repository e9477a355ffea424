import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { SIDES, ask } from '../../reliability/rig/rig.ts'
import { RawCall, type RawAnswer } from '../../reliability/rig/raw-call.ts'
import { CHAT, CLAUDE, CLAUDE_BLOCK } from '../../reliability/rig/wires.ts'
import { exactly, eventsOf, exchange, type Pair, startPair, streamOf } from './exchange.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
}, 60_000)
afterAll(() => pair?.close())

const MODEL = 'claude-opus-5-5'
const FOREIGN = 'openai/gpt-5'
const BOTH = [false, true]

/** What Anthropic says, on which Claude Code does something else than show it: it goes by these very words. */
const WORDINGS: [reaction: string, status: number, type: string, message: string][] = [
  ['compacts', 400, 'invalid_request_error', 'prompt is too long: 213462 tokens > 200000 maximum'],
  [
    'asks for less output',
    400,
    'invalid_request_error',
    'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again',
  ],
  ['compacts', 400, 'invalid_request_error', 'capability_rejected: prompt_too_long'],
  [
    'strips thinking',
    400,
    'invalid_request_error',
    'messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation',
  ],
  [
    'strips thinking',
    400,
    'invalid_request_error',
    'messages.3.content.0: Invalid `signature` in `thinking` block',
  ],
  [
    'strips thinking',
    400,
    'invalid_request_error',
    'messages.5.content.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.',
  ],
  [
    'leaves the field out',
    400,
    'invalid_request_error',
    'context_management: Extra inputs are not permitted',
  ],
  [
    'leaves the field out',
    400,
    'invalid_request_error',
    'messages.1.output_config: Extra inputs are not permitted',
  ],
  [
    'leaves the beta out',
    400,
    'invalid_request_error',
    'Unexpected value(s) `per-turn-control-2026-07-01` for the `anthropic-beta` header.',
  ],
  [
    'folds system messages',
    400,
    'invalid_request_error',
    "messages.1.role: Input should be 'user' or 'assistant'",
  ],
  [
    'folds system messages',
    400,
    'invalid_request_error',
    'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter.',
  ],
  ['asks without effort', 400, 'invalid_request_error', 'This model does not support the effort parameter.'],
  ['asks for a budget', 400, 'invalid_request_error', 'adaptive thinking is not supported on this model'],
  [
    'leaves the tool out',
    400,
    'invalid_request_error',
    "tools.3: Input tag 'advisor_20260301' found using 'type' does not match any of the expected tags",
  ],
  ['leaves the field out', 400, 'invalid_request_error', 'safeguards: Extra inputs are not permitted'],
  [
    'shows it, without a retry',
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  ],
  [
    'removes the image',
    400,
    'invalid_request_error',
    'messages.2.content.1.image.source.base64: image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes',
  ],
  [
    'removes the image',
    400,
    'invalid_request_error',
    'messages.0.content.3.image.source.base64.data: At least one of the image dimensions exceed max allowed size for many-image requests: 2000 pixels',
  ],
  ['removes the file', 400, 'invalid_request_error', 'The PDF specified was not valid.'],
  ['tells to sign in', 401, 'authentication_error', 'invalid x-api-key'],
  [
    'signs in anew',
    401,
    'authentication_error',
    'OAuth token has expired. Please obtain a new token or refresh your existing token.',
  ],
  ['shows it', 402, 'billing_error', 'Payment required'],
  ['shows it', 403, 'permission_error', 'Your account does not have access to Claude Code.'],
  ['names the model', 404, 'not_found_error', 'model: claude-opus-5-5'],
  [
    'says: Request too large',
    413,
    'request_too_large',
    'Request exceeds the maximum allowed number of bytes.',
  ],
  ['waits', 429, 'rate_limit_error', 'This request would exceed your account’s rate limit.'],
  ['repeats', 500, 'api_error', 'Internal server error'],
  ['repeats', 529, 'overloaded_error', 'Overloaded'],
]

describe('contract: Anthropic’s errors reach the client byte for byte', () => {
  const rows = WORDINGS.flatMap((row) => BOTH.map((stream) => [...row, stream] as const))

  it.each(rows)('Claude Code %s: %i %s %s, stream: %s', async (_reaction, status, type, message, stream) => {
    // Spaced and with a field as no serializer here would write it.
    const body = `{"type": "error", "error": {"details": null, "type": "${type}", "message": ${JSON.stringify(message)}}, "request_id": "req_up1"}`
    const reply = exactly(body, { 'request-id': 'req_up1' }, status)
    const answer = await exchange(pair, { body: ask(MODEL, 'Hi', { stream }) }, reply)
    expect([answer.status, answer.text, answer.headers.get('request-id')]).toEqual([status, body, 'req_up1'])
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    // One call is one request: the client does the repeating, here as it does without a gateway.
    expect(answer.seen).toHaveLength(1)
  })

  it('a page of a proxy in between, too', async () => {
    const page = '<html><head><title>502 Bad Gateway</title></head></html>'
    const reply = exactly(page, { 'content-type': 'text/html' }, 502)
    const { status, text, headers } = await exchange(pair, { body: ask(MODEL, 'Hi') }, reply)
    expect([status, text, headers.get('content-type')]).toEqual([502, page, 'text/html'])
  })
})

const openai = (message: string, type: string | null = 'invalid_request_error', code: string | null = null) =>
  JSON.stringify({ error: { message, type, param: null, code } })

interface Foreign {
  name: string
  status: number
  body: string
  headers?: Record<string, string>
  told: { status: number; type: string; message: string; headers?: Record<string, string> }
}

/** What others say, and the words of Anthropic's on which Claude Code acts, or their own. */
const FOREIGN_ERRORS: Foreign[] = [
  {
    name: 'L1 L2 the prompt alone is too long',
    status: 400,
    body: openai(
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9059 tokens.",
      'invalid_request_error',
      'context_length_exceeded',
    ),
    told: {
      status: 400,
      type: 'invalid_request_error',
      message: 'prompt is too long: 9059 tokens > 8192 maximum',
    },
  },
  {
    name: 'L1 less output would fit',
    status: 400,
    body: openai(
      'The model supports a maximum context length of 262144 tokens. You requested a total of 262462 tokens: 230462 tokens from the input messages and 32000 tokens for the completion.',
    ),
    told: {
      status: 400,
      type: 'invalid_request_error',
      message:
        'input length and `max_tokens` exceed context limit: 230462 + 32000 > 262144, decrease input length or `max_tokens` and try again',
    },
  },
  {
    name: 'an image that is too large keeps its words',
    status: 400,
    body: openai('Image is too large: the maximum is 20 MB.', 'invalid_request_error', 'image_too_large'),
    told: {
      status: 400,
      type: 'invalid_request_error',
      message: 'Image is too large: the maximum is 20 MB.',
    },
  },
  {
    name: '401',
    status: 401,
    body: openai('Incorrect API key provided: sk-...', 'invalid_request_error', 'invalid_api_key'),
    told: { status: 401, type: 'authentication_error', message: 'Incorrect API key provided: sk-...' },
  },
  {
    name: '402, as OpenAI says it with 429',
    status: 429,
    body: openai('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'),
    told: { status: 402, type: 'billing_error', message: 'You exceeded your current quota' },
  },
  {
    name: '403',
    status: 403,
    body: openai('Country not supported', 'request_forbidden'),
    told: { status: 403, type: 'permission_error', message: 'Country not supported' },
  },
  {
    name: '404',
    status: 404,
    body: openai('The model `gpt-5` does not exist', 'invalid_request_error', 'model_not_found'),
    told: { status: 404, type: 'not_found_error', message: 'The model `gpt-5` does not exist' },
  },
  {
    name: 'L3 413',
    status: 413,
    body: openai('Request too large'),
    told: { status: 413, type: 'request_too_large', message: 'Request too large' },
  },
  {
    name: 'L5 429, and when to come back',
    status: 429,
    headers: { 'retry-after-ms': '1201' },
    body: openai('Rate limit reached', 'requests', 'rate_limit_exceeded'),
    told: {
      status: 429,
      type: 'rate_limit_error',
      message: 'Rate limit reached',
      headers: { 'retry-after': '2' },
    },
  },
  {
    name: 'L5 429, with a date, which Claude Code cannot read',
    status: 429,
    headers: { 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT', date: 'Sat, 21 Nov 2026 10:00:00 GMT' },
    body: openai('Rate limit reached', 'requests', 'rate_limit_exceeded'),
    told: {
      status: 429,
      type: 'rate_limit_error',
      message: 'Rate limit reached',
      headers: { 'retry-after': '30' },
    },
  },
  {
    name: '500',
    status: 500,
    body: openai('The server had an error', 'server_error'),
    told: { status: 500, type: 'api_error', message: 'The server had an error' },
  },
  {
    name: 'L5 500, and not to come back',
    status: 500,
    headers: { 'x-should-retry': 'false' },
    body: openai('The server had an error', 'server_error'),
    told: {
      status: 500,
      type: 'api_error',
      message: 'The server had an error',
      headers: { 'x-should-retry': 'false' },
    },
  },
  {
    name: 'overloaded is 529',
    status: 503,
    body: openai('The engine is currently overloaded', 'server_error', 'engine_overloaded'),
    told: { status: 529, type: 'overloaded_error', message: 'The engine is currently overloaded' },
  },
]

describe('contract: errors of other kinds in Anthropic’s form and words', () => {
  const rows = FOREIGN_ERRORS.flatMap((row) => BOTH.map((stream) => ({ ...row, stream })))

  it.each(rows)('$name, stream: $stream', async ({ status, body, headers = {}, told, stream }) => {
    const reply = exactly(body, headers, status)
    const answer = await exchange(pair, { body: ask(FOREIGN, 'Hi', { stream }) }, reply)
    expect(answer.status).toBe(told.status)
    expect(answer.headers.get('content-type')).toBe('application/json')
    const request_id = answer.headers.get('request-id')
    expect(JSON.parse(answer.text)).toEqual({
      type: 'error',
      error: { type: told.type, message: told.message },
      request_id,
    })
    expect(Object.fromEntries(answer.headers)).toMatchObject(told.headers ?? {})
    expect(answer.seen).toHaveLength(1)
  })
})

describe('contract: errors inside a stream', () => {
  const started = {
    claude: CLAUDE.opening + CLAUDE_BLOCK + CLAUDE.text('word'),
    chat: CHAT.opening + CHAT.text('word'),
  }

  it('Anthropic’s own event is the last, and unchanged', async () => {
    const event = CLAUDE.errorEvent('Overloaded')
    const { status, text, ended } = await broken(MODEL, started.claude, event)
    expect([status, text, ended]).toEqual([200, started.claude + event, 'cut'])
  })

  it.each([
    ['overloaded', { message: 'Busy', type: 'server_error', code: 'overloaded' }, 'overloaded_error'],
    ['a rate limit', { message: 'Slow', type: 'rate_limit_error', code: 429 }, 'rate_limit_error'],
    ['anything else', { message: 'CUDA', type: 'server_error', code: 500 }, 'api_error'],
  ])('B15 of another kind: %s', async (_what, error, type) => {
    const { text } = await broken(FOREIGN, started.chat, `data: ${JSON.stringify({ error })}\n\n`)
    const events = eventsOf(text)
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type, message: error.message } })
    expect(events.map((event) => event.type)).not.toContain('message_stop')
  })

  it.each([
    ['native', MODEL, CLAUDE.opening + CLAUDE.errorEvent('Overloaded'), 529, 'overloaded_error'],
    [
      'translated',
      FOREIGN,
      `data: ${JSON.stringify({ error: { message: 'Overloaded', code: 'overloaded' } })}\n\n`,
      529,
      'overloaded_error',
    ],
  ])(
    'B8 before the first word it is a status, so that the client repeats: %s',
    async (_side, model, wire, status, type) => {
      const answer = await exchange(pair, { body: ask(model, 'Hi', { stream: true }) }, streamOf(wire))
      expect(answer.status).toBe(status)
      expect(JSON.parse(answer.text)).toMatchObject({ type: 'error', error: { type, message: 'Overloaded' } })
    },
  )

  /** What a client gets of a stream that breaks off with an error, when its first words have arrived. */
  async function broken(model: string, begun: string, error: string): Promise<RawAnswer> {
    pair.provider.reply({ chunks: [begun, { pause_ms: 100 }, error] })
    const body = JSON.stringify(ask(model, 'Hi', { stream: true }))
    return new RawCall(pair.gateway.url, { path: '/anthropic/v1/messages', body }).answer()
  }
})

describe('contract: of several failures the one is told that Claude Code can mend', () => {
  let keys: Pair
  // A gateway that has met none of the failures: keys that failed are left out for a while.
  beforeEach(async () => {
    keys = await startPair({ second: 'sk-second-contract-2d4f6b8a', network: { max_retries: 2 } })
  }, 60_000)
  afterEach(() => keys?.close())

  const OTHERS = { 401: 'invalid key', 429: 'Slow down', 529: 'Overloaded' }
  const cases = Object.entries(OTHERS).flatMap(([status, words]) =>
    SIDES.map((side) => ({ status, words, side })),
  )

  it.each(cases)('L4 too long a prompt behind a $status, $side.side', async ({ status, words, side }) => {
    keys.provider.script([
      exactly(side.wire.errorBody(words, 'x'), {}, Number(status)),
      exactly(side.wire.errorBody('prompt is too long: 213462 tokens > 200000 maximum'), {}, 400),
    ])
    const answer = await exchange(keys, { body: ask(side.model, 'Hi') })
    expect([answer.status, answer.seen.length]).toEqual([400, 2])
    expect(JSON.parse(answer.text).error.message).toBe('prompt is too long: 213462 tokens > 200000 maximum')
  })

  it.each(SIDES)('L4 and nothing is tried behind it, $side', async (side) => {
    keys.provider.reply(exactly(side.wire.errorBody('prompt is too long: 9 tokens > 8 maximum'), {}, 400))
    const answer = await exchange(keys, { body: ask(side.model, 'Hi') })
    expect([answer.status, answer.seen.length]).toEqual([400, 1])
  })
})

describe('contract: the gateway’s own errors are Anthropic’s in form', () => {
  const post = '/anthropic/v1/messages'
  it.each<
    [name: string, path: string, method: string, body: unknown, status: number, type: string, message: RegExp]
  >([
    ['no JSON', post, 'POST', '{"model":', 400, 'invalid_request_error', /JSON/],
    ['no model', post, 'POST', { messages: [] }, 400, 'invalid_request_error', /^model: Field required$/],
    ['no such model', post, 'POST', ask('mystery', 'Hi'), 404, 'not_found_error', /^model: mystery /],
    [
      'a wrong field, to another kind',
      post,
      'POST',
      { model: FOREIGN, max_tokens: 1, messages: 'Hi' },
      400,
      'invalid_request_error',
      /^messages: Input should be a valid list$/,
    ],
    ['no such path', '/anthropic/v1/nothing', 'POST', {}, 404, 'not_found_error', /nothing/],
    ['no such method', post, 'DELETE', undefined, 405, 'invalid_request_error', /POST/],
  ])('%s', async (_name, path, method, body, status, type, message) => {
    const answer = await exchange(pair, { path, method, ...(body !== undefined && { body }) })
    expect([answer.status, answer.seen]).toEqual([status, []])
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(JSON.parse(answer.text)).toEqual({
      type: 'error',
      error: { type, message: expect.stringMatching(message) },
      request_id: answer.headers.get('request-id'),
    })
  })

  it.each(SIDES)('a provider that is not there, $side', async (side) => {
    pair.provider.reply({ chunks: ['reset'] }, { path: side.wire.path })
    const { status, text } = await exchange(pair, { body: ask(side.model, 'Hi') })
    expect([status, JSON.parse(text)]).toMatchObject([502, { type: 'error', error: { type: 'api_error' } }])
  })
})
