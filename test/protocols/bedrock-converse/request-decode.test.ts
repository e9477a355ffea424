import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { JsonObject, Request } from '../../../src/message/request.ts'
import { bedrockConverse } from '../../../src/protocols/bedrock-converse/index.ts'

const HI = { role: 'user', content: [{ text: 'Hi' }] }

function decode(body: JsonObject) {
  const { request, warnings, answerMemo } = bedrockConverse.request.decode({ messages: [HI], ...body })
  return { request, answerMemo, warned: warnings.map(({ kind, field }) => `${kind} ${field}`) }
}

function content(...blocks: JsonObject[]): unknown[] {
  return decode({ messages: [{ role: 'user', content: blocks }] }).request.messages[0]!.content
}

const text = (words: string) => ({ type: 'text', text: words })
const b64 = (words: string) => Buffer.from(words).toString('base64')

describe('blocks', () => {
  it.each<[string, JsonObject[], unknown[]]>([
    ['text', [{ text: 'a' }, { text: '' }], [text('a')]],
    [
      '#41 an image, in base64',
      [{ image: { format: 'jpeg', source: { bytes: 'AQID' } } }],
      [{ type: 'image', source: { kind: 'base64', mediaType: 'image/jpeg', data: 'AQID' } }],
    ],
    [
      'an image in S3, where no other provider can look',
      [{ image: { format: 'png', source: { s3Location: { uri: 's3://b/k.png' } } } }],
      [{ type: 'image', source: { kind: 'file', id: 's3://b/k.png' } }],
    ],
    [
      '#6 a PDF',
      [
        {
          document: {
            format: 'pdf',
            name: 'Report',
            source: { bytes: 'JVBERi0=' },
            context: 'Quarterly',
            citations: { enabled: true },
          },
        },
      ],
      [
        {
          type: 'document',
          title: 'Report',
          context: 'Quarterly',
          citations: true,
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' },
        },
      ],
    ],
    [
      '#6 bytes of text are text',
      [{ document: { format: 'md', name: 'n', source: { bytes: b64('# Größe') } } }],
      [{ type: 'document', title: 'n', source: { kind: 'text', text: '# Größe' } }],
    ],
    [
      '#6 … unless they are none',
      [{ document: { format: 'csv', name: 'n', source: { bytes: '/////w==' } } }],
      [{ type: 'document', title: 'n', source: { kind: 'base64', mediaType: 'text/csv', data: '/////w==' } }],
    ],
    [
      '#6 a document of parts',
      [{ document: { name: 'n', source: { content: [{ text: 'a' }, { text: 'b' }] } } }],
      [{ type: 'document', title: 'n', source: { kind: 'blocks', blocks: [text('a'), text('b')] } }],
    ],
    [
      '#7 a search result',
      [
        {
          searchResult: {
            source: 'https://a.b',
            title: 'A',
            content: [{ text: 'x' }],
            citations: { enabled: true },
          },
        },
      ],
      [{ type: 'search-result', source: 'https://a.b', title: 'A', content: [text('x')] }],
    ],
    [
      '#8 a call, its numbers exact',
      [{ toolUse: { toolUseId: 't', name: 'Bash', input: { n: 1 } } }],
      [{ type: 'tool-call', id: 't', name: 'Bash', arguments: '{"n":1}' }],
    ],
    [
      'A11 a call without arguments',
      [{ toolUse: { toolUseId: 't', name: 'Bash', input: null } }],
      [{ type: 'tool-call', id: 't', name: 'Bash', arguments: '{}' }],
    ],
    [
      '#10 #12 a result that failed, with everything that it may hold',
      [
        {
          toolResult: {
            toolUseId: 't',
            status: 'error',
            content: [
              { json: { a: [1] } },
              { text: 'x' },
              { image: { format: 'png', source: { bytes: 'AQID' } } },
              { video: { format: 'mp4' } },
            ],
          },
        },
      ],
      [
        {
          type: 'tool-result',
          callId: 't',
          isError: true,
          content: [
            text('{"a":[1]}'),
            text('x'),
            { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AQID' } },
            {
              type: 'opaque',
              protocol: 'bedrock-converse',
              kind: 'video',
              raw: { video: { format: 'mp4' } },
            },
          ],
        },
      ],
    ],
    [
      '#38 reasoning',
      [{ reasoningContent: { reasoningText: { text: 'hm', signature: 'EqQB' } } }],
      [{ type: 'thinking', text: 'hm', signature: 'EqQB' }],
    ],
    [
      'D9 reasoning with our mark',
      [
        { reasoningContent: { reasoningText: { text: 'hm', signature: 'signalbox.' } } },
        { reasoningContent: { reasoningText: { text: '', signature: 'signalbox.abc' } } },
        { reasoningContent: { reasoningText: { text: '', signature: 'signalbox-redacted.abc' } } },
      ],
      [
        { type: 'thinking', text: 'hm' },
        { type: 'thinking', text: '', signature: 'abc' },
        { type: 'redacted-thinking', data: 'abc' },
      ],
    ],
    [
      '#38 redacted reasoning',
      [{ reasoningContent: { redactedContent: 'AQID' } }],
      [{ type: 'redacted-thinking', data: 'AQID' }],
    ],
    [
      'what is for a guardrail',
      [
        { guardContent: { text: { text: 'a', qualifiers: ['query'] } } },
        { guardContent: { image: { format: 'png', source: { bytes: 'AQID' } } } },
      ],
      [text('a'), { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AQID' } }],
    ],
    [
      'a text with citations',
      [{ citationsContent: { content: [{ text: 'a' }], citations: [{ title: 'x' }] } }],
      [text('a')],
    ],
    [
      'what only Converse knows',
      [{ video: { format: 'mp4', source: { bytes: 'AQID' } } }],
      [
        {
          type: 'opaque',
          protocol: 'bedrock-converse',
          kind: 'video',
          raw: { video: { format: 'mp4', source: { bytes: 'AQID' } } },
        },
      ],
    ],
    [
      '#39 a mark for the cache is on what stands before it',
      [
        { text: 'a' },
        { cachePoint: { type: 'default' } },
        { text: 'b' },
        { cachePoint: { type: 'default', ttl: '1h' } },
      ],
      [
        { ...text('a'), cache: {} },
        { ...text('b'), cache: { ttl: '1h' } },
      ],
    ],
    [
      '#39 … but for reasoning, which takes none; and before everything there is nothing',
      [
        { cachePoint: { type: 'default' } },
        { text: 'a' },
        { reasoningContent: { reasoningText: { text: 'hm', signature: 'x' } } },
        { cachePoint: { type: 'default' } },
      ],
      [
        { ...text('a'), cache: {} },
        { type: 'thinking', text: 'hm', signature: 'x' },
      ],
    ],
  ])('%s', (_name, blocks, expected) => {
    expect(content(...blocks)).toEqual(expected)
  })

  it('say what is lost', () => {
    const blocks = [
      { guardContent: { text: { text: 'a' } } },
      { citationsContent: { content: [], citations: [] } },
    ]
    expect(decode({ messages: [{ role: 'user', content: blocks }] }).warned).toEqual([
      'changed messages[].content[].guardContent',
      'dropped messages[].content[].citationsContent.citations',
    ])
  })
})

describe('settings', () => {
  it.each<[string, JsonObject, Partial<Request>]>([
    [
      'inferenceConfig',
      { inferenceConfig: { maxTokens: 10, temperature: 0.5, topP: 0.9, stopSequences: ['a', 'b'] } },
      { maxTokens: 10, temperature: 0.5, topP: 0.9, stopSequences: ['a', 'b'] },
    ],
    [
      'system, with a mark for the cache',
      {
        system: [
          { text: 'a' },
          { cachePoint: { type: 'default' } },
          { guardContent: { text: { text: 'b' } } },
        ],
      },
      {
        system: [
          { type: 'text', text: 'a', cache: {} },
          { type: 'text', text: 'b' },
        ],
      },
    ],
    ['#44 top_k of Claude', { additionalModelRequestFields: { top_k: 5 } }, { topK: 5 }],
    ['#44 topK of Nova', { additionalModelRequestFields: { inferenceConfig: { topK: 5 } } }, { topK: 5 }],
    [
      '#44 thinking of Claude',
      { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2000 } } },
      { reasoning: { mode: 'budget', budgetTokens: 2000 } },
    ],
    [
      '#44 its older name',
      { additionalModelRequestFields: { reasoning_config: { type: 'enabled', budget_tokens: 2000 } } },
      { reasoning: { mode: 'budget', budgetTokens: 2000 } },
    ],
    [
      '#44 adaptive thinking with an effort',
      {
        additionalModelRequestFields: {
          thinking: { type: 'adaptive', display: 'summarized' },
          output_config: { effort: 'high' },
        },
      },
      { reasoning: { mode: 'adaptive', display: 'summarized', effort: 'high' } },
    ],
    [
      '#44 no thinking',
      { additionalModelRequestFields: { thinking: { type: 'disabled' } } },
      { reasoning: { mode: 'off' } },
    ],
    [
      '#44 reasoning of Nova',
      { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } } },
      { reasoning: { mode: 'adaptive', effort: 'low' } },
    ],
    [
      '#44 effort of gpt-oss',
      { additionalModelRequestFields: { reasoning_effort: 'medium' } },
      { reasoning: { mode: 'adaptive', effort: 'medium' } },
    ],
    [
      '#44 Converse’s own effort',
      { outputConfig: { effort: 'max' } },
      { reasoning: { mode: 'adaptive', effort: 'max' } },
    ],
    [
      '#72 a schema, which is JSON in a string',
      {
        outputConfig: {
          textFormat: {
            type: 'json_schema',
            structure: { jsonSchema: { name: 'n', schema: '{"type":"object"}' } },
          },
        },
      },
      { format: { type: 'json', name: 'n', schema: { type: 'object' }, strict: true } },
    ],
    [
      '#72 a schema in Claude’s own words',
      {
        additionalModelRequestFields: {
          output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
        },
      },
      { format: { type: 'json', schema: { type: 'object' }, strict: true } },
    ],
    [
      'what is left over',
      {
        requestMetadata: { a: 'b' },
        guardrailConfig: { guardrailIdentifier: 'g' },
        serviceTier: { type: 'flex' },
        additionalModelRequestFields: { anthropic_beta: ['x'], odd: 1 },
      },
      {
        extra: {
          requestMetadata: { a: 'b' },
          guardrailConfig: { guardrailIdentifier: 'g' },
          serviceTier: { type: 'flex' },
          additionalModelRequestFields: { odd: 1 },
        },
      },
    ],
    ['model and stream stand in the path', {}, { model: '', stream: false, extra: {} }],
  ])('%s', (_name, body, expected) => {
    expect(decode(body).request).toMatchObject(expected)
  })

  it('remembers which fields the answer is to tell', () => {
    const paths = ['/stop_sequence']
    expect(decode({ additionalModelResponseFieldPaths: paths }).answerMemo).toEqual({
      echo: { additionalModelResponseFieldPaths: paths },
    })
  })
})

describe('tools', () => {
  const spec = (name: string, more: JsonObject = {}) => ({
    toolSpec: { name, inputSchema: { json: { type: 'object' } }, ...more },
  })
  const tool = (name: string, more: JsonObject = {}) => ({
    kind: 'function',
    name,
    schema: { type: 'object' },
    extra: {},
    ...more,
  })

  it.each<[string, JsonObject, Partial<Request>]>([
    [
      'functions, with a mark for the cache',
      {
        toolConfig: {
          tools: [
            spec('a', { description: 'd', strict: true }),
            { cachePoint: { type: 'default' } },
            spec('b'),
          ],
        },
      },
      { tools: [tool('a', { description: 'd', strict: true, cache: {} }), tool('b')] as Request['tools'] },
    ],
    [
      'a tool of the service',
      { toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] } },
      {
        tools: [
          {
            kind: 'server',
            type: 'bedrock-converse/nova_grounding',
            name: 'nova_grounding',
            raw: { systemTool: { name: 'nova_grounding' } },
          },
        ],
      },
    ],
    [
      'Anthropic’s typed tools among the additional fields',
      { additionalModelRequestFields: { tools: [{ type: 'bash_20250124', name: 'bash' }] } },
      {
        tools: [
          {
            kind: 'server',
            type: 'bash_20250124',
            name: 'bash',
            raw: { type: 'bash_20250124', name: 'bash' },
          },
        ],
      },
    ],
    [
      '#14 auto',
      { toolConfig: { tools: [spec('a')], toolChoice: { auto: {} } } },
      { toolChoice: { type: 'auto' } },
    ],
    [
      '#14 any',
      { toolConfig: { tools: [spec('a')], toolChoice: { any: {} } } },
      { toolChoice: { type: 'required' } },
    ],
    [
      '#14 tool',
      { toolConfig: { tools: [spec('a')], toolChoice: { tool: { name: 'a' } } } },
      { toolChoice: { type: 'tool', name: 'a' } },
    ],
    [
      '#15 one call a turn, in Claude’s own words',
      { additionalModelRequestFields: { tool_choice: { type: 'any', disable_parallel_tool_use: true } } },
      { toolChoice: { type: 'required' }, parallelTools: false },
    ],
    [
      '#14 none, in Claude’s own words',
      { additionalModelRequestFields: { tool_choice: { type: 'none' } } },
      { toolChoice: { type: 'none' } },
    ],
  ])('%s', (_name, body, expected) => {
    expect(decode(body).request).toMatchObject(expected)
  })
})

describe('a body that is wrong', () => {
  it.each<[JsonObject, string]>([
    [{ messages: undefined }, 'messages'],
    [{ messages: 'x' }, 'messages'],
    [{ messages: [{ role: 'tool', content: [] }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: 'x' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: ['x'] }] }, 'messages[0].content[0]'],
    [{ messages: [{ role: 'user', content: [{ text: 1 }] }] }, 'messages[0].content[0].text'],
    [{ messages: [{ role: 'user', content: [{ image: {} }] }] }, 'messages[0].content[0].image.format'],
    [
      { messages: [{ role: 'user', content: [{ image: { format: 'png', source: {} } }] }] },
      'messages[0].content[0].image.source.bytes',
    ],
    [
      { messages: [{ role: 'user', content: [{ toolUse: { name: 'a' } }] }] },
      'messages[0].content[0].toolUse.toolUseId',
    ],
    [{ inferenceConfig: { maxTokens: '1' } }, 'inferenceConfig.maxTokens'],
    [{ inferenceConfig: { stopSequences: [1] } }, 'inferenceConfig.stopSequences[0]'],
    [{ toolConfig: { tools: [{ toolSpec: {} }] } }, 'toolConfig.tools[0].toolSpec.name'],
    [{ toolConfig: { toolChoice: { never: {} } } }, 'toolConfig.toolChoice'],
    [{ outputConfig: { effort: 'huge' } }, 'outputConfig.effort'],
    [
      { outputConfig: { textFormat: { structure: { jsonSchema: { schema: 'x' } } } } },
      'outputConfig.textFormat.structure.jsonSchema.schema',
    ],
  ])('%j names %s', (body, field) => {
    expect(() => decode(body)).toThrow(
      expect.objectContaining({ kind: 'invalid_request', details: { field } }),
    )
  })
})

describe('counting', () => {
  const count = (input: JsonObject) => bedrockConverse.request.decode({ input }, 'count-tokens').request

  it('reads a Converse request', () => {
    expect(count({ converse: { messages: [HI], system: [{ text: 'a' }] } })).toMatchObject({
      system: [text('a')],
      messages: [{ role: 'user', content: [text('Hi')] }],
    })
  })

  it('reads the words of an InvokeModel body, whatever its API', () => {
    const body = b64(
      JSON.stringify({
        system: 'Be brief',
        messages: [
          { role: 'user', content: 'Hi' },
          {
            role: 'assistant',
            content: [
              { type: 'text', text: 'Größe' },
              { type: 'tool_use', input: {} },
            ],
          },
        ],
        tools: [{ name: 'Bash' }],
      }),
    )
    const request = count({ invokeModel: { body } })
    expect(request.system).toEqual([text('Be brief')])
    expect(request.messages.flatMap((message) => message.content)).toEqual([
      text('Hi'),
      text('Größe'),
      expect.objectContaining({ type: 'opaque', raw: { type: 'tool_use', input: {} } }),
    ])
    expect(request.tools).toHaveLength(1)
  })

  it.each<[JsonObject, string]>([
    [{}, 'input.converse'],
    [{ invokeModel: {} }, 'input.invokeModel.body'],
    [{ invokeModel: { body: '*' } }, 'input.invokeModel.body'],
    [{ invokeModel: { body: b64('[]') } }, 'input.invokeModel.body'],
  ])('%j names %s', (input, field) => {
    expect(() => count(input)).toThrow(expect.objectContaining({ details: { field } }))
  })

  it('answers with a number', () => {
    expect(bedrockConverse.encodeCount(7)).toEqual({ inputTokens: 7 })
  })
})

describe('any body', () => {
  const names = ['text', 'image', 'document', 'toolUse', 'toolResult', 'reasoningContent', 'cachePoint', 'json', 'source', 'content', 'bytes', 'name', 'format', 'type'] // prettier-ignore
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, 1, 'x', 'user', true),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 3 }),
  }))

  it('is read or refused by name', () => {
    fc.assert(
      fc.property(value, value, (block, other) => {
        try {
          decode({
            messages: [{ role: 'user', content: [block, { cachePoint: other }] }],
            system: [other],
            toolConfig: { tools: [{ toolSpec: block }, other] },
            additionalModelRequestFields: other,
            outputConfig: block,
          })
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
          expect((error as GatewayError).kind).toBe('invalid_request')
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
