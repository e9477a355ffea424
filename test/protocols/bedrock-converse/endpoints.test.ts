import { describe, expect, it } from 'vitest'
import { Router } from '../../../src/http/router.ts'
import { encodeModel, encodeModelList } from '../../../src/protocols/bedrock-converse/endpoints.ts'
import { bedrockConverse } from '../../../src/protocols/bedrock-converse/index.ts'
import type { ListedModel } from '../../../src/protocols/model-list.ts'

const router = new Router([{ prefix: '/bedrock', protocol: bedrockConverse }], [])

describe('endpoints', () => {
  it.each<[method: string, path: string, model: string | undefined, endpoint: object]>([
    [
      'POST',
      '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse',
      'anthropic.claude-sonnet-4-5-20250929-v1:0',
      { operation: 'generate', stream: false },
    ],
    [
      'POST',
      '/model/openai%2Fgpt-5/converse-stream',
      'openai/gpt-5',
      { operation: 'generate', stream: true },
    ],
    ['POST', '/model/x/count-tokens', 'x', { operation: 'count-tokens' }],
    ['GET', '/inference-profiles', undefined, { operation: 'list-models' }],
    ['GET', '/foundation-models', undefined, { operation: 'list-models' }],
    [
      'GET',
      '/inference-profiles/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc',
      'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc',
      { operation: 'get-model' },
    ],
  ])('%s %s', (method, path, model, endpoint) => {
    const match = router.match(method, `/bedrock${path}`)
    expect(match).toMatchObject({ type: 'inference', endpoint })
    expect(match.parameters['model']).toBe(model)
  })

  it('#46 streams are framed as AWS does', () => {
    const match = router.match('POST', '/bedrock/model/x/converse-stream')
    const framing = match.type === 'inference' ? match.endpoint.framing?.(new URLSearchParams()) : undefined
    expect(framing?.id).toBe('aws-events')
  })
})

describe('models', () => {
  const model: ListedModel = {
    id: 'us.anthropic.claude-opus-5-5',
    provider: 'bedrock',
    model: 'us.anthropic.claude-opus-5-5',
    facts: {
      id: 'us.anthropic.claude-opus-5-5',
      name: 'Claude Opus 5.5',
      released: '2026-09-01',
      inputKinds: ['text', 'image'],
    },
  }

  it('are told as inference profiles', () => {
    expect(encodeModel(model)).toEqual({
      inferenceProfileId: 'us.anthropic.claude-opus-5-5',
      inferenceProfileName: 'Claude Opus 5.5',
      inferenceProfileArn: 'arn:aws:bedrock:::inference-profile/us.anthropic.claude-opus-5-5',
      models: [{ modelArn: 'arn:aws:bedrock:::foundation-model/us.anthropic.claude-opus-5-5' }],
      status: 'ACTIVE',
      type: 'SYSTEM_DEFINED',
      createdAt: '2026-09-01T00:00:00Z',
      updatedAt: '2026-09-01T00:00:00Z',
    })
  })

  it('are listed in both of AWS’s lists', () => {
    const unknown: ListedModel = { id: 'openai/gpt-5', provider: 'openai', model: 'gpt-5', facts: undefined }
    const list = encodeModelList([model, unknown])
    expect(list).toMatchObject({
      inferenceProfileSummaries: [
        { inferenceProfileId: 'us.anthropic.claude-opus-5-5' },
        { inferenceProfileId: 'openai/gpt-5', createdAt: '1970-01-01T00:00:00Z' },
      ],
      modelSummaries: [
        {
          modelId: 'us.anthropic.claude-opus-5-5',
          inputModalities: ['TEXT', 'IMAGE'],
          providerName: 'bedrock',
        },
        { modelId: 'openai/gpt-5', inputModalities: ['TEXT'], modelLifecycle: { status: 'ACTIVE' } },
      ],
    })
  })

  it('an ARN is its own', () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc'
    expect(encodeModel({ ...model, id: arn }).inferenceProfileArn).toBe(arn)
  })
})
