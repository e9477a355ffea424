import { expect, it } from 'vitest'
import { ask } from '../../src/wire/ask.ts'
import type { Part } from '../support/provider/parts.ts'
import { newEgress, upstreamAt, upstreamOf, whole } from '../support/upstream.ts'

const GET = { method: 'GET', path: '/token', headers: {}, body: undefined } as const

async function asked(parts: Part[], limits = { maxBytes: 100, timeoutMs: 5000 }, changes = {}) {
  const upstream = await upstreamOf(() => parts)
  return ask(newEgress(), upstreamAt(upstream.url, changes), GET, limits)
}

const ANSWERS: [title: string, parts: Part[], expected: object][] = [
  ['a short one', whole('{"a":1}', 'x-name: value'), { status: 200, text: '{"a":1}', headers: { 'x-name': 'value' } }],
  ['one in pieces, through a letter', ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n', Buffer.from([0xc3]), Buffer.from([0xa9])], { text: 'é' }],
  ['an error', ['HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno'], { status: 403, text: 'no' }],
  ['one of exactly the limit', whole('x'.repeat(100)), { status: 200, text: 'x'.repeat(100) }],
] // prettier-ignore

it.each(ANSWERS)('reads %s', async (_title, parts, expected) => {
  expect(await asked(parts)).toMatchObject(expected)
})

const FAILURES: [title: string, parts: Part[], limits: object, kind: string][] = [
  ['an answer that is too long', whole('x'.repeat(101)), {}, 'upstream_malformed'],
  ['an answer without end', ['HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(70_000), 'hang'], {}, 'upstream_malformed'],
  ['an answer that never comes', ['hang'], { timeoutMs: 50 }, 'upstream_timeout'],
  ['an answer that stops half-way', ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', 'hang'], { timeoutMs: 50 }, 'upstream_timeout'],
  ['an answer that breaks off', ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', 'close'], {}, 'upstream_truncated'],
  ['a redirect', ['HTTP/1.1 302 Found\r\nlocation: http://x.example/\r\ncontent-length: 0\r\n\r\n'], {}, 'upstream_malformed'],
] // prettier-ignore

it.each(FAILURES)('fails on %s', async (_title, parts, limits, kind) => {
  await expect(asked(parts, { maxBytes: 100, timeoutMs: 5000, ...limits })).rejects.toMatchObject({ kind })
})

it('fails where nothing may be connected to, before it is', async () => {
  await expect(asked([], undefined, { origin: 'http://169.254.169.254' })).rejects.toMatchObject({
    kind: 'upstream_unreachable',
  })
})
