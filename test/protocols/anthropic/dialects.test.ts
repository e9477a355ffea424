import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Router } from '../../../src/http/router.ts'
import { GatewayError } from '../../../src/message/error.ts'
import { bedrockInvoke, vertex } from '../../../src/protocols/anthropic/dialects.ts'
import { bedrockEndpoints, vertexEndpoints } from '../../../src/protocols/anthropic/endpoints.ts'
import { anthropic } from '../../../src/protocols/anthropic/index.ts'
import { decodeRequest } from '../../../src/protocols/anthropic/request-decode.ts'

const router = new Router(
  [
    { prefix: '/bedrock', protocol: { ...anthropic, endpoints: bedrockEndpoints } },
    { prefix: '/vertex', protocol: { ...anthropic, endpoints: vertexEndpoints } },
  ],
  [],
)

const VERTEX = '/vertex/v1/projects/proj-x/locations/us-east5/publishers/anthropic/models'

/** Paths that Claude Code and the SDKs were seen to ask for, and all that the hosts document. */
const PATHS: [path: string, model: string | undefined, endpoint: object][] = [
  [
    '/bedrock/model/us.anthropic.claude-opus-5-5/invoke-with-response-stream',
    'us.anthropic.claude-opus-5-5',
    { operation: 'generate', stream: true, dialect: bedrockInvoke },
  ],
  [
    '/bedrock/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/invoke',
    'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    { operation: 'generate', stream: false, dialect: bedrockInvoke },
  ],
  ['/bedrock/model/openai%2Fgpt-5/invoke-with-response-stream', 'openai/gpt-5', { stream: true }],
  [
    '/bedrock/model/arn:aws:bedrock:us-east-1:123456789012:application-inference-profile%2Fabc/invoke',
    'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc',
    { stream: false },
  ],
  [
    `${VERTEX}/claude-opus-5-5:streamRawPredict`,
    'claude-opus-5-5',
    { operation: 'generate', stream: true, dialect: vertex },
  ],
  [`${VERTEX}/openai/gpt-5:streamRawPredict`, 'openai/gpt-5', { stream: true }],
  [`${VERTEX}/openai/gpt-5:rawPredict`, 'openai/gpt-5', { operation: 'generate', stream: false }],
  [`${VERTEX}/claude-sonnet-4-5@20250929:rawPredict`, 'claude-sonnet-4-5@20250929', { stream: false }],
  [`${VERTEX}/count-tokens:rawPredict`, undefined, { operation: 'count-tokens', dialect: vertex }],
  [`${VERTEX.replace('/v1', '')}/claude-opus-5-5:rawPredict`, 'claude-opus-5-5', { stream: false }],
  [`${VERTEX.replace('/v1', '/v1beta1')}/claude-opus-5-5:rawPredict`, 'claude-opus-5-5', { stream: false }],
]

describe('endpoints', () => {
  it.each(PATHS)('POST %s', (path, pathModel, endpoint) => {
    const match = router.match('POST', path)
    expect(match).toMatchObject({ type: 'inference', endpoint })
    expect(match.parameters['model']).toBe(pathModel)
  })

  it('#46 frames the stream of Bedrock as AWS does, and of Vertex as everybody', () => {
    const framingOf = (path: string) => {
      const match = router.match('POST', path)
      return match.type === 'inference' ? match.endpoint.framing?.(new URLSearchParams())?.id : undefined
    }
    expect(framingOf('/bedrock/model/x/invoke-with-response-stream')).toBe('aws-chunks')
    expect(framingOf(`${VERTEX}/x:streamRawPredict`)).toBeUndefined()
  })
})

describe('bodies', () => {
  it.each(['bedrock', 'vertex'])('Claude Code’s for %s, in which no model stands', (host) => {
    const file = new URL(`../../data/claude-hosts/${host}.json`, import.meta.url)
    const { body } = JSON.parse(readFileSync(file, 'utf8'))
    const { request, warnings } = decodeRequest(body)
    expect(request).toMatchObject({ model: '', maxTokens: 128_000, reasoning: { effort: 'medium' } })
    expect(request.messages.map(({ role }) => role)).toEqual(['user', 'system', 'assistant', 'user'])
    expect(request.extra).toEqual({})
    expect(warnings).toEqual([])
  })
})

describe('failures', () => {
  it('are told by Bedrock in AWS’s form', () => {
    expect(bedrockInvoke.encodeError?.(new GatewayError('rate_limited', 'Slow down'), 'req_1')).toEqual({
      status: 429,
      headers: { 'x-amzn-errortype': 'ThrottlingException', 'x-amzn-requestid': 'req_1' },
      body: { message: 'Slow down' },
    })
  })

  it('are told by Vertex as by Anthropic', () => {
    expect(vertex.encodeError).toBeUndefined()
  })
})
