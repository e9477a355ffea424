import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { AwsAccounts } from '../../cloud/aws-accounts.ts'
import { type Directive, directiveText, newNonce } from '../../provider/directive.ts'
import { type Provider, startProvider } from '../../provider/server.ts'
import { SDKS } from './index.ts'
import { toolLoop } from './sdk.ts'

/** The SDKs straight against the scripted provider: what fails here is the rig's fault, not the gateway's. */
let provider: Provider
beforeAll(async () => {
  const aws = new AwsAccounts()
  aws.add({ accessKeyId: 'AKIACLIENT', secretAccessKey: 'client-key' })
  provider = await startProvider({ aws })
})
afterAll(() => provider.close())

/** Where each is at home. AWS's own SDK is not: it speaks HTTP/2, which the provider does not. */
const HOMES: Record<string, [path: string, model: string, wire: string]> = {
  '@anthropic-ai/sdk': ['', 'claude-opus-5-5', 'anthropic'],
  '@anthropic-ai/bedrock-sdk': ['', 'us.anthropic.claude-opus-5-5', 'bedrock-anthropic'],
  '@anthropic-ai/vertex-sdk': ['/v1', 'claude-opus-5-5', 'vertex-anthropic'],
  'openai chat': ['/v1', 'gpt-5.5', 'openai-chat'],
  'openai responses': ['/v1', 'gpt-5.5', 'openai-responses'],
  '@google/genai': ['', 'gemini-3.5-pro', 'gemini'],
  'cohere-ai': ['', 'command-a-03-2025', 'cohere'],
  'ai with @ai-sdk/anthropic': ['/v1', 'claude-opus-5-5', 'anthropic'],
  'ai with @ai-sdk/openai': ['/v1', 'gpt-5.5', 'openai-responses'],
}

const WORK: Directive = {
  pre: 'Let me look.',
  steps: [{ do: 'call', tool: 'Read', input: { path: '/ä "x"' } }],
  say: 'Done',
  chunk: 4,
}

describe.each(SDKS.filter(({ name }) => name in HOMES))('$name at home', (sdk) => {
  it.each([
    { how: 'without thoughts', thinks: false },
    { how: 'with thoughts', thinks: true },
  ])('streams a tool loop $how', async ({ thinks }) => {
    const [path, model, wire] = HOMES[sdk.name]!
    const nonce = newNonce()
    const prompt = directiveText({ ...WORK, nonce, ...(thinks && { think: 'Hm, let me think.' }) })
    const url = provider.url + path
    const turns = await toolLoop(sdk.open({ url, key: 'client-key', model, prompt, thinks }))
    const seen = provider.requestsOf(nonce)
    expect(seen.map(({ protocol, refusal }) => refusal ?? protocol)).toEqual([wire, wire])
    expect(turns.map(({ text, calls }) => [text, ...calls.map(({ input }) => input)])).toEqual([
      ['Let me look.', { path: '/ä "x"' }],
      [`Done (${nonce})`],
    ])
  })
})
