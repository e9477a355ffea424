import { describe, expect, it } from 'vitest'
import type {
  Block,
  FunctionTool,
  Message,
  Request,
  ToolCallBlock,
  ToolResultBlock,
} from '../../../src/message/request.ts'
import type { ModelFacts } from '../../../src/models/catalogue.ts'
import { encodeRequest } from '../../../src/protocols/bedrock-converse/request-encode.ts'
import type { Json } from '../../support/provider/json.ts'

const BASE: Request = {
  model: 'asked',
  system: [],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
  tools: [],
  stopSequences: [],
  stream: false,
  extra: {},
}

/** Thinks by budget, takes sampling. */
const SONNET_4_5: ModelFacts = {
  id: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  reasoning: true,
  maxOutputTokens: 64_000,
  inputKinds: ['text', 'image', 'pdf'],
}
/** Thinks as it likes, refuses sampling and budgets. */
const OPUS_5_5: ModelFacts = {
  id: 'anthropic.claude-opus-5-5',
  reasoning: true,
  adaptiveThinking: true,
  sampling: false,
  maxOutputTokens: 128_000,
  efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
}
const NOVA_PRO: ModelFacts = { id: 'us.amazon.nova-pro-v1:0', reasoning: false, maxOutputTokens: 10_000 }
const NOVA_2: ModelFacts = { id: 'us.amazon.nova-2-lite-v1:0', reasoning: true, maxOutputTokens: 65_535 }
const GPT_OSS: ModelFacts = { id: 'openai.gpt-oss-120b-1:0', reasoning: true, inputKinds: ['text'] }
const KIMI: ModelFacts = { id: 'global.moonshotai.kimi-k3', reasoning: true, efforts: ['low', 'high', 'max'] }
const LLAMA: ModelFacts = { id: 'meta.llama4-scout-17b-instruct-v1:0', reasoning: false }
const MISTRAL: ModelFacts = { id: 'mistral.mistral-large-3-675b-instruct', reasoning: false }
const DEEPSEEK: ModelFacts = { id: 'deepseek.v3.2', reasoning: true, inputKinds: ['text'] }

function encode(fields: Partial<Request>, facts: ModelFacts = SONNET_4_5) {
  const { body, warnings, memo } = encodeRequest(
    { ...BASE, ...fields },
    { model: facts.id, facts, quirks: {} },
  )
  const text = body.join('')
  return {
    text,
    body: JSON.parse(text),
    warned: warnings.map(({ kind, field }) => `${kind} ${field}`),
    memo,
  }
}

const text = (words: string, more: object = {}): Block => ({ type: 'text', text: words, ...more })
const user = (...content: Block[]): Message => ({ role: 'user', content })
const assistant = (...content: Block[]): Message => ({ role: 'assistant', content })
const call = (id: string, args = '{}'): ToolCallBlock => ({
  type: 'tool-call',
  id,
  name: 'Bash',
  arguments: args,
})
const result = (callId: string, ...content: Block[]): ToolResultBlock => ({
  type: 'tool-result',
  callId,
  content,
  isError: false,
})
const tool = (name: string, more: Partial<FunctionTool> = {}): FunctionTool => ({
  kind: 'function',
  name,
  schema: { type: 'object', properties: {} },
  extra: {},
  ...more,
})
const SIGNATURE = 'EqQB'.repeat(20)
const thinking = (words: string, signature: string | undefined = SIGNATURE): Block => ({
  type: 'thinking',
  text: words,
  ...(signature !== undefined && { signature }),
})
const reasoning = (words: string) => ({
  reasoningContent: { reasoningText: { text: words, signature: SIGNATURE } },
})
const POINT = { cachePoint: { type: 'default' } }
const PNG = { kind: 'base64', mediaType: 'image/png', data: 'AQID' } as const
const PDF = { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' } as const

/** Content of each turn behind the question. */
function turns(messages: Message[], facts?: ModelFacts): Json[] {
  return encode({ messages: [user(text('Hi')), ...messages] }, facts).body.messages.slice(1)
}

describe('the order of a body', () => {
  it('#45 E1 has settings and tools before the system and the conversation last', () => {
    const { body } = encode({
      system: [{ type: 'text', text: 'a' }],
      tools: [tool('Bash')],
      temperature: 0.5,
    })
    expect(Object.keys(body)).toEqual(['inferenceConfig', 'toolConfig', 'system', 'messages'])
  })
})

describe('the conversation', () => {
  it.each<[string, Message[], Json[]]>([
    [
      '#38 D3 six blocks of an interleaved turn keep their order',
      [
        assistant(thinking('1'), text('a'), call('x'), thinking('2'), call('y'), call('z')),
        user(result('x', text('X')), result('y', text('Y')), result('z', text('Z'))),
      ],
      [
        {
          role: 'assistant',
          content: [
            reasoning('1'),
            { text: 'a' },
            { toolUse: { toolUseId: 'x', name: 'Bash', input: {} } },
            reasoning('2'),
            { toolUse: { toolUseId: 'y', name: 'Bash', input: {} } },
            { toolUse: { toolUseId: 'z', name: 'Bash', input: {} } },
          ],
        },
        {
          role: 'user',
          content: ['x', 'y', 'z'].map((id) => ({
            toolResult: { toolUseId: id, content: [{ text: id.toUpperCase() }] },
          })),
        },
      ],
    ],
    [
      'A14 reasoning that came last goes first',
      [assistant(text('a'), call('x'), thinking('1')), user(result('x', text('X')))],
      [
        {
          role: 'assistant',
          content: [reasoning('1'), { text: 'a' }, { toolUse: { toolUseId: 'x', name: 'Bash', input: {} } }],
        },
        { role: 'user', content: [{ toolResult: { toolUseId: 'x', content: [{ text: 'X' }] } }] },
      ],
    ],
    ['a turn of reasoning alone is none', [assistant(thinking('1')), user(text('Go'))], []],
    [
      '#38 redacted reasoning',
      [assistant({ type: 'redacted-thinking', data: 'AQID' }, text('a')), user(text('Go'))],
      [
        { role: 'assistant', content: [{ reasoningContent: { redactedContent: 'AQID' } }, { text: 'a' }] },
        { role: 'user', content: [{ text: 'Go' }] },
      ],
    ],
    [
      'D2 reasoning without a signature of Claude’s is dropped',
      [assistant(thinking('1', ''), thinking('2', 'gAAA-_'), text('a')), user(text('Go'))],
      [
        { role: 'assistant', content: [{ text: 'a' }] },
        { role: 'user', content: [{ text: 'Go' }] },
      ],
    ],
    [
      '#41 A15 blank texts are dropped',
      [assistant(text('a'), text(' \n')), user(text(''), text('Go'))],
      [
        { role: 'assistant', content: [{ text: 'a' }] },
        { role: 'user', content: [{ text: 'Go' }] },
      ],
    ],
    [
      '#9 A13 results come first, in the order of the calls, and in one turn',
      [
        assistant(call('x'), call('y')),
        user(result('y', text('Y'))),
        user(text('And?'), result('x', text('X'))),
      ],
      [
        {
          role: 'assistant',
          content: [
            { toolUse: { toolUseId: 'x', name: 'Bash', input: {} } },
            { toolUse: { toolUseId: 'y', name: 'Bash', input: {} } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 'x', content: [{ text: 'X' }] } },
            { toolResult: { toolUseId: 'y', content: [{ text: 'Y' }] } },
            { text: 'And?' },
          ],
        },
      ],
    ],
    [
      '#13 A12 the last of several results counts',
      [assistant(call('x')), user(result('x', text('old')), result('x', text('new')))],
      [
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'x', name: 'Bash', input: {} } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 'x', content: [{ text: 'new' }] } }] },
      ],
    ],
    [
      '#13 a call without a result gets one that says so',
      [assistant(call('x')), user(text('Go'))],
      [
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'x', name: 'Bash', input: {} } }] },
        {
          role: 'user',
          content: [
            {
              toolResult: {
                toolUseId: 'x',
                content: [{ text: 'The tool call was interrupted: it has no result.' }],
                status: 'error',
              },
            },
            { text: 'Go' },
          ],
        },
      ],
    ],
    [
      '#13 … also at the end',
      [assistant(call('x'))],
      [
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'x', name: 'Bash', input: {} } }] },
        {
          role: 'user',
          content: [
            {
              toolResult: {
                toolUseId: 'x',
                content: [{ text: 'The tool call was interrupted: it has no result.' }],
                status: 'error',
              },
            },
          ],
        },
      ],
    ],
    [
      'a result without its call is text',
      [assistant(text('a')), user(result('gone', text('X')))],
      [
        { role: 'assistant', content: [{ text: 'a' }] },
        { role: 'user', content: [{ text: '[Result of an earlier tool call]' }, { text: 'X' }] },
      ],
    ],
    [
      '#10 an empty result is not blank',
      [assistant(call('x')), user(result('x'))],
      [
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'x', name: 'Bash', input: {} } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 'x', content: [{ text: '(no output)' }] } }] },
      ],
    ],
    [
      '#40 C1 arguments are an object, whatever the model wrote',
      [
        assistant(
          call('a', '{"n":12345678901234567890}'),
          call('b', 'null'),
          call('c', '[1]'),
          call('d', '{"x'),
        ),
        user(result('a', text('A')), result('b', text('B')), result('c', text('C')), result('d', text('D'))),
      ],
      [
        {
          role: 'assistant',
          content: [
            // Its digits are in the text of the body; JSON.parse of the test rounds them.
            { toolUse: { toolUseId: 'a', name: 'Bash', input: { n: 12_345_678_901_234_567_000 } } },
            { toolUse: { toolUseId: 'b', name: 'Bash', input: {} } },
            { toolUse: { toolUseId: 'c', name: 'Bash', input: { value: [1] } } },
            { toolUse: { toolUseId: 'd', name: 'Bash', input: { invalid_json: '{"x' } } },
          ],
        },
        {
          role: 'user',
          content: ['a', 'b', 'c', 'd'].map((id) => ({
            toolResult: { toolUseId: id, content: [{ text: id.toUpperCase() }] },
          })),
        },
      ],
    ],
    [
      '#2 system text inside the conversation is marked user text',
      [{ role: 'system', content: [text('Tools: A')] }],
      [],
    ],
  ])('%s', (_name, messages, expected) => {
    expect(turns(messages)).toEqual(expected)
  })

  it('#8 numbers keep their digits', () => {
    const messages = [user(text('Hi')), assistant(call('a', '{"n":12345678901234567890}')), user(result('a'))]
    expect(encode({ messages }).text).toContain('{"n":12345678901234567890}')
  })

  it('#2 a reminder joins the user’s words', () => {
    const { body, warned } = encode({
      messages: [user(text('Hi')), { role: 'system', content: [text('Tools: A')] }],
    })
    expect(body.messages[0].content[1].text).toBe('<system-reminder>\nTools: A\n</system-reminder>')
    expect(warned).toContain('changed messages[].role')
  })

  it('begins with the user', () => {
    expect(encode({ messages: [assistant(text('a')), user(text('b'))] }).body.messages[0]).toEqual({
      role: 'user',
      content: [{ text: '(The conversation so far.)' }],
    })
  })

  it.each<[string, ModelFacts, boolean]>([
    ['an older Claude goes on from a beginning', SONNET_4_5, false],
    ['a newer one is asked to', OPUS_5_5, true],
    ['so is another model', LLAMA, true],
  ])('#28 %s', (_name, facts, asked) => {
    const { body } = encode({ messages: [user(text('Hi')), assistant(text('Once upon '))] }, facts)
    expect(body.messages).toHaveLength(asked ? 3 : 2)
    if (!asked) expect(body.messages[1].content).toEqual([{ text: 'Once upon' }])
  })

  it('#40 ids fit the API, the same for call and result', () => {
    const id = `functions.Bash:0${'x'.repeat(80)}`
    const [assistantTurn, userTurn] = turns([assistant(call(id)), user(result(id, text('X')))])
    const sent = assistantTurn.content[0].toolUse.toolUseId
    expect(sent).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(userTurn.content[0].toolResult.toolUseId).toBe(sent)
  })

  it('E12 the attribution block is for Claude alone', () => {
    const system: Request['system'] = [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2' },
      { type: 'text', text: 'Be brief' },
    ]
    expect(encode({ system }).body.system).toHaveLength(2)
    expect(encode({ system }, KIMI).body.system).toEqual([{ text: 'Be brief' }])
  })
})

describe('results of tools', () => {
  const failed: Block = { type: 'tool-result', callId: 'x', isError: true, content: [text('Oh no')] }
  const pictures = result('x', text('See'), { type: 'image', source: PNG })

  it('#12 #41 Claude and Nova take failures, images and documents', () => {
    for (const facts of [SONNET_4_5, NOVA_PRO]) {
      expect(turns([assistant(call('x')), user(failed)], facts)[1].content).toEqual([
        { toolResult: { toolUseId: 'x', content: [{ text: 'Oh no' }], status: 'error' } },
      ])
      expect(turns([assistant(call('x')), user(pictures)], facts)[1].content).toEqual([
        {
          toolResult: {
            toolUseId: 'x',
            content: [{ text: 'See' }, { image: { format: 'png', source: { bytes: 'AQID' } } }],
          },
        },
      ])
    }
  })

  it('#11 #12 others are told in words, and images follow', () => {
    expect(turns([assistant(call('x')), user(failed)], LLAMA)[1].content).toEqual([
      { toolResult: { toolUseId: 'x', content: [{ text: '[tool error] Oh no' }] } },
    ])
    expect(turns([assistant(call('x')), user(pictures)], LLAMA)[1].content).toEqual([
      { toolResult: { toolUseId: 'x', content: [{ text: 'See\n[image: see below]' }] } },
      { text: '[image returned by Bash (call x)]' },
      { image: { format: 'png', source: { bytes: 'AQID' } } },
    ])
  })
})

describe('media', () => {
  const content = (facts: ModelFacts, ...blocks: Block[]) =>
    encode({ messages: [user(text('Hi'), ...blocks)] }, facts).body.messages[0].content.slice(1)
  const doc = (title: string | undefined, source: Extract<Block, { type: 'document' }>['source']): Block => ({
    type: 'document',
    source,
    ...(title !== undefined && { title }),
  })

  it.each<[string, ModelFacts, Block, Json[]]>([
    [
      'an image',
      SONNET_4_5,
      { type: 'image', source: PNG },
      [{ image: { format: 'png', source: { bytes: 'AQID' } } }],
    ],
    [
      'an image by its address',
      SONNET_4_5,
      { type: 'image', source: { kind: 'url', url: 'https://a.b/c.png' } },
      [{ text: '[The image was left out: the upstream takes no image by its address: https://a.b/c.png]' }],
    ],
    [
      'an image by an address that ends as a member of every object is called',
      SONNET_4_5,
      { type: 'image', source: { kind: 'url', url: 'https://a.b/c.constructor' } },
      [
        {
          text: '[The image was left out: the upstream takes no image by its address: https://a.b/c.constructor]',
        },
      ],
    ],
    [
      'an image in S3',
      SONNET_4_5,
      { type: 'image', source: { kind: 'url', url: 's3://b/c.jpg' } },
      [{ image: { format: 'jpeg', source: { s3Location: { uri: 's3://b/c.jpg' } } } }],
    ],
    [
      'an image of another type',
      SONNET_4_5,
      { type: 'image', source: { kind: 'base64', mediaType: 'image/bmp', data: 'AQID' } },
      [{ text: '[The image was left out: the upstream takes no images of type image/bmp]' }],
    ],
    [
      'an image for a model that takes none',
      GPT_OSS,
      { type: 'image', source: PNG },
      [{ text: '[The image was left out: this model takes no images]' }],
    ],
    [
      '#6 a PDF',
      SONNET_4_5,
      { type: 'document', source: PDF, title: 'Report', context: 'Q3', citations: true },
      [
        {
          document: {
            format: 'pdf',
            name: 'Report',
            source: { bytes: 'JVBERi0=' },
            context: 'Q3',
            citations: { enabled: true },
          },
        },
      ],
    ],
    [
      '#6 a text document for Claude',
      SONNET_4_5,
      doc('notes', { kind: 'text', text: 'Größe' }),
      [{ document: { format: 'txt', name: 'notes', source: { bytes: 'R3LDtsOfZQ==' } } }],
    ],
    [
      '#6 … and for others',
      LLAMA,
      doc('notes', { kind: 'text', text: 'Größe' }),
      [{ text: 'Document: notes\nGröße' }],
    ],
    [
      '#6 a document of blocks, with its images',
      SONNET_4_5,
      doc(undefined, { kind: 'blocks', blocks: [text('a'), { type: 'image', source: PNG }] }),
      [
        { document: { format: 'txt', name: 'document', source: { bytes: 'YQ==' } } },
        { image: { format: 'png', source: { bytes: 'AQID' } } },
      ],
    ],
    [
      '#7 a search result for Claude',
      SONNET_4_5,
      { type: 'search-result', source: 'https://a.b', title: 'A', content: [{ type: 'text', text: 'x' }] },
      [{ searchResult: { source: 'https://a.b', title: 'A', content: [{ text: 'x' }] } }],
    ],
    [
      '#7 … and for others',
      LLAMA,
      { type: 'search-result', source: 'https://a.b', title: 'A', content: [{ type: 'text', text: 'x' }] },
      [{ text: 'A\nSource: https://a.b\nx' }],
    ],
  ])('%s', (_name, facts, block, expected) => {
    expect(content(facts, block)).toEqual(expected)
  })

  it('#41 names of documents are clean, and none is given twice', () => {
    const titles = [
      'Report_2024.final!.pdf',
      'Report 2024 final pdf',
      '  ',
      'Größe (1) [a]-b',
      'x'.repeat(300),
    ]
    const names = content(SONNET_4_5, ...titles.map((title) => doc(title, PDF))).map(
      (element: Json) => element.document.name as string,
    )
    expect(names).toEqual([
      'Report 2024 final pdf',
      'Report 2024 final pdf (2)',
      'document',
      'Gr e (1) [a]-b',
      'x'.repeat(180),
    ])
  })

  it('a document comes with a text', () => {
    const { body } = encode({ messages: [user({ type: 'document', source: PDF })] })
    expect(body.messages[0].content[1]).toEqual({ text: 'See the attached document.' })
  })

  it('#5 a file of another provider is refused', () => {
    const source = { kind: 'file', id: 'file_1' } as const
    expect(() => encode({ messages: [user({ type: 'image', source })] })).toThrow(
      expect.objectContaining({ kind: 'unsupported' }),
    )
  })
})

describe('marks for the cache', () => {
  const cache = {}
  const hour = { ttl: '1h' } as const

  it('#39 E5 E6 E11 stand behind what they are for, also among the tools', () => {
    const { body } = encode({
      tools: [tool('Bash', { cache }), tool('Edit')],
      system: [{ type: 'text', text: 's', cache }],
      messages: [
        user(text('Hi')),
        assistant({ ...call('x'), cache }),
        user({ ...result('x', text('X')), cache }),
      ],
    })
    expect(body.toolConfig.tools.map((element: Json) => element.toolSpec?.name ?? element)).toEqual([
      'Bash',
      POINT,
      'Edit',
    ])
    expect(body.system).toEqual([{ text: 's' }, POINT])
    expect(body.messages[1].content[1]).toEqual(POINT)
    expect(body.messages[2].content[1]).toEqual(POINT)
  })

  it('E5 one inside a result is the result’s', () => {
    const turn = turns([assistant(call('x')), user(result('x', text('X', { cache }), text('Y')))])[1]
    expect(turn.content).toEqual([
      { toolResult: { toolUseId: 'x', content: [{ text: 'X' }, { text: 'Y' }] } },
      POINT,
    ])
  })

  it('#39 are four at most: the earliest go', () => {
    const { body, warned } = encode({
      system: [1, 2, 3].map((n) => ({ type: 'text', text: String(n), cache })),
      messages: [user(text('a', { cache }), text('b', { cache }))],
    })
    expect(body.system).toEqual([{ text: '1' }, { text: '2' }, POINT, { text: '3' }, POINT])
    expect(body.messages[0].content).toEqual([{ text: 'a' }, POINT, { text: 'b' }, POINT])
    expect(warned).toContain('dropped cache_control')
  })

  it('#39 E7 have an hour where the model knows it, and never behind five minutes', () => {
    const fields: Partial<Request> = {
      system: [{ type: 'text', text: 's', cache: hour }],
      messages: [user(text('a', { cache }), text('b', { cache: hour }))],
    }
    const { body, warned } = encode(fields)
    expect(body.system[1]).toEqual({ cachePoint: { type: 'default', ttl: '1h' } })
    expect(body.messages[0].content[3]).toEqual({ cachePoint: { type: 'default', ttl: '5m' } })
    expect(warned).toContain('changed cache_control.ttl')
    expect(encode(fields, NOVA_PRO).body.system[1]).toEqual(POINT)
  })

  it('#39 are left out for a model that has none, and among Nova’s tools', () => {
    const fields: Partial<Request> = {
      tools: [tool('Bash', { cache })],
      system: [{ type: 'text', text: 's', cache }],
    }
    expect(encode(fields, LLAMA).text).not.toContain('cachePoint')
    const nova = encode(fields, NOVA_PRO)
    expect(nova.body.toolConfig.tools).toHaveLength(1)
    expect(nova.body.system).toEqual([{ text: 's' }, POINT])
    expect(nova.warned).toContain('dropped tools[].cache_control')
  })

  it('stand before a document that is no PDF, and behind one that is', () => {
    const doc = (source: Extract<Block, { type: 'document' }>['source']): Block => ({
      type: 'document',
      source,
      cache,
    })
    const kinds = (...blocks: Block[]) =>
      encode({ messages: [user(...blocks)] }).body.messages[0].content.map(
        (element: Json) => Object.keys(element)[0],
      )
    expect(kinds(text('a'), doc({ kind: 'text', text: 'b' }))).toEqual(['text', 'cachePoint', 'document'])
    expect(kinds(doc({ kind: 'text', text: 'b' }), text('a'))).toEqual(['document', 'text'])
    expect(kinds(text('a'), doc(PDF))).toEqual(['text', 'document', 'cachePoint'])
  })
})

describe('tools', () => {
  it('#40 C7 a conversation with calls has tools, also when the request has none', () => {
    const messages = [user(text('Hi')), assistant(call('x')), user(result('x', text('X')))]
    expect(encode({ messages }).body.toolConfig.tools.map((element: Json) => element.toolSpec.name)).toEqual([
      'Bash',
    ])
    expect(encode({}).body).not.toHaveProperty('toolConfig')
  })

  it('#40 names fit, and are known again', () => {
    const long = `mcp__server__${'x'.repeat(80)}`
    const { body, memo } = encode({ tools: [tool(long)], toolChoice: { type: 'tool', name: long } })
    const sent = body.toolConfig.tools[0].toolSpec.name
    expect(sent).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(body.toolConfig.toolChoice).toEqual({ tool: { name: sent } })
    expect(memo.toolNames?.get(sent)).toBe(long)
  })

  it.each<[string, Partial<FunctionTool>, ModelFacts, Json]>([
    ['C4 without a schema', { schema: undefined }, SONNET_4_5, { json: { type: 'object', properties: {} } }],
    [
      '#18 with alternatives at its top',
      { schema: { anyOf: [{ type: 'object', properties: { a: {} } }] } },
      SONNET_4_5,
      { json: { type: 'object', properties: { a: {} } } },
    ],
    [
      'for Nova, which takes nothing else at the top',
      {
        schema: {
          type: 'object',
          properties: { a: {} },
          required: ['a'],
          additionalProperties: false,
          title: 'T',
        },
      },
      NOVA_PRO,
      { json: { type: 'object', properties: { a: {} }, required: ['a'] } },
    ],
  ])('%s', (_name, more, facts, expected) => {
    expect(encode({ tools: [tool('a', more)] }, facts).body.toolConfig.tools[0].toolSpec.inputSchema).toEqual(
      expected,
    )
  })

  it('#16 strict where the model and the schema allow it', () => {
    const closed = { type: 'object', properties: {}, additionalProperties: false }
    const spec = (schema: object, facts?: ModelFacts) =>
      encode({ tools: [tool('a', { strict: true, schema: { ...schema } })] }, facts).body.toolConfig.tools[0]
        .toolSpec
    expect(spec(closed).strict).toBe(true)
    expect(spec({ type: 'object', properties: {} })).not.toHaveProperty('strict')
    expect(spec(closed, NOVA_PRO)).not.toHaveProperty('strict')
  })

  const choose = (toolChoice: Request['toolChoice'], facts: ModelFacts, more: Partial<Request> = {}) =>
    encode({ tools: [tool('a')], ...(toolChoice !== undefined && { toolChoice }), ...more }, facts)

  it.each<[string, Request['toolChoice'], ModelFacts, Json]>([
    ['auto says nothing', { type: 'auto' }, SONNET_4_5, undefined],
    ['any', { type: 'required' }, SONNET_4_5, { any: {} }],
    ['one', { type: 'tool', name: 'a' }, NOVA_PRO, { tool: { name: 'a' } }],
    ['one that is not there', { type: 'tool', name: 'b' }, SONNET_4_5, undefined],
    ['one, of a model that can only be told any', { type: 'tool', name: 'a' }, MISTRAL, { any: {} }],
    ['any, of a model that cannot be told', { type: 'required' }, LLAMA, undefined],
  ])('#14 %s', (_name, toolChoice, facts, expected) => {
    expect(choose(toolChoice, facts).body.toolConfig.toolChoice).toEqual(expected)
  })

  it('#14 none: Claude is told in its own words, others have no tools', () => {
    expect(choose({ type: 'none' }, SONNET_4_5).body).toMatchObject({
      toolConfig: { tools: [{}] },
      additionalModelRequestFields: { tool_choice: { type: 'none' } },
    })
    expect(choose({ type: 'none' }, LLAMA).body).not.toHaveProperty('toolConfig')
    const messages = [user(text('Hi')), assistant(call('x')), user(result('x', text('X')))]
    const { body, warned } = choose({ type: 'none' }, LLAMA, { messages })
    expect(body.toolConfig.tools).toHaveLength(1)
    expect(warned).toContain('dropped tool_choice')
  })

  it.each<[Request['toolChoice'], Json]>([
    [undefined, { type: 'auto' }],
    [{ type: 'required' }, { type: 'any' }],
    [
      { type: 'tool', name: 'a' },
      { type: 'tool', name: 'a' },
    ],
  ])('#15 one call a turn: %j', (toolChoice, own) => {
    const { body } = choose(toolChoice, SONNET_4_5, { parallelTools: false })
    expect(body.toolConfig).not.toHaveProperty('toolChoice')
    expect(body.additionalModelRequestFields.tool_choice).toEqual({ ...own, disable_parallel_tool_use: true })
    expect(choose(toolChoice, LLAMA, { parallelTools: false }).warned).toContain(
      'dropped tool_choice.disable_parallel_tool_use',
    )
  })

  it('#17 a web search is not there, and the client is told so', () => {
    const search = { type: 'web_search_20250305', name: 'web_search' }
    const { body, memo } = encode({ tools: [{ kind: 'server', ...search, raw: search }] })
    expect(body).not.toHaveProperty('toolConfig')
    expect(memo.webSearchUnavailable).toBe(true)
  })
})

describe('settings', () => {
  it.each<[string, Partial<Request>, ModelFacts, Json]>([
    [
      '#44 Claude’s own',
      { maxTokens: 100, temperature: 0.5, topP: 0.9, topK: 5, stopSequences: ['a', ' '] },
      SONNET_4_5,
      {
        inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ['a'] },
        additionalModelRequestFields: { top_k: 5 },
        additionalModelResponseFieldPaths: ['/stop_sequence', '/delta/stop_sequence'],
      },
    ],
    ['#21 a limit where nobody says one', {}, SONNET_4_5, { inferenceConfig: { maxTokens: 32_000 } }],
    ['#21 … which only Claude needs', {}, LLAMA, {}],
    ['#21 the model’s own limit', { maxTokens: 1e6 }, NOVA_PRO, { inferenceConfig: { maxTokens: 10_000 } }],
    [
      '#22 a newer Claude takes no sampling',
      { maxTokens: 100, temperature: 0.5, topK: 5 },
      OPUS_5_5,
      { inferenceConfig: { maxTokens: 100 } },
    ],
    [
      '#25 thinking by budget',
      { maxTokens: 5000, reasoning: { mode: 'budget', budgetTokens: 2000 }, temperature: 0.5 },
      SONNET_4_5,
      {
        inferenceConfig: { maxTokens: 5000 },
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2000 } },
      },
    ],
    [
      'A8 a budget below the least',
      { maxTokens: 5000, reasoning: { mode: 'budget', budgetTokens: 500 } },
      SONNET_4_5,
      {
        inferenceConfig: { maxTokens: 5000 },
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
      },
    ],
    [
      '#25 #44 adaptive thinking, with an effort',
      { maxTokens: 5000, reasoning: { mode: 'adaptive', effort: 'high', display: 'omitted' } },
      OPUS_5_5,
      {
        inferenceConfig: { maxTokens: 5000 },
        additionalModelRequestFields: {
          thinking: { type: 'adaptive', display: 'omitted' },
          output_config: { effort: 'high' },
        },
      },
    ],
    [
      'C8 no thinking where a tool is forced',
      {
        maxTokens: 5000,
        tools: [tool('a')],
        toolChoice: { type: 'required' },
        reasoning: { mode: 'budget', budgetTokens: 2000 },
      },
      SONNET_4_5,
      {
        inferenceConfig: { maxTokens: 5000 },
        toolConfig: {
          tools: [{ toolSpec: { name: 'a', inputSchema: { json: { type: 'object', properties: {} } } } }],
          toolChoice: { any: {} },
        },
      },
    ],
    [
      'D6 no budget in a tool loop that began without thinking',
      {
        maxTokens: 5000,
        messages: [user(text('Hi')), assistant(call('x')), user(result('x', text('X')))],
        tools: [tool('Bash')],
        reasoning: { mode: 'budget', budgetTokens: 2000 },
      },
      SONNET_4_5,
      {
        inferenceConfig: { maxTokens: 5000 },
        toolConfig: {
          tools: [{ toolSpec: { name: 'Bash', inputSchema: { json: { type: 'object', properties: {} } } } }],
        },
      },
    ],
    [
      '#44 Nova’s own',
      { maxTokens: 100, temperature: 1.5, topK: 5, stopSequences: ['a', 'b', 'c', 'd'] },
      NOVA_PRO,
      {
        inferenceConfig: { maxTokens: 100, temperature: 1, stopSequences: ['a', 'b', 'c', 'd'] },
        additionalModelRequestFields: { inferenceConfig: { topK: 5 } },
        additionalModelResponseFieldPaths: ['/stop_sequence', '/delta/stop_sequence'],
      },
    ],
    [
      '#44 Nova 2 thinks by effort',
      { maxTokens: 5000, temperature: 0.5, reasoning: { mode: 'adaptive', effort: 'low' } },
      NOVA_2,
      {
        inferenceConfig: { maxTokens: 5000, temperature: 0.5 },
        additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } },
      },
    ],
    [
      '#44 … and takes nothing else at its highest',
      { maxTokens: 5000, temperature: 0.5, topK: 5, reasoning: { mode: 'adaptive', effort: 'max' } },
      NOVA_2,
      { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } } },
    ],
    [
      '#44 … and can be told not to',
      { reasoning: { mode: 'off' } },
      NOVA_2,
      { additionalModelRequestFields: { reasoningConfig: { type: 'disabled' } } },
    ],
    [
      '#44 gpt-oss thinks by effort',
      { reasoning: { mode: 'adaptive', effort: 'xhigh' } },
      GPT_OSS,
      { additionalModelRequestFields: { reasoning_effort: 'high' } },
    ],
    [
      '#44 the efforts of the catalogue',
      { reasoning: { mode: 'adaptive', effort: 'medium' } },
      KIMI,
      { additionalModelRequestFields: { reasoning_effort: 'low' } },
    ],
    ['A20 thinking is nothing to a model that cannot', { reasoning: { mode: 'adaptive' } }, LLAMA, {}],
    ['A20 … nor where nobody knows how', { reasoning: { mode: 'adaptive', effort: 'high' } }, DEEPSEEK, {}],
  ])('%s', (_name, fields, facts, expected) => {
    const { messages: _messages, ...sent } = encode(fields, facts).body
    expect(sent).toEqual(expected)
  })

  it('#23 what the model does not stop at, the gateway cuts at', () => {
    const five = ['a', 'b', 'c', 'd', 'e']
    expect(encode({ stopSequences: five }, GPT_OSS)).toMatchObject({ memo: { enforceStop: five } })
    expect(encode({ stopSequences: five }, GPT_OSS).text).not.toContain('stopSequences')
    expect(encode({ stopSequences: five }, LLAMA)).toMatchObject({
      body: { inferenceConfig: { stopSequences: ['a', 'b', 'c', 'd'] } },
      memo: { enforceStop: ['e'] },
      warned: ['emulated stop_sequences'],
    })
    expect(encode({ stopSequences: five }).memo).not.toHaveProperty('enforceStop')
  })

  it('A9 a probe of one token has room where the model needs it', () => {
    const grok: ModelFacts = { id: 'global.xai.grok-4.7', reasoning: false }
    expect(encode({ maxTokens: 1 }, grok).body.inferenceConfig.maxTokens).toBe(16)
    expect(encode({ maxTokens: 1 }).body.inferenceConfig.maxTokens).toBe(1)
  })

  it('#72 a schema goes in a string, or in words to a model that takes none', () => {
    const format = {
      type: 'json',
      name: 'n',
      schema: { type: 'object', properties: { a: { type: 'string' } } },
    } as const
    const { textFormat } = encode({ format }).body.outputConfig
    expect(textFormat.type).toBe('json_schema')
    expect(JSON.parse(textFormat.structure.jsonSchema.schema)).toEqual({
      ...format.schema,
      additionalProperties: false,
    })
    const nova = encode({ format }, NOVA_PRO)
    expect(nova.body).not.toHaveProperty('outputConfig')
    expect(nova.body.system[0].text).toContain('"properties"')
    expect(nova.warned).toContain('emulated output_config.format')
  })

  it('#24 #27 says what it drops', () => {
    const { warned } = encode({ userId: 'u', extra: { service_tier: 'auto', container: 'c' } })
    expect(warned).toEqual(['dropped metadata.user_id', 'dropped service_tier', 'dropped container'])
  })
})
