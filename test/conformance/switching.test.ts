import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'
import type { JsonObject } from './json.ts'
import { CLIENTS, providersAt, spokenWith, UPSTREAMS } from './parties.ts'
import type { Client, Upstream } from './parties.ts'
import type { AnswerScript } from './script.ts'
import { CLAUDE_SIGNATURE } from './wires/anthropic.ts'
import { startService } from './service.ts'
import type { Service } from './service.ts'

/**
 * A session that switches its model in the middle, and back: the thinking of the first comes back to the first with
 * its own proof, byte for byte where the client can carry it, and never reaches the second, which would answer 400
 * (D1, D2, D5, D6, D8, #26, #30, #70).
 */

let gateway: InProcessGateway
let service: Service

beforeAll(async () => {
  service = await startService()
  gateway = await startInProcess(providersAt(service.url))
})

afterAll(async () => {
  await gateway.close()
  service.close()
})

const USAGE = { input: 10, cacheRead: 0, output: 5 }
const CALL: AnswerScript = {
  thinking: 'First I look.',
  text: 'Let me look.',
  calls: [{ id: 'toolu_01A', name: 'Bash', arguments: { command: 'ls' } }],
  finish: 'tool-calls',
  usage: USAGE,
}
const TEXT: AnswerScript = { thinking: 'One file.', text: 'There is a.txt.', finish: 'end', usage: USAGE }

const REQUEST = {
  turns: [{ user: [{ text: 'List the files' }] }],
  tools: [
    {
      name: 'Bash',
      parameters: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
    },
  ],
  thinking: true,
  maxTokens: 16_000,
}

/** What each service proves its thinking with, as its wire in this folder writes it. */
const PROOFS: Readonly<Record<string, string>> = {
  anthropic: CLAUDE_SIGNATURE,
  'claude-on-bedrock': CLAUDE_SIGNATURE,
  'claude-on-vertex': CLAUDE_SIGNATURE,
  'openai-responses': 'gAAAAsealed',
  gemini: 'c2lnbmF0dXJlT2ZHZW1pbmk=',
  'bedrock-converse': 'signatureOfBedrock',
}

/**
 * Does the proof come back to where it is from? Chat clients and Cohere's keep no proofs, so that only what travels in the id of
 * a call does; and of models on Bedrock only Claude takes its thinking back, which is not the one asked here.
 */
function comesBack(client: Client, upstream: Upstream): boolean {
  const { id } = spokenWith(client, upstream)
  if (PROOFS[id] === undefined || (id === 'bedrock-converse' && client.id !== id)) return false
  return !['openai-chat', 'cohere'].includes(client.id) || id === 'gemini'
}

async function turn(client: Client, upstream: Upstream, body: JsonObject, said: AnswerScript) {
  let sent = ''
  const wire = spokenWith(client, upstream)
  service.answer((received) => {
    sent = JSON.stringify(received.body)
    return wire.upstream.whole(said)
  })
  const response = await fetch(`${gateway.url}${client.wire.client.path(upstream.model(), false)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...client.wire.client.headers },
    body: JSON.stringify({ ...body, ...('model' in body && { model: upstream.model() }) }),
  })
  const answer = (await response.json()) as JsonObject
  expect(response.status, JSON.stringify(answer)).toBe(200)
  return {
    answer,
    sent,
    facts: wire.upstream.readRequest({ path: '', headers: {}, body: JSON.parse(sent), raw: sent }),
  }
}

/** Whose proofs the upstream accepts: Claude's are good at each of its hosts. */
function originOf(client: Client, upstream: Upstream): string {
  const { id } = spokenWith(client, upstream)
  return id.startsWith('claude-on-') ? 'anthropic' : id
}

/** Only Claude's calls have ids of its form. */
function callOf(client: Client, upstream: Upstream): AnswerScript {
  const [call] = CALL.calls!
  const isClaude = originOf(client, upstream) === 'anthropic'
  return isClaude ? CALL : { ...CALL, calls: [{ ...call!, id: 'call_01A' }] }
}

for (const client of CLIENTS)
  describe(`${client.id} client`, () => {
    // One that is asked in another API than its own is that API's row.
    const upstreams = UPSTREAMS.filter((upstream) => spokenWith(client, upstream) === upstream.wire)
    const pairs = upstreams.flatMap((first) =>
      upstreams
        .filter((second) => originOf(client, first) !== originOf(client, second))
        .map((second) => [first.id, second.id, first, second] as const),
    )
    it.each(pairs)('from %s to %s and back', async (_from, _to, first, second) => {
      const { client: speaks } = client.wire
      const begun = speaks.body(REQUEST, first.model(), false)
      const one = await turn(client, first, begun, callOf(client, first))
      const afterOne = speaks.goOn(begun, one.answer, 'a.txt')
      const two = await turn(client, second, afterOne, TEXT)
      expect(two.facts.calls).toEqual([{ name: 'Bash', arguments: { command: 'ls' } }])
      expect(two.facts.results).toEqual(['a.txt'])
      const proof = PROOFS[spokenWith(client, first).id]
      if (proof !== undefined) expect(two.sent).not.toContain(proof)
      // Claude refuses a budget for thinking in a loop of tools that did not begin with thinking of its own.
      if (originOf(client, second) === 'anthropic') expect(two.facts.thinks).toBe(false)

      const afterTwo = speaks.say(speaks.goOn(afterOne, two.answer, ''), 'Which one?')
      const three = await turn(client, first, afterTwo, TEXT)
      expect(three.facts.texts).toEqual(['List the files', 'Which one?'])
      expect(three.facts.results).toEqual(['a.txt'])
      const foreign = PROOFS[spokenWith(client, second).id]
      if (foreign !== undefined) expect(three.sent).not.toContain(foreign)
      if (comesBack(client, first)) expect(three.sent).toContain(proof)
    })

    it.each(upstreams.map((upstream) => [upstream.id, upstream] as const))(
      'within a loop of tools on %s',
      async (_id, upstream) => {
        const { client: speaks } = client.wire
        const begun = speaks.body(REQUEST, upstream.model(), false)
        const one = await turn(client, upstream, begun, CALL)
        const two = await turn(client, upstream, speaks.goOn(begun, one.answer, 'a.txt'), TEXT)
        expect(two.facts.results).toEqual(['a.txt'])
        if (comesBack(client, upstream)) expect(two.sent).toContain(PROOFS[spokenWith(client, upstream).id])
      },
    )
  })
