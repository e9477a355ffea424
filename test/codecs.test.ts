import { runInNewContext } from 'node:vm'
import { rolldown } from 'rolldown'
import { beforeAll, expect, it } from 'vitest'

type Worker = { fetch(request: Request, environment: object): Promise<Response> }

/** What every worker host has. No process, no Buffer, no require: a codec that reached for Node would fail here. */
const WEB = {
  AbortController, atob, Blob, btoa, crypto, Headers, ReadableStream, Request, Response, structuredClone, TextDecoder, TextEncoder,
  TransformStream, Uint8Array, URL, URLSearchParams,
} // prettier-ignore

const ENVIRONMENT = { UPSTREAM_URL: 'https://chat.example/v1', UPSTREAM_KEY: 'key', UPSTREAM_MODEL: 'gpt-4o' }

let asked: { url: string; body: Record<string, unknown> } | undefined
let answer: () => Response

const fetchUpstream = async (url: string, { body }: { body: string }): Promise<Response> => {
  asked = { url, body: JSON.parse(body) as Record<string, unknown> }
  return answer()
}

let worker: Worker

beforeAll(async () => {
  const bundle = await rolldown({
    input: 'examples/worker/worker.ts',
    platform: 'neutral',
    resolve: { alias: { 'signalbox/codecs': new URL('../src/codecs.ts', import.meta.url).pathname } },
    onLog: (level, log) => expect.fail(`${level}: ${log.message}`),
  })
  const { output } = await bundle.generate({ format: 'iife', name: 'worker' })
  worker = runInNewContext(`${output[0].code}\nworker`, { ...WEB, fetch: fetchUpstream }) as Worker
})

const call = (stream: boolean) =>
  worker.fetch(
    new Request('https://edge.example/v1/messages', {
      method: 'POST',
      body: JSON.stringify({
        model: 'claude-opus-5-5',
        max_tokens: 100,
        stream,
        tools: [
          { name: 'Bash', input_schema: { type: 'object', properties: { command: { type: 'string' } } } },
        ],
        messages: [{ role: 'user', content: 'List the files' }],
      }),
    }),
    ENVIRONMENT,
  )

const CALL = { id: 'call_1', type: 'function', function: { name: 'Bash', arguments: '{"command":"ls"}' } }
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

it('a worker without Node answers with a tool call', async () => {
  answer = () =>
    Response.json({
      id: 'chatcmpl-1',
      choices: [
        { index: 0, finish_reason: 'tool_calls', message: { role: 'assistant', tool_calls: [CALL] } },
      ],
      usage: USAGE,
    })
  const body = (await (await call(false)).json()) as Record<string, unknown>
  expect(asked).toMatchObject({ url: 'https://chat.example/v1/chat/completions', body: { model: 'gpt-4o' } })
  expect(body).toMatchObject({
    type: 'message',
    stop_reason: 'tool_use',
    content: [{ type: 'tool_use', id: 'call_1', name: 'Bash', input: { command: 'ls' } }],
    usage: { input_tokens: 10, output_tokens: 5 },
  })
})

it('a worker without Node streams a tool call', async () => {
  const chunks = [
    { choices: [{ index: 0, delta: { role: 'assistant', tool_calls: [{ index: 0, ...CALL }] } }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }], usage: USAGE },
  ]
  const wire = [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'].join('')
  answer = () => new Response(wire)
  const events = [...(await (await call(true)).text()).matchAll(/^event: (.*)$/gm)].map((match) => match[1])
  expect([...new Set(events)]).toEqual([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
})

it('a worker without Node tells a failure in the client’s words', async () => {
  answer = () => Response.json({ error: { message: 'slow down', type: 'rate_limit' } }, { status: 429 })
  const response = await call(true)
  expect(response.status).toBe(429)
  expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
})
