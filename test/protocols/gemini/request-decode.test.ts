import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { JsonObject, Request } from '../../../src/message/request.ts'
import { deepFreeze } from '../../../src/lib/frozen.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'
import { sealThinking } from '../../../src/protocols/gemini/signature.ts'
import { parseJson } from '../../../src/protocols/shared/json.ts'

const user = (...parts: JsonObject[]) => ({ role: 'user', parts })
const model = (...parts: JsonObject[]) => ({ role: 'model', parts })
const text = (value: string) => ({ text: value })
const hi = user(text('Hi'))
const call = (name: string, more: JsonObject = {}) => ({ functionCall: { name, args: { a: 1 }, ...more } })
const answer = (name: string, response: unknown, more: JsonObject = {}) => ({
  functionResponse: { name, response, ...more },
})

function decode(body: JsonObject): Request {
  return gemini.request.decode({ contents: [hi], ...body }).request
}

function warnings(body: JsonObject): string[] {
  const { warnings: list } = gemini.request.decode({ contents: [hi], ...body })
  return list.map(({ kind, field }) => `${kind} ${field}`)
}

const sample = (name: string) =>
  parseJson(readFileSync(`test/data/gemini/${name}.json`, 'utf8')) as JsonObject

describe('what Gemini CLI sends', () => {
  it('the second turn of a tool loop', () => {
    const request = decode(sample('cli-second-turn'))
    expect(request).toMatchObject({
      model: '',
      stream: false,
      temperature: 1,
      topP: 0.95,
      topK: 64,
      reasoning: { mode: 'budget', budgetTokens: 8192, display: 'summarized' },
      system: [{ type: 'text' }],
      extra: {},
    })
    expect(request.messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          {
            type: 'thinking',
            text: '',
            signature: 'sbx-gemini-c3R1Yi1zaWctcjF4YWFzMXRsYW82am92OQ==',
          },
          {
            type: 'tool-call',
            id: 'write_file_1795254234795_0',
            name: 'write_file',
            arguments: '{"file_path":"/work/project/hello.txt","content":"hi gemini"}',
          },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool-result',
            callId: 'write_file_1795254234795_0',
            content: [{ type: 'text', text: expect.stringMatching(/^Successfully created/) }],
            isError: false,
          },
        ],
      },
    ])
    expect(request.tools.map(({ name }) => name)).toContain('run_shell_command')
    const shell = request.tools.find(({ name }) => name === 'run_shell_command')
    expect(shell).toMatchObject({
      kind: 'function',
      schema: { type: 'object', properties: { description: { type: 'string' } }, required: ['command'] },
    })
  })

  it('its router: a schema with types in capitals in the field for JSON Schema', () => {
    expect(decode(sample('cli-router'))).toMatchObject({
      reasoning: { mode: 'adaptive', effort: 'high', display: 'summarized' },
      format: {
        type: 'json',
        schema: {
          type: 'object',
          properties: { complexity_reasoning: { type: 'string' }, complexity_score: { type: 'integer' } },
        },
      },
    })
  })

  it('through Vertex', () => {
    expect(decode(sample('cli-vertex-express')).messages).toHaveLength(1)
  })
})

describe('contents', () => {
  it.each<[string, JsonObject[], unknown[]]>([
    ['text', [text('a'), text('b')], [text('a'), text('b')].map((one) => ({ type: 'text', ...one }))],
    ['A15 empty text and empty parts are nothing', [text(''), {}, text('a')], [{ type: 'text', text: 'a' }]],
    [
      '#5 an image',
      [{ inlineData: { mimeType: 'image/png', data: 'iVBO' } }],
      [{ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } }],
    ],
    [
      'in the other spelling',
      [{ inline_data: { mime_type: 'image/png', data: 'iVBO' } }],
      [{ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } }],
    ],
    [
      '#6 a document',
      [{ inlineData: { mimeType: 'application/pdf', data: 'JVBE', displayName: 'a.pdf' } }],
      [
        {
          type: 'document',
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' },
          title: 'a.pdf',
        },
      ],
    ],
    [
      '#6 a text file',
      [{ inlineData: { mimeType: 'text/markdown', data: Buffer.from('# ü').toString('base64') } }],
      [{ type: 'document', source: { kind: 'text', text: '# ü' } }],
    ],
    [
      '#5 A17 a file in a bucket',
      [{ fileData: { fileUri: 'gs://b/a.png', mimeType: 'image/png' } }],
      [{ type: 'image', source: { kind: 'url', url: 'gs://b/a.png', mediaType: 'image/png' } }],
    ],
    [
      '#5 an uploaded file lies at Google',
      [{ fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/x' } }],
      [
        {
          type: 'document',
          source: { kind: 'file', id: 'https://generativelanguage.googleapis.com/v1beta/files/x' },
        },
      ],
    ],
    [
      'sound',
      [{ inlineData: { mimeType: 'audio/wav', data: 'UklG' } }],
      [
        {
          type: 'opaque',
          protocol: 'gemini',
          kind: 'inlineData',
          raw: { inlineData: { mimeType: 'audio/wav', data: 'UklG' } },
        },
      ],
    ],
    [
      'a part of a kind that nobody knows',
      [{ futurePart: { x: 1 } }],
      [{ type: 'opaque', protocol: 'gemini', kind: 'futurePart', raw: { futurePart: { x: 1 } } }],
    ],
  ])('%s', (_name, parts, content) => {
    expect(decode({ contents: [user(...parts)] }).messages).toEqual([{ role: 'user', content }])
  })

  it('code that Google ran in an earlier turn', () => {
    const content = decode({
      contents: [
        hi,
        model(
          { executableCode: { language: 'PYTHON', code: 'print(1)' } },
          { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1\n' } },
        ),
      ],
    }).messages[1]!.content
    expect(content.map((block) => block.type === 'opaque' && block.kind)).toEqual([
      'executableCode',
      'codeExecutionResult',
    ])
  })

  it('a role is optional, `function` is a user, a system text keeps its place', () => {
    const contents = [{ parts: [text('a')] }, model(text('b')), { role: 'function', parts: [text('c')] }]
    expect(decode({ contents }).messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(decode({ contents: [hi, { role: 'system', parts: [text('x')] }] }).messages[1]).toEqual({
      role: 'system',
      content: [{ type: 'text', text: 'x' }],
    })
  })

  it('a single content, part or tool is a list of one', () => {
    const request = decode({
      contents: { parts: text('a') },
      tools: { functionDeclarations: { name: 'A' } },
    })
    expect(request.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'a' }] }])
    expect(request.tools).toMatchObject([{ name: 'A' }])
  })

  it('the chunks of a stream that an SDK keeps as contents are one message', () => {
    const contents = [hi, model(text('Hel')), model(text('lo')), model(call('a')), model(call('b'))]
    const results = user(answer('a', { output: '1' }), answer('b', { output: '2' }))
    const { messages } = decode({ contents: [...contents, results] })
    expect(messages[1]!.content.map((block) => block.type)).toEqual([
      'text',
      'text',
      'tool-call',
      'tool-call',
    ])
    expect(messages[2]!.content).toMatchObject(
      messages[1]!.content.slice(2).map((block) => ({ callId: block.type === 'tool-call' && block.id })),
    )
  })
})

describe('calls and results', () => {
  const loop = (calls: JsonObject[], results: JsonObject[]) => {
    const [, called, answered] = decode({ contents: [hi, model(...calls), user(...results)] }).messages
    const ids = called!.content.flatMap((block) => (block.type === 'tool-call' ? [block.id] : []))
    const answers = answered!.content.flatMap((block) => (block.type === 'tool-result' ? [block] : []))
    return { ids, answered: answers.map((block) => ids.indexOf(block.callId)), answers }
  }

  it.each<[string, JsonObject[], JsonObject[], number[]]>([
    ['ids as given', [call('a', { id: 'x' })], [answer('a', {}, { id: 'x' })], [0]],
    ['#31 C5 no ids: by name', [call('a'), call('b')], [answer('b', {}), answer('a', {})], [1, 0]],
    ['#31 C5 no ids, one name: in order', [call('a'), call('a')], [answer('a', {}), answer('a', {})], [0, 1]],
    ['an id only on the result', [call('a')], [answer('a', {}, { id: 'x' })], [0]],
    ['a result of no call', [call('a')], [answer('b', {}, { id: 'x' })], [-1]],
  ])('%s', (_name, calls, results, expected) => {
    expect(loop(calls, results).answered).toEqual(expected)
  })

  it('#31 C5 made ids are the same in every turn', () => {
    const first = [hi, model(call('a'), call('b'))]
    const later = [...first, user(answer('a', {}), answer('b', {})), model(text('x')), user(text('y'))]
    expect(decode({ contents: later }).messages[1]).toEqual(decode({ contents: first }).messages[1])
  })

  it.each([
    ['#32 output', { output: 'done' }, 'done', false],
    ['result', { result: 'done' }, 'done', false],
    ['#32 #12 error', { error: 'no such file' }, 'no such file', true],
    ['an error as an object', { error: { code: 1 } }, '{"code":1}', true],
    ['several fields', { stdout: 'a', code: 0 }, '{"stdout":"a","code":0}', false],
    ['an object in output', { output: { a: [1] } }, '{"a":[1]}', false],
    ['nothing', {}, '', false],
  ])('what a tool answered: %s', (_name, response, said, isError) => {
    const [result] = loop([call('a')], [answer('a', response)]).answers
    expect(result).toMatchObject({ isError, content: said === '' ? [] : [{ type: 'text', text: said }] })
  })

  it('#11 media in a result', () => {
    const parts = [{ inlineData: { mimeType: 'image/png', data: 'iVBO' } }]
    const [result] = loop([call('a')], [answer('a', { output: 'see' }, { parts })]).answers
    expect(result!.content).toMatchObject([{ type: 'text', text: 'see' }, { type: 'image' }])
  })

  it('#8 arguments keep their digits; none are an empty object', () => {
    const body = parseJson(
      '{"contents":[{"role":"model","parts":[{"functionCall":{"name":"a","args":{"id":9007199254740993,"f":1.0}}},{"functionCall":{"name":"b"}}]}]}',
    ) as JsonObject
    expect(decode(body).messages[0]!.content).toMatchObject([
      { arguments: '{"id":9007199254740993,"f":1.0}' },
      { arguments: '{}' },
    ])
  })
})

describe('#30 D1 signatures', () => {
  const content = (...parts: JsonObject[]) => decode({ contents: [hi, model(...parts)] }).messages[1]!.content
  const thinking = (said: string, signature?: string) => ({
    type: 'thinking',
    text: said,
    ...(signature !== undefined && { signature }),
  })

  it.each<[string, JsonObject[], unknown[]]>([
    [
      'on a call',
      [{ ...call('a'), thoughtSignature: 'QUI=' }],
      [thinking('', 'sbx-gemini-QUI='), { type: 'tool-call' }],
    ],
    [
      'on a call behind its thought',
      [
        { text: 'h', thought: true },
        { text: 'm', thought: true },
        { ...call('a'), thoughtSignature: 'QUI=' },
      ],
      [thinking('hm', 'sbx-gemini-QUI='), { type: 'tool-call' }],
    ],
    [
      'on a thought',
      [{ text: 'h', thought: true, thoughtSignature: 'QUI=' }, text('a')],
      [thinking('h', 'sbx-gemini.QUI='), { type: 'text', text: 'a' }],
    ],
    [
      'on text',
      [{ text: 'a', thoughtSignature: 'QUI=' }],
      [thinking('', 'sbx-gemini-QUI='), { type: 'text', text: 'a' }],
    ],
    [
      'on a part without content',
      [text('a'), { text: '', thought_signature: 'QUI=' }],
      [{ type: 'text', text: 'a' }, thinking('', 'sbx-gemini~QUI=')],
    ],
    [
      'the word for none',
      [{ ...call('a'), thoughtSignature: 'skip_thought_signature_validator' }],
      [{ type: 'tool-call' }],
    ],
    [
      'another model’s thinking, that was sealed',
      [
        {
          ...call('a'),
          thoughtSignature: sealThinking([{ type: 'thinking', text: 'h', signature: 'EqQB' }]),
        },
      ],
      [thinking('h', 'EqQB'), { type: 'tool-call' }],
    ],
    [
      '… and is shown as well',
      [
        { text: 'h', thought: true },
        {
          ...call('a'),
          thoughtSignature: sealThinking([{ type: 'thinking', text: 'h', signature: 'EqQB' }]),
        },
      ],
      [thinking('h', 'EqQB'), { type: 'tool-call' }],
    ],
    [
      '… and that its maker hides',
      [{ ...call('a'), thoughtSignature: sealThinking([{ type: 'redacted-thinking', data: 'x' }]) }],
      [{ type: 'redacted-thinking', data: 'x' }, { type: 'tool-call' }],
    ],
    ['a seal that was cut', [{ ...call('a'), thoughtSignature: 'c2lnbmFsYm94W1' }], [{ type: 'tool-call' }]],
  ])('%s', (_name, parts, blocks) => {
    expect(content(...parts)).toMatchObject(blocks)
    expect(content(...parts)).toHaveLength(blocks.length)
  })
})

describe('tools', () => {
  const declared = (declaration: JsonObject) => ({
    tools: [{ functionDeclarations: [{ name: 'a', ...declaration }] }],
  })

  it.each<[string, JsonObject, JsonObject]>([
    ['no parameters', {}, { kind: 'function', name: 'a' }],
    [
      'Google’s own schema',
      {
        parameters: {
          type: 'OBJECT',
          properties: {
            type: { type: 'STRING', nullable: true, enum: ['A', 'b'] },
            list: { type: 'ARRAY', items: { type: 'INTEGER' }, minItems: '1' },
          },
          propertyOrdering: ['list', 'type'],
          required: ['list'],
        },
      },
      {
        schema: {
          type: 'object',
          properties: {
            type: { type: ['string', 'null'], enum: ['A', 'b', null] },
            list: { type: 'array', items: { type: 'integer' }, minItems: 1 },
          },
          required: ['list'],
        },
      },
    ],
    [
      'JSON Schema, in the other spelling',
      { parameters_json_schema: { type: 'object', properties: { nullable: { type: 'boolean' } } } },
      { schema: { type: 'object', properties: { nullable: { type: 'boolean' } } } },
    ],
    ['what no other API asks', { behavior: 'BLOCKING' }, { extra: { behavior: 'BLOCKING' } }],
  ])('%s', (_name, declaration, tool) => {
    expect(decode(declared(declaration)).tools).toMatchObject([tool])
  })

  it.each<[string, JsonObject, JsonObject]>([
    ['#17 search', { googleSearch: {} }, { type: 'web_search_20250305', name: 'web_search' }],
    ['#17 search, older', { google_search_retrieval: {} }, { type: 'web_search_20250305' }],
    [
      '#17 search with pages left out',
      { googleSearch: { excludeDomains: ['a.com'] } },
      { raw: { type: 'web_search_20250305', name: 'web_search', blocked_domains: ['a.com'] } },
    ],
    ['code', { codeExecution: {} }, { type: 'codeExecution', name: 'codeExecution' }],
    ['addresses', { urlContext: {} }, { type: 'urlContext' }],
  ])('%s', (_name, tool, expected) => {
    expect(decode({ tools: [tool] }).tools).toMatchObject([{ kind: 'server', ...expected }])
  })

  it('are decoded once for a list that is frozen', () => {
    const tools = deepFreeze([{ functionDeclarations: [{ name: 'a' }] }])
    expect(decode({ tools }).tools).toBe(decode({ tools }).tools)
  })

  const two = { tools: [{ functionDeclarations: [{ name: 'a' }, { name: 'b' }] }] }
  it.each<[string, JsonObject, unknown, string[]]>([
    ['AUTO', { mode: 'AUTO' }, { type: 'auto' }, ['a', 'b']],
    ['ANY', { mode: 'ANY' }, { type: 'required' }, ['a', 'b']],
    ['NONE', { mode: 'NONE' }, { type: 'none' }, ['a', 'b']],
    ['VALIDATED', { mode: 'VALIDATED' }, { type: 'auto' }, ['a', 'b']],
    ['one of them', { mode: 'ANY', allowedFunctionNames: ['a'] }, { type: 'tool', name: 'a' }, ['a', 'b']],
    ['#73 some of them', { mode: 'AUTO', allowed_function_names: ['b'] }, { type: 'auto' }, ['b']],
  ])('#14 the choice: %s', (_name, functionCallingConfig, toolChoice, names) => {
    const request = decode({ ...two, toolConfig: { functionCallingConfig } })
    expect(request.toolChoice).toEqual(toolChoice)
    expect(request.tools.map(({ name }) => name)).toEqual(names)
  })
})

describe('settings', () => {
  const config = (generationConfig: JsonObject) => ({ generationConfig })

  it.each<[string, JsonObject, JsonObject]>([
    ['limits', { maxOutputTokens: 100, stopSequences: ['a'] }, { maxTokens: 100, stopSequences: ['a'] }],
    ['the other spelling', { max_output_tokens: 100, top_k: 5 }, { maxTokens: 100, topK: 5 }],
    [
      'numbers as texts',
      { maxOutputTokens: '100', temperature: '0.5' },
      { maxTokens: 100, temperature: 0.5 },
    ],
    ['no limit', { maxOutputTokens: 0 }, { stopSequences: [] }],
    ['#25 no thinking', { thinkingConfig: { thinkingBudget: 0 } }, { reasoning: { mode: 'off' } }],
    ['#25 as it likes', { thinkingConfig: { thinkingBudget: -1 } }, { reasoning: { mode: 'adaptive' } }],
    [
      '#25 a budget',
      { thinkingConfig: { thinkingBudget: 500, includeThoughts: false } },
      { reasoning: { mode: 'budget', budgetTokens: 500, display: 'omitted' } },
    ],
    [
      '#25 a level',
      { thinking_config: { thinking_level: 'minimal' } },
      { reasoning: { mode: 'adaptive', effort: 'minimal' } },
    ],
    ['JSON', { responseMimeType: 'application/json' }, { format: { type: 'json' } }],
    [
      'JSON by Google’s own schema',
      { responseMimeType: 'application/json', responseSchema: { type: 'ARRAY', items: { type: 'STRING' } } },
      { format: { type: 'json', schema: { type: 'array', items: { type: 'string' } } } },
    ],
    ['plain text', { responseMimeType: 'text/plain' }, { extra: {} }],
    ['one candidate is no wish', { candidateCount: 1, responseModalities: ['TEXT'] }, { extra: {} }],
    [
      'what the hub has no word for',
      { candidateCount: 2, seed: 1 },
      { extra: { 'generationConfig.candidateCount': 2, 'generationConfig.seed': 1 } },
    ],
  ])('%s', (_name, generationConfig, expected) => {
    expect(decode(config(generationConfig))).toMatchObject(expected)
  })

  it('safety settings and cached contents are kept apart', () => {
    expect(decode({ safetySettings: [], cached_content: 'cachedContents/x' }).extra).toEqual({
      safetySettings: [],
      cachedContent: 'cachedContents/x',
    })
  })

  it.each([
    [config({ responseMimeType: 'text/x.enum' }), ['dropped generationConfig.responseMimeType']],
    [{ toolConfig: { retrievalConfig: {} } }, ['dropped toolConfig.retrievalConfig']],
  ])('warns: %j', (body, expected) => {
    expect(warnings(body)).toEqual(expected)
  })

  it.each<[string, JsonObject]>([
    ['a content', { parts: [text('a'), text('b')] }],
    ['in the other spelling', { role: 'user', parts: [text('a'), text('b')] }],
  ])('the system: %s', (_name, system) => {
    expect(decode({ system_instruction: system }).system).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ])
  })
})

describe('counting', () => {
  it.each<[string, JsonObject]>([
    ['contents alone', { contents: [hi] }],
    ['a whole request inside', { generateContentRequest: { model: 'models/x', contents: [hi] } }],
  ])('%s', (_name, body) => {
    expect(gemini.request.decode(body, 'count-tokens').request.messages).toHaveLength(1)
    expect(gemini.encodeCount(12)).toEqual({ totalTokens: 12 })
  })
})

describe('what is wrong', () => {
  it.each<[JsonObject, string]>([
    [{}, 'contents: required field is not set.'],
    [{ contents: [] }, 'contents: required field is not set.'],
    [{ contents: 'Hi' }, `Invalid value at 'contents[0]' (an object), "Hi"`],
    [{ contents: [1] }, `Invalid value at 'contents[0]' (an object), 1`],
    [
      { contents: [{ parts: [{ text: 5 }] }] },
      `Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5`,
    ],
    [
      { contents: [{ role: 'assistant', parts: [] }] },
      `Invalid value at 'contents[0].role' (please use a valid role: user, model), "assistant"`,
    ],
    [
      { contents: [model({ functionCall: {} })] },
      'contents[0].parts[0].functionCall.name: required field is not set.',
    ],
    [
      { contents: [hi], generationConfig: { topP: 'x' } },
      `Invalid value at 'generationConfig.topP' (TYPE_NUMBER), "x"`,
    ],
    [
      { contents: [hi], generationConfig: { thinkingConfig: { thinkingLevel: 'ultra' } } },
      `Invalid value at 'generationConfig.thinkingConfig.thinkingLevel' (ThinkingConfig.ThinkingLevel), "ULTRA"`,
    ],
    [
      { contents: [hi], toolConfig: { functionCallingConfig: { mode: 'SOME' } } },
      `Invalid value at 'toolConfig.functionCallingConfig.mode' (FunctionCallingConfig.Mode), "SOME"`,
    ],
    [{ contents: [hi], tools: ['x'] }, `Invalid value at 'tools[0]' (an object), "x"`],
  ])('%j', (body, message) => {
    expect(() => gemini.request.decode(body)).toThrow(message)
  })

  it('A12 nothing but a refusal, whatever stands in a body', () => {
    const contents = fc.array(fc.object({ key: fc.constantFrom('role', 'parts', 'text'), maxDepth: 3 }))
    const body = fc.record(
      {
        contents: fc.oneof(contents, fc.jsonValue()),
        tools: fc.jsonValue(),
        systemInstruction: fc.jsonValue(),
        generationConfig: fc.jsonValue(),
        toolConfig: fc.jsonValue(),
      },
      { requiredKeys: ['contents'] },
    )
    fc.assert(
      fc.property(body, (value) => {
        try {
          gemini.request.decode(value)
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
          expect((error as GatewayError).kind).toBe('invalid_request')
        }
      }),
      { numRuns: 2000 },
    )
  })
})
