import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import { FramedPassage } from '../../src/pipeline/framed-passage.ts'
import type { Passage } from '../../src/pipeline/passage.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'
import { awsChunks, awsEvents } from '../../src/wire/aws-eventstream.ts'
import { sse } from '../../src/wire/framing.ts'
import type { Frame, Framing } from '../../src/wire/framing.ts'
import { slice, slices } from '../support/sse.ts'

const THROTTLED: Frame = { event: 'exception/throttlingException', data: '{"message":"Too many tokens"}' }

const CUT = new GatewayError('upstream_unreachable', 'Cut.')

const START = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [],
    usage: { input_tokens: 1 },
  },
}
const STARTED: Frame = { event: START.type, data: JSON.stringify(START) }
const CLAUDE = [STARTED, THROTTLED]

const CONVERSE: Frame[] = [{ event: 'messageStart', data: '{"role":"assistant"}' }, THROTTLED]

function pack(framing: Framing, frames: readonly Frame[]): Buffer {
  const writer = framing.writer()
  return Buffer.concat(frames.map(({ event, data }) => Buffer.from(writer.write(event, data))))
}

function unpack(framing: Framing, bytes: Uint8Array): Frame[] {
  const frames: Frame[] = []
  const reader = framing.reader((frame) => frames.push(frame))
  reader.push(bytes)
  reader.end()
  return frames
}

/** What the client gets of a stream that fails. */
function relay(passage: Passage, bytes: Buffer): Buffer {
  const out = [passage.push(bytes) ?? '']
  if (passage.error !== undefined) out.push(passage.failure(passage.error))
  return Buffer.concat(out.map((piece) => Buffer.from(piece)))
}

describe('an exception in an AWS event stream', () => {
  it.each<[string, Protocol, Framing, Frame[]]>([
    ['Claude’s', anthropic, awsChunks, CLAUDE],
    ['Converse’s', bedrockConverse, awsEvents, CONVERSE],
  ])('%s goes on as it came, and is told once', (_name, protocol, framing, frames) => {
    const passage = new FramedPassage(protocol, framing, framing, 'req_1')
    const bytes = pack(framing, frames)
    expect(relay(passage, bytes)).toEqual(bytes)
    expect(passage.error).toMatchObject({ kind: 'rate_limited' })
  })

  it('is an error of their own for clients of server-sent events', () => {
    const out = unpack(
      sse,
      relay(new FramedPassage(anthropic, awsChunks, sse, 'req_1'), pack(awsChunks, CLAUDE)),
    )
    expect(out.map(({ event }) => event)).toEqual(['message_start', 'error'])
    expect(JSON.parse(out[1]!.data)).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
  })

  it('is what an error becomes for clients of AWS', () => {
    const overloaded = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    const bytes = pack(sse, [STARTED, { event: 'error', data: overloaded }])
    const out = unpack(awsChunks, relay(new FramedPassage(anthropic, sse, awsChunks, 'req_1'), bytes))
    expect(out.map(({ event }) => event)).toEqual([
      'message_start',
      'error',
      'exception/serviceUnavailableException',
    ])
  })

  it('is made where the connection broke', () => {
    const passage = new FramedPassage(anthropic, awsChunks, awsChunks, 'req_1')
    const whole = pack(awsChunks, [STARTED])
    passage.push(whole)
    expect(unpack(awsChunks, Buffer.from(passage.failure(CUT)))).toMatchObject([
      { event: 'error' },
      { event: 'exception/internalServerException' },
    ])
  })

  it('and is not put into the middle of a frame', () => {
    const passage = new FramedPassage(anthropic, awsChunks, awsChunks, 'req_1')
    passage.push(pack(awsChunks, CLAUDE).subarray(0, 30))
    expect(passage.failure(CUT)).toBe('')
  })
})

describe('an answer whose events are framed anew', () => {
  const event = (body: { type: string; [field: string]: unknown }): Frame => ({
    event: body.type,
    data: JSON.stringify(body),
  })
  const text = (words: string): Frame =>
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: words } })
  const answer: Frame[] = [
    STARTED,
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...['Hé', 'llo', ' 🚀', '\n\ndata: x', '"'].map(text),
    event({ type: 'content_block_stop', index: 0 }),
    event({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: 7 },
    }),
    event({ type: 'message_stop' }),
  ]
  it.each<[string, Framing, Framing]>([
    ['server-sent ones in AWS’s frames', sse, awsChunks],
    ['AWS’s frames as server-sent ones', awsChunks, sse],
  ])('B7 is the same however its bytes are split: %s', (_name, upstream, client) => {
    const bytes = pack(upstream, answer)
    fc.assert(
      fc.property(slices, (places) => {
        const passage = new FramedPassage(anthropic, upstream, client, 'req_1')
        const out = slice(bytes, places).map((part) => passage.push(Buffer.from(part)) ?? '')
        out.push(passage.end() ?? '')
        expect(unpack(client, Buffer.concat(out.map((piece) => Buffer.from(piece))))).toEqual(answer)
        expect(passage).toMatchObject({ complete: true, error: undefined, usage: { outputTokens: 7 } })
      }),
      { numRuns: 2_000 },
    )
  })
})
