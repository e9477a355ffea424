import { describe, expect, it } from 'vitest'
import { fetchText } from '../../src/wire/fetch-text.ts'
import type { Part } from '../support/provider/parts.ts'
import { newEgress, upstreamOf, whole } from '../support/upstream.ts'

async function fetched(...parts: Part[]): Promise<string> {
  const upstream = await upstreamOf(() => parts)
  return fetchText(newEgress(), new URL(`${upstream.url}/table.json?x=1`))
}

describe('the text at an address', () => {
  it('comes whole', async () => {
    expect(await fetched(...whole(Buffer.from('{"a":"ü"}')))).toBe('{"a":"ü"}')
  })

  it.each<[string, Part[], RegExp]>([
    ['not found', ['HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n'], /status 404 instead of a table/],
    [
      'elsewhere',
      ['HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n'],
      /302|redirect/i,
    ],
    [
      'endless',
      ['HTTP/1.1 200 OK\r\n\r\n', ...Array.from({ length: 40 }, () => Buffer.alloc(1024 * 1024, 'x'))],
      /more than 33554432 bytes/,
    ],
  ])('is refused when it is %s', async (_, parts, message) => {
    await expect(fetched(...parts)).rejects.toThrow(message)
  })
})
