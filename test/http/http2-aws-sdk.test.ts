import {
  BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import type { Call } from '../../src/pipeline/call.ts'
import { awsChunks } from '../../src/wire/aws-eventstream.ts'
import { hangs, startEdge } from '../support/edge.ts'

const open: BedrockRuntimeClient[] = []
afterEach(() => {
  for (const client of open.splice(0)) client.destroy()
})

/** The SDK as it comes: its handler speaks HTTP/2 to any address, and never asks whether the server does. */
function sdk(url: string, prefix = '/bedrock'): BedrockRuntimeClient {
  const client = new BedrockRuntimeClient({
    endpoint: url + prefix,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
  open.push(client)
  return client
}

const modelId = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-5-5-v1:0'
const question = { modelId, contentType: 'application/json', body: '{"messages":[]}' }

/** Streams numbers in the frames of AWS. */
async function counts({ reply }: Call): Promise<void> {
  const writer = awsChunks.writer()
  reply.open(200, { 'content-type': awsChunks.contentType })
  for (let count = 1; count <= 50; count++) {
    reply.write(writer.write('', JSON.stringify({ count })))
    await new Promise(setImmediate)
  }
  reply.end()
}

it('an answer in one piece', async () => {
  const bodies: string[] = []
  const edge = await startEdge({
    handle: async (call) => {
      bodies.push(String(await call.readBody(1_000)))
      call.reply.send(200, { 'content-type': 'application/json' }, '{"content":[]}')
    },
  })
  const { body } = await sdk(edge.url).send(new InvokeModelCommand(question))
  expect(body.transformToString()).toBe('{"content":[]}')
  expect(bodies).toEqual([question.body])
  expect(edge.calls[0]).toMatchObject({ pathModel: modelId, endpoint: { stream: false } })
})

it('many streams on one connection', async () => {
  const edge = await startEdge({ handle: counts })
  const client = sdk(edge.url)
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { body } = await client.send(new InvokeModelWithResponseStreamCommand(question))
      const numbers: number[] = []
      for await (const { chunk } of body!)
        numbers.push(JSON.parse(new TextDecoder().decode(chunk!.bytes)).count)
      return numbers
    }),
  )
  for (const numbers of answers) expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
})

it('an error in the words of AWS', async () => {
  const edge = await startEdge()
  const missing = sdk(edge.url, '/bedrock/nothing').send(new InvokeModelCommand(question))
  await expect(missing).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: expect.stringMatching(/^Route not found/),
    $metadata: { httpStatusCode: 404 },
  })
})

it('a request that its user takes back', async () => {
  const edge = await startEdge({ handle: hangs })
  const controller = new AbortController()
  const asked = sdk(edge.url).send(new InvokeModelCommand(question), { abortSignal: controller.signal })
  while (edge.calls.length === 0) await sleep(1)
  controller.abort()
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
  while (!edge.calls[0]!.reply.closed) await sleep(1)
})
