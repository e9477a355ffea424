/** I13: secrets that an error, a header or a URL brings along do not reach the disk. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readLine, rowLine } from '../../../src/stores/logs/journal-lines.ts'
import type { CallRow } from '../../../src/stores/logs/port.ts'
import { callRow } from './rows.ts'
import { openTestStore } from './support.ts'

/** Shaped like the real ones, and none of them one. */
const canaries = {
  'an Anthropic key': 'sk-ant-api03-CANARY0000000000000000000000000000000000-AA',
  'an Anthropic login': 'sk-ant-oat01-CANARY00000000000000000000',
  'an OpenAI key': 'sk-proj-CANARY00000000000000000000000000',
  'an OpenRouter key': 'sk-or-v1-CANARY0000000000000000000000000000',
  'a virtual key': 'sk-bf-CANARY00-0000-4000-8000-000000000000',
  'a Groq key': 'gsk_CANARY000000000000000000000000000000',
  'a Google key': 'AIzaCANARY00000000000000000000000000000',
  'a Google token': 'ya29.CANARY-0000000000000',
  'an AWS key id': 'AKIACANARY0000000000',
  'an AWS session key id': 'ASIACANARY0000000000',
  'a GitHub token': 'ghp_CANARY000000000000000000000000000000',
  'a Hugging Face token': 'hf_CANARY000000000000000000000000000000',
  'an xAI key': 'xai-CANARY0000000000000000000000',
  'a JSON web token': 'eyJCANARY0000000.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-CANARY',
  'a bearer token': 'Bearer CANARY-opaque/token+0==',
  'a URL with a key': 'https://api.example.com/v1/models?alt=sse&key=CANARY000&x=1',
  'a URL with a signature': 'https://b.example.com/o?X-Amz-Signature=CANARY000',
  'a private key': '-----BEGIN RSA PRIVATE KEY-----\nMIICANARY000\nCANARY/+=\n-----END RSA PRIVATE KEY-----',
}

const places: [name: string, put: (secret: string) => Partial<CallRow>][] = [
  ['the error', (secret) => ({ error: { kind: 'upstream_error', message: `said "${secret}", then more` } })],
  [
    'an attempt',
    (secret) => ({ attempts: [{ ...callRow({ id: '' }).attempts[0]!, error: `401: ${secret}` }] }),
  ],
  ['a logged header', (secret) => ({ metadata: { 'x-bf-lh-note': secret } })],
  [
    'a path, beside an error',
    (secret) => ({ path: `/v1/${secret}`, error: { kind: 'internal', message: '' } }),
  ],
]

describe.each(places)('in %s', (_place, put) => {
  it.each(Object.entries(canaries))('%s', (_name, secret) => {
    const line = rowLine(callRow({ id: 'a', ...put(secret) }))
    expect(line).not.toContain('CANARY')
    expect(line).toContain('[redacted]')
    expect(readLine(line)).toMatchObject({ row: { id: 'a' } })
  })
})

it.each([
  'authorization',
  'Proxy-Authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-bf-vk',
])('the whole value of the logged header %s, whatever its shape', (name) => {
  const line = rowLine(callRow({ id: 'a', metadata: { [name]: 'pass"word\\', other: 'stays' } }))
  expect(readLine(line)).toMatchObject({ row: { metadata: { [name]: '[redacted]', other: 'stays' } } })
})

it('leaves other text alone', () => {
  const error = {
    kind: 'context_overflow',
    message: 'prompt is too long: 205000 tokens > 200000 maximum; see ?page=2, task-force, risk-free',
  }
  const row = callRow({ id: 'a', error, metadata: { 'x-team': 'red', basic: 'basic auth is not for us' } })
  expect(readLine(rowLine(row))).toMatchObject({ row: JSON.parse(JSON.stringify(row)) })
})

/** The pattern of a web token read on from each of them to the end: 8 s for 80 KB, in the thread that serves. */
it('E2 what looks like the beginning of many tokens is read in linear time', () => {
  const message = 'eyJ-'.repeat(500_000)
  const row = callRow({ id: 'a', error: { kind: 'model_not_found', message } })
  expect(readLine(rowLine(row))).toMatchObject({ row: { error: { message } } })
})

it('neither the journal nor the database holds one', async () => {
  const store = openTestStore()
  for (const [name, secret] of Object.entries(canaries)) {
    for (const [, put] of places) store.writer.record(callRow({ id: name, ...put(secret) }))
  }
  const journal = `${store.path}.journal`
  const written = readdirSync(journal).map((name) => readFileSync(join(journal, name)))
  await store.writer.flush()
  written.push(readFileSync(store.path), readFileSync(`${store.path}-wal`))
  expect(written.map((bytes) => bytes.includes('CANARY'))).toEqual(written.map(() => false))
})
