import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { SDKS } from '../support/agent/sdks/index.ts'
import { type Turn, toolLoop } from '../support/agent/sdks/sdk.ts'
import { type GoogleService, startGoogle } from '../support/cloud/google.ts'
import { everyProviderConfig, GOOGLE_ACCOUNTS, PROVIDER_KEYS } from '../support/every-provider.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type Directive, directiveText, newNonce } from '../support/provider/directive.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { sign } from '../support/provider/signature.ts'

/**
 * A model of every kind of upstream, as clients name it, and the wire on which it is asked: the best that the
 * provider has, unless it speaks the client's own.
 */
const RESPONSES = { 'openai responses': 'openai-responses', 'ai with @ai-sdk/openai': 'openai-responses' }
const UPSTREAMS: { model: string; wire: string; native?: Record<string, string> }[] = [
  { model: 'anthropic/claude-opus-5-5', wire: 'anthropic' },
  { model: 'openai/gpt-5.5', wire: 'openai-chat', native: RESPONSES },
  { model: 'responses/gpt-5.5', wire: 'openai-responses' },
  { model: 'deepseek/deepseek-reasoner', wire: 'openai-chat' },
  { model: 'gemini/gemini-3.5-pro', wire: 'gemini' },
  { model: 'vertex/gemini-3.5-pro', wire: 'vertex-gemini' },
  { model: 'vertex/meta/llama-4-maverick-17b-128e-instruct-maas', wire: 'vertex-openai-chat' },
  { model: 'vertex/claude-opus-5-5', wire: 'vertex-anthropic' },
  {
    model: 'bedrock/us.anthropic.claude-opus-5-5',
    wire: 'bedrock-anthropic',
    native: { '@aws-sdk/client-bedrock-runtime converse': 'bedrock-converse' },
  },
  { model: 'bedrock/us.amazon.nova-premier-v1:0', wire: 'bedrock-converse' },
  { model: 'azure/gpt-5.5', wire: 'azure-openai-responses', native: { 'openai chat': 'azure-openai-chat' } },
  { model: 'azure/claude-opus-5-5', wire: 'azure-anthropic' },
  { model: 'cohere/command-a-03-2025', wire: 'cohere', native: {} },
]

const CLIENT_KEY = 'client-key-0123456789abcdef'

let provider: Provider
let google: GoogleService
let gateway: Gateway
beforeAll(async () => {
  google = await startGoogle({ accounts: GOOGLE_ACCOUNTS })
  const includes = (key: string) => Object.values(PROVIDER_KEYS).includes(key) || google.tokens.has(key)
  provider = await startProvider({ keys: { includes } })
  const env = { CLOUDSDK_AUTH_TOKEN_HOST: `${google.url}/token` }
  gateway = await startGateway({ config: everyProviderConfig(provider.url), env })
}, 60_000)
afterAll(async () => {
  await gateway?.close()
  await provider?.close()
  await google?.close()
})

const AWKWARD = { file_path: '/tmp/ä "quoted" \\ 🙂.txt', content: 'line one\nline two\t{"a":[1]}' }
const WORK: Directive = {
  pre: 'Let me look.',
  steps: [
    {
      do: 'parallel',
      steps: [
        { do: 'call', tool: 'Read', input: { path: '/a' } },
        { do: 'call', tool: 'Read', input: { path: '/b' } },
      ],
    },
    { do: 'call', tool: 'Write', input: AWKWARD },
  ],
  say: 'Grüße 🙂, all of it is done',
  chunk: 4,
  usage: { in: 11, out: 7, cache_read: 5, thinking: 2 },
}

const THOUGHT = 'Hm, let me think.'

/** What the maker of thoughts puts on them for whoever carries them, by what it is. Gemini's is demanded anyway. */
const MARKS: [model: RegExp, mark: string][] = [
  [/claude/, sign(THOUGHT)],
  [/gpt-5/, 'gAAAAAB'],
]

/** These APIs have no place for such a mark. */
const CARRIES_NO_MARKS = ['openai chat', 'cohere-ai']

const callsOf = (turns: Turn[]) => turns.map(({ calls }) => calls.map(({ name, input }) => ({ name, input })))

describe.each(SDKS)('$name', (sdk) => {
  const rows = UPSTREAMS.flatMap(({ model, wire, native }) =>
    [false, true].map((thinks) => ({
      model,
      wire: native?.[sdk.name] ?? wire,
      thinks,
      how: thinks ? 'with thoughts' : 'without',
    })),
  )
  it.each(rows)('streams a tool loop of $model, $how', async ({ model, wire, thinks }) => {
    const nonce = newNonce()
    const prompt = `Please. ${directiveText({ ...WORK, nonce, ...(thinks && { think: THOUGHT }) })}`
    const url = gateway.url + sdk.prefix
    const turns = await toolLoop(sdk.open({ url, key: CLIENT_KEY, model, prompt, thinks }))

    const seen = provider.requestsOf(nonce)
    expect(seen.map(({ refusal, answer }) => refusal ?? answer?.failed)).toEqual(seen.map(() => undefined))
    expect(seen.map(({ protocol }) => protocol)).toEqual([wire, wire, wire])
    expect(callsOf(turns)).toEqual([
      [
        { name: 'Read', input: { path: '/a' } },
        { name: 'Read', input: { path: '/b' } },
      ],
      [{ name: 'Write', input: AWKWARD }],
      [],
    ])
    expect(turns.map(({ text }) => text)).toEqual(['Let me look.', 'Let me look.', `${WORK.say} (${nonce})`])
    expect(turns.at(-1)!.pieces).toBeGreaterThan(3)
    const mark = MARKS.find(([made]) => made.test(model))?.[1]
    const isCarried = !CARRIES_NO_MARKS.includes(sdk.name) && !wire.endsWith('chat')
    if (thinks && mark !== undefined && isCarried) {
      expect(seen.slice(1).map(({ body }) => JSON.stringify(body).includes(mark))).toEqual([true, true])
    }
    for (const { usage } of turns) {
      if (usage) expect(usage).toEqual({ fresh: 11, cached: 5, output: 7 })
    }
    expect(JSON.stringify(seen.map(({ rawHeaders }) => rawHeaders))).not.toContain(CLIENT_KEY)
  })
})
