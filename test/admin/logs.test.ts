/** The log over HTTP: parameters, answer shapes and errors of Bifrost's API, and what is ours beside them. */
import { describe, expect, it } from 'vitest'
import { answerDecoder } from '../../src/admin/decode-answer.ts'
import { logEntry } from '../../src/admin/log-entry.ts'
import { parseLogQuery } from '../../src/admin/log-query.ts'
import { getLog, listLogs, logRoutes } from '../../src/admin/logs.ts'
import { GatewayError } from '../../src/message/error.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'
import { openMemoryLogStore } from '../../src/stores/logs/memory.ts'
import type { LogQuery } from '../../src/stores/logs/port.ts'
import { agentSession } from '../stores/logs/agent-session.ts'
import { callContent, callRow, keep } from '../stores/logs/rows.ts'
import { ownRequest } from '../support/own-request.ts'

const decodeAnswer = answerDecoder([anthropic, openaiChat])

describe('GET /api/logs parameters', () => {
  const nothing: LogQuery = { metadata: {}, limit: 50, offset: 0, sortBy: 'timestamp', order: 'desc' }
  const rows: [query: string, expected: Partial<LogQuery>][] = [
    ['', {}],
    ['providers=anthropic,openai', { providers: ['anthropic', 'openai'] }],
    ['providers=%20anthropic%20,,&models=', { providers: ['anthropic'] }],
    [
      'models=claude-sonnet-4-5&status=success,error&objects=responses_stream',
      { models: ['claude-sonnet-4-5'], status: ['success', 'error'], objects: ['responses_stream'] },
    ],
    [
      'selected_key_ids=k1&virtual_key_ids=v1,v2&session_id=s1',
      { selectedKeyIds: ['k1'], virtualKeyIds: ['v1', 'v2'], sessionId: 's1' },
    ],
    [
      'start_time=2026-01-02T03:04:05Z&end_time=2026-01-02T03:04:05.678Z',
      { startTimeMs: 1_767_323_045_000, endTimeMs: 1_767_323_045_678 },
    ],
    [
      'start_time=2026-01-02T05:04:05%2B02:00&end_time=2026-01-02T05:04:05+02:00',
      { startTimeMs: 1_767_323_045_000, endTimeMs: 1_767_323_045_000 },
    ],
    [
      'min_latency=1.5&max_latency=2e3&min_tokens=0&max_tokens=10',
      { minLatencyMs: 1.5, maxLatencyMs: 2000, minTokens: 0, maxTokens: 10 },
    ],
    ['content_search=100%25_of%20it', { contentSearch: '100%_of it' }],
    ['metadata_team=red&metadata_a%20b=', { metadata: { team: 'red', 'a b': '' } }],
    [
      'limit=1000&offset=2000&sort_by=latency&order=asc',
      { limit: 1000, offset: 2000, sortBy: 'latency', order: 'asc' },
    ],
    ['sort_by=cost&missing_cost_only=true&unheard_of=1', { sortBy: 'cost', unpricedOnly: true }],
    ['min_cost=0.1&max_cost=2', { minCostNanodollars: 100_000_000, maxCostNanodollars: 2_000_000_000 }],
    ['request_classes=title,probe', { requestClasses: ['title', 'probe'] }],
    // No call has a rule yet, so none passes.
    ['providers=openai&routing_rule_ids=r1', { providers: [] }],
    ['routing_engine_used=governance', { providers: [] }],
  ]
  it.each(rows)('%j', (query, expected) => {
    expect(parseLogQuery(new URLSearchParams(query))).toEqual({ ...nothing, ...expected })
  })

  it('E4 metadata___proto__ is a key like any other', () => {
    const { metadata } = parseLogQuery(new URLSearchParams('metadata___proto__=x'))
    expect(Object.entries(metadata!)).toEqual([['__proto__', 'x']])
  })

  const wrong: [query: string, field: string, message: string][] = [
    ['limit=0', 'limit', 'limit: found "0", expected a whole number from 1 to 1000.'],
    ['limit=1001', 'limit', 'limit: found "1001", expected a whole number from 1 to 1000.'],
    ['limit=ten', 'limit', 'limit: found "ten", expected a whole number from 1 to 1000.'],
    ['offset=-1', 'offset', 'offset: found "-1", expected a whole number.'],
    [
      'start_time=yesterday',
      'start_time',
      'start_time: found "yesterday", expected a time such as 2026-01-31T09:30:00Z.',
    ],
    [
      'end_time=2026-13-01T00:00:00Z',
      'end_time',
      'end_time: found "2026-13-01T00:00:00Z", expected a time such as 2026-01-31T09:30:00Z.',
    ],
    [
      'start_time=1767323045',
      'start_time',
      'start_time: found "1767323045", expected a time such as 2026-01-31T09:30:00Z.',
    ],
    ['min_latency=NaN', 'min_latency', 'min_latency: found "NaN", expected a number that is not negative.'],
    ['max_tokens=1e999', 'max_tokens', 'max_tokens: found "1e999", expected a number that is not negative.'],
    ['sort_by=price', 'sort_by', 'sort_by: found "price", expected one of timestamp, latency, tokens, cost.'],
    ['order=up', 'order', 'order: found "up", expected one of desc, asc.'],
    [
      Array.from({ length: 1001 }, (_, at) => `metadata_${at}=`).join('&'),
      'metadata_',
      'metadata_: found "1001 of them", expected at most 100.',
    ],
    [`order=${'x'.repeat(500)}`, 'order', `order: found "${'x'.repeat(60)}…", expected one of desc, asc.`],
  ]
  it.each(wrong)('%.60s is refused', async (query, field, message) => {
    const { reader } = openMemoryLogStore(10)
    const refusal = listLogs(new URLSearchParams(query), reader)
    await expect(refusal).rejects.toThrow(GatewayError)
    await expect(refusal).rejects.toMatchObject({
      kind: 'invalid_request',
      status: 400,
      message,
      details: { field },
    })
  })
})

describe('GET /api/logs', () => {
  it('answers with a page, sums over all that match, and whether there is anything', async () => {
    const { writer, reader } = openMemoryLogStore(100)
    for (let n = 0; n < 5; n++) {
      writer.record(
        callRow({ id: `${n}`, timestampMs: n, latencyMs: n * 10, status: n === 0 ? 'error' : 'success' }),
      )
    }
    writer.record(
      callRow({ id: 'left', timestampMs: 9, status: 'cancelled', usage: undefined, cost: undefined }),
    )
    const { status, body } = await listLogs(new URLSearchParams('limit=2&offset=1'), reader)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      logs: [{ id: '4' }, { id: '3' }],
      pagination: { limit: 2, offset: 1, sort_by: 'timestamp', order: 'desc', total_count: 6 },
      stats: {
        total_requests: 6,
        success_rate: 80,
        total_tokens: 5 * 23_600,
        total_cost: 0.061905,
        total_cost_nanodollars: 5 * 12_381_000,
        unpriced_requests: 1,
      },
      has_logs: true,
      complete: true,
    })
    const none = await listLogs(new URLSearchParams('providers=nobody'), reader)
    expect(none.body).toMatchObject({
      logs: [],
      stats: { total_requests: 0, success_rate: 0 },
      has_logs: true,
    })
  })
})

describe('an entry', () => {
  const attempt = callRow({ id: '' }).attempts[0]!

  it('has the names of Bifrost and ours', () => {
    expect(logEntry(callRow({ id: 'a', metadata: { team: 'red' } }))).toEqual({
      id: 'a',
      timestamp: '2025-11-21T04:40:00.000Z',
      object: 'responses_stream',
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      number_of_retries: 0,
      fallback_index: 0,
      selected_key_id: 'key-1',
      selected_key_name: 'main',
      latency: 822.125,
      token_usage: {
        prompt_tokens: 23_312,
        prompt_tokens_details: { cached_read_tokens: 23_000, cached_write_tokens: 300 },
        completion_tokens: 288,
        completion_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 23_600,
      },
      cost: 0.012381,
      status: 'success',
      stream: true,
      metadata: { team: 'red' },
      created_at: '2025-11-21T04:40:00.000Z',
      session_id: 'session-1',
      user_agent: 'claude-cli/2.1.329 (external, cli)',
      protocol: 'anthropic',
      path: '/anthropic/v1/messages',
      http_status: 200,
      requested_model: 'claude-sonnet-4-5',
      mode: 'native',
      finish_reason: 'end_turn',
      time_to_first_token: 310.5,
      usage: {
        input_tokens: 12,
        cache_read_tokens: 23_000,
        cache_write_5m_tokens: 300,
        cache_write_1h_tokens: 0,
        output_tokens: 288,
      },
      usage_source: 'reported',
      cost_nanodollars: 12_381_000,
      cost_details: {
        nanodollars_by_kind: {
          input: 36_000,
          cache_read: 6_900_000,
          cache_write_5m: 1_125_000,
          output: 4_320_000,
        },
        price: 'anthropic/claude-sonnet-4-5',
        source: 'catalogue 2026-11-10',
      },
      request_class: 'main',
      attempts: [
        {
          provider: 'anthropic',
          model: 'claude-sonnet-4-5',
          key_name: 'main',
          reason: 'the only provider that serves it',
          status: 200,
          started_after: 1.25,
          duration: 812.5,
        },
      ],
      warnings: [],
      request_bytes: 49_411,
      response_bytes: 8_000,
    })
  })

  it('says why a cost is not known, and has none for rows of earlier versions', () => {
    const cost = { nanodollars: null, reason: 'ollama/x: no price is known' }
    expect(logEntry(callRow({ id: 'a', cost }))).toMatchObject({
      cost: null,
      cost_nanodollars: null,
      cost_details: { reason: cost.reason },
    })
    expect(logEntry(callRow({ id: 'a', cost: undefined }))).toMatchObject({
      cost: null,
      cost_nanodollars: null,
    })
  })

  it('shows what is counted beside tokens, and what other models did', () => {
    const usage = { ...callRow({ id: '' }).usage!, webSearches: 2, service: { tier: 'batch' } }
    const beside = [{ kind: 'advisor_message', model: 'claude-y', usage: callRow({ id: '' }).usage! }]
    expect(logEntry(callRow({ id: 'a', usage: { ...usage, beside } }))['usage']).toMatchObject({
      web_searches: 2,
      service: { tier: 'batch' },
      beside: [{ kind: 'advisor_message', model: 'claude-y', usage: { input_tokens: 12 } }],
    })
  })

  const target = (provider: string, model: string) => ({ ...attempt, provider, model })
  const repeated: [
    name: string,
    attempts: ReturnType<typeof target>[],
    retries: number,
    fallbacks: number,
  ][] = [
    ['never sent', [], 0, 0],
    ['one attempt', [target('a', 'm')], 0, 0],
    ['a retry', [target('a', 'm'), target('a', 'm')], 1, 0],
    ['a fallback', [target('a', 'm'), target('a', 'm'), target('b', 'm')], 0, 1],
    ['a fallback to another model, retried', [target('a', 'm'), target('a', 'n'), target('a', 'n')], 1, 1],
  ]
  it.each(repeated)('counts retries and fallbacks: %s', (_name, attempts, retries, fallbacks) => {
    const entry = logEntry(callRow({ id: 'a', attempts }))
    expect([entry['number_of_retries'], entry['fallback_index']]).toEqual([retries, fallbacks])
  })

  const failed: [name: string, changes: Parameters<typeof callRow>[0], details: unknown][] = [
    [
      'an upstream answered',
      {
        id: 'a',
        status: 'error',
        httpStatus: 529,
        error: { kind: 'overloaded', message: 'Overloaded' },
        attempts: [{ ...attempt, status: 529 }],
      },
      { is_bifrost_error: false, status_code: 529, error: { type: 'overloaded', message: 'Overloaded' } },
    ],
    [
      'the gateway refused',
      {
        id: 'a',
        status: 'error',
        httpStatus: 404,
        error: { kind: 'model_not_found', message: 'No such model' },
        attempts: [],
      },
      {
        is_bifrost_error: true,
        status_code: 404,
        error: { type: 'model_not_found', message: 'No such model' },
      },
    ],
    [
      'the client left',
      {
        id: 'a',
        status: 'cancelled',
        httpStatus: 499,
        error: { kind: 'client_closed', message: 'The client left.' },
      },
      {
        is_bifrost_error: false,
        status_code: 499,
        error: { type: 'request_cancelled', message: 'The client left.' },
      },
    ],
  ]
  it.each(failed)('says why it failed: %s', (_name, changes, details) => {
    expect(logEntry(callRow(changes))['error_details']).toEqual(details)
  })

  it.each([
    ['anthropic', 'generate', true, 'responses_stream'],
    ['anthropic', 'generate', false, 'responses'],
    ['openai-chat', 'generate', true, 'chat_completion_stream'],
    ['anthropic', 'count-tokens', false, 'count_tokens'],
  ] as const)('object of %s %s, stream %s: %s', (protocol, operation, stream, object) => {
    expect(logEntry(callRow({ id: 'a', protocol, operation, stream }))['object']).toBe(object)
  })

  it('names what was asked for where nothing served', () => {
    const row = callRow({ id: 'a', provider: undefined, model: undefined, attempts: [], usage: undefined })
    expect(logEntry(row)).toMatchObject({ provider: '', model: 'claude-sonnet-4-5', token_usage: undefined })
  })
})

describe('GET /api/logs/{id}', () => {
  it('has the bodies as they were, and decoded', async () => {
    const [, turn] = agentSession(2)
    const { writer, reader } = openMemoryLogStore(10)
    writer.record(callRow({ id: 'a' }))
    keep(writer, { ...callContent('a', turn!.request, turn!.response), responseIsStream: true })
    const { status, body } = await getLog('a', { logs: reader, decodeAnswer })
    const request = JSON.parse(turn!.request.toString()) as { messages: unknown[] }
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id: 'a',
      content_state: 'kept',
      raw_request: turn!.request.toString(),
      raw_response: turn!.response.toString(),
      input_history: request.messages,
      output_message: {
        role: 'assistant',
        content: [
          { type: 'text', text: expect.stringMatching(/^(\w+ ){59}\w+$/) },
          { type: 'tool-call', name: 'Read' },
        ],
        finish_reason: 'tool_use',
      },
      response_truncated_bytes: 0,
    })
  })

  it('without bodies says what became of them', async () => {
    const { writer, reader } = openMemoryLogStore(10)
    writer.record(callRow({ id: 'a' }))
    const { body } = await getLog('a', { logs: reader, decodeAnswer })
    expect(body).toMatchObject({ content_state: 'none' })
    expect(body).not.toHaveProperty('raw_request')
  })

  it.each(['b', '', '__proto__', '../a', 'a%00'])('I7 %j is 404', async (id) => {
    const { writer, reader } = openMemoryLogStore(10)
    writer.record(callRow({ id: 'a' }))
    await expect(getLog(id, { logs: reader, decodeAnswer })).rejects.toMatchObject({
      kind: 'not_found',
      status: 404,
    })
  })
})

describe('decoding an answer', () => {
  const event = (data: Record<string, unknown>) =>
    `event: ${String(data['type'])}\ndata: ${JSON.stringify(data)}\n\n`
  const opened =
    event({
      type: 'message_start',
      message: {
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    }) +
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'half an ans' } })
  const text = (value: string) => [{ type: 'text', text: value }]
  const rows: [
    name: string,
    protocol: 'anthropic' | 'openai-chat' | 'gemini',
    wire: string,
    isStream: boolean,
    expected: unknown,
  ][] = [
    [
      'a whole Anthropic answer',
      'anthropic',
      '{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}',
      false,
      { content: text('hi'), finish: { unified: 'end', raw: 'end_turn' }, error: undefined },
    ],
    [
      'a whole chat answer',
      'openai-chat',
      '{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}',
      false,
      { content: text('hi'), finish: { unified: 'end', raw: 'stop' }, error: undefined },
    ],
    [
      'a stream that was cut',
      'anthropic',
      opened,
      true,
      { content: text('half an ans'), finish: undefined, error: expect.any(String) },
    ],
    [
      'a stream that failed',
      'anthropic',
      opened + event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
      true,
      { content: text('half an ans'), finish: undefined, error: 'Overloaded' },
    ],
    [
      'a stream that was refused with JSON',
      'anthropic',
      '{"type":"error","error":{"type":"api_error","message":"no"}}',
      true,
      { content: [], finish: undefined, error: expect.any(String) },
    ],
    ['nothing', 'anthropic', '', true, { content: [], finish: undefined, error: expect.any(String) }],
    [
      'no JSON',
      'openai-chat',
      '<html>',
      false,
      { content: [], finish: undefined, error: expect.any(String) },
    ],
    [
      'a protocol that is not spoken',
      'gemini',
      '{}',
      false,
      { content: [], finish: undefined, error: undefined },
    ],
  ]
  it.each(rows)('%s', (_name, protocol, wire, isStream, expected) => {
    expect(decodeAnswer(protocol, Buffer.from(wire), isStream)).toMatchObject(expected as object)
  })
})

it('GET /api/logs/dropped counts what was lost', async () => {
  const routes = logRoutes({
    logs: openMemoryLogStore(0).reader,
    shedContents: () => 3,
    lostRows: () => 2,
    decodeAnswer,
  })
  const route = routes.find(({ path }) => path === '/api/logs/dropped')!
  const answer = await route.handler(ownRequest())
  expect(answer).toEqual({ status: 200, body: { dropped_requests: 2, dropped_contents: 3 } })
})
