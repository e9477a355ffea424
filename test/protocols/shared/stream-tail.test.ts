import { describe, expect, it } from 'vitest'

import { StreamTail } from '../../../src/protocols/shared/stream-tail.ts'

const EVENT = 'event: ping\ndata: {}\n\n'

describe('B9 what a ping may be put behind', () => {
  it.each([
    ['nothing', '', 'between-events'],
    ['an event', EVENT, 'between-events'],
    ['an event, CRLF', EVENT.replaceAll('\n', '\r\n'), 'between-events'],
    ['the first line of one', 'event: ping\n', 'between-lines'],
    ['the first line of one, CRLF', 'event: ping\r\n', 'between-lines'],
    ['half a line', 'event: pi', 'inside-line'],
    ['half an end of line: the other half would end the event', 'data: {}\r', 'inside-line'],
    ['half of the last end of line', 'data: {}\r\n\r', 'inside-line'],
  ] as const)('%s', (_name, wire, position) => {
    const whole = new StreamTail()
    whole.push(new TextEncoder().encode(wire))
    expect(whole.position).toBe(position)
    const sliced = new StreamTail()
    for (const byte of new TextEncoder().encode(wire)) sliced.push(Uint8Array.of(byte))
    expect(sliced.position).toBe(position)
  })
})
