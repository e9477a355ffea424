import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { lookup } from '../../src/models/catalogue.ts'
import { describe, expect, it } from 'vitest'
import { textTokens } from '../../src/pipeline/prospect-text.ts'
import { worstCase } from '../../src/rules/budgets.ts'
import type { Prospect } from '../../src/rules/budgets.ts'
import { prospect } from './prospects.ts'

const captured = (name: string) => readFileSync(new URL(`../data/${name}.json`, import.meta.url), 'utf8')
const OPUS = 'anthropic/claude-opus-5-5'
const said = { messages: [{ role: 'user', content: 'Hi' }] }
const input = { input: 'Hi' }
const contents = { contents: [{ parts: [{ text: 'Hi' }] }] }

describe('A1 text', () => {
  const bytes = Buffer.concat(
    Array.from({ length: 60 }, (_, i) => createHash('sha256').update(`${i}`).digest()),
  )
  const many = (text: string) => text.repeat(20)

  // Counted with o200k and with Claude's first tokenizer, of which the newer ones make up to 1.35 times as many.
  it.each<[string, string, o200k: number, claude: number]>([
    [
      'Chinese',
      many('我们在服务器上运行一个网关，它把请求转发给不同的模型提供者，并且记录每一次调用的费用和延迟。'),
      620,
      720,
    ],
    [
      'Japanese',
      many(
        'このゲートウェイは、エージェントからのリクエストを複数のモデルプロバイダーに転送し、費用と遅延を記録します。',
      ),
      841,
      1180,
    ],
    [
      'Korean',
      many('이 게이트웨이는 에이전트의 요청을 여러 모델 제공자에게 전달하고 비용과 지연 시간을 기록합니다.'),
      540,
      1080,
    ],
    [
      'Russian',
      many(
        'Этот шлюз передаёт запросы агентов разным поставщикам моделей и записывает стоимость каждого вызова.',
      ),
      480,
      980,
    ],
    ['Thai', many('เกตเวย์นี้ส่งต่อคำขอจากเอเจนต์ไปยังผู้ให้บริการโมเดลหลายรายและบันทึกค่าใช้จ่าย'), 660, 2760],
    ['emoji', '😀🥰🚀🔥💯🎉👍🏽🤖🧠🦄🍕👨‍👩‍👧'.repeat(40), 1240, 1640],
    ['hexadecimal', bytes.toString('hex'), 2165, 2214],
    ['base64', bytes.toString('base64'), 1721, 1776],
    ['digits', [...bytes].map((byte) => byte % 10).join(''), 640, 800],
    [
      'a table of numbers',
      [...bytes].map((byte, i) => `${(byte * 3.7).toFixed(2)}\t${i % 7 === 6 ? '\n' : ''}`).join(''),
      7680,
      7978,
    ],
  ])('%s', (name, text, o200k, claude) => {
    const escaped = JSON.stringify(text).replaceAll(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16)}`,
    )
    const dense = name === 'base64' ? 1.2 : 1.35
    for (const json of [JSON.stringify(text), escaped]) {
      const body = Buffer.from(json)
      const most = textTokens(body, { start: 0, end: body.length }) * 1.2
      expect(most).toBeGreaterThanOrEqual(Math.max(o200k, claude * dense))
      if (json !== escaped) expect(most).toBeLessThan(o200k * 7)
    }
  })

  it.each([
    ['claude/default-second-turn', 8649, 15_181],
    ['claude/sonnet-4-5-second-turn', 14_885, 27_290],
    ['codex/apply-patch-second-turn', 2324, 3028],
    ['gemini/cli-second-turn', 916, 1244],
  ])('%s, as an agent sent it', (name, o200k, claude) => {
    const body = Buffer.from(captured(name))
    const most = textTokens(body, { start: 0, end: body.length }) * 1.2
    expect(most).toBeGreaterThanOrEqual(Math.max(o200k, claude * 1.2))
    expect(most).toBeLessThan(claude * 2.3)
  })

  it('is not taken for a token a digit where none is', () => {
    const body = Buffer.from('the gateway forwards the request '.repeat(3000))
    const tokens = textTokens(body, { start: 0, end: body.length })
    expect(tokens / body.length).toBeGreaterThan(1 / 3)
    expect(tokens / body.length).toBeLessThan(1 / 2.4)
  })
})

describe('A1 the input', () => {
  it('of Claude Code is its text', () => {
    const { inputTokens, inputTokensMax } = prospect(
      'anthropic',
      OPUS,
      captured('claude/default-second-turn'),
    )
    expect(inputTokens).toBeGreaterThan(15_181)
    expect(inputTokens).toBeLessThan(25_000)
    expect(inputTokensMax).toBe(1_000_000)
  })

  it('is no more than the model takes, without a margin', () => {
    const { inputTokens, inputTokensMax } = prospect('anthropic', OPUS, {
      messages: [{ role: 'user', content: 'word '.repeat(2_000_000) }],
    })
    expect(worstCase({ inputTokens, inputTokensMax, outputTokens: 0 }, { input: 1000, output: 1 })).toEqual({
      tokens: 1_000_000,
      nanodollars: 1_000_000,
    })
  })

  const picture = { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo'.repeat(20_000) }
  const url = `data:image/png;base64,${picture.data}`
  const image = { type: 'image', source: picture }
  const part = { inlineData: { mimeType: 'image/png', data: picture.data } }
  it.each<[string, protocol: string, model: string, body: object, pictures: number]>([
    ['Claude', 'anthropic', OPUS, { messages: [{ role: 'user', content: [image, image] }] }, 2],
    [
      'Claude, in the result of a tool',
      'anthropic',
      OPUS,
      {
        messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [image] }] }],
      },
      1,
    ],
    [
      'Chat',
      'openai-chat',
      'openai/gpt-5.4',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] },
      1,
    ],
    [
      'Responses',
      'openai-responses',
      'openai/gpt-5.4',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }] },
      1,
    ],
    ['Gemini', 'gemini', 'gemini/gemini-2.5-flash', { contents: [{ parts: [part, { text: 'a' }] }] }, 1],
    [
      'Gemini, in a result',
      'gemini',
      'gemini/gemini-2.5-flash',
      { contents: [{ parts: [{ functionResponse: { name: 'a', parts: [part] } }] }] },
      1,
    ],
    [
      'Converse',
      'bedrock-converse',
      'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      { messages: [{ content: [{ image: { format: 'png', source: { bytes: picture.data } } }] }] },
      1,
    ],
    [
      'Cohere',
      'cohere',
      'cohere/command-a-vision-07-2025',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] },
      1,
    ],
  ])('counts pictures, and not their bytes: %s', (_name, protocol, model, body, pictures) => {
    const { inputTokens } = prospect(protocol, model, body)
    expect(inputTokens).toBeGreaterThan(4784 * pictures)
    expect(inputTokens).toBeLessThan(2000 + 16_384 * pictures)
  })

  it.each<[string, protocol: string, model: string, body: object]>([
    [
      'a call of a tool',
      'anthropic',
      OPUS,
      { messages: [{ role: 'assistant', content: [{ type: 'tool_use', input: image }] }] },
    ],
    [
      'a text',
      'anthropic',
      OPUS,
      { messages: [{ role: 'user', content: [{ type: 'text', text: url, source: picture }] }] },
    ],
    ['the system', 'anthropic', OPUS, { ...said, system: [image] }],
  ])('takes what only looks like a picture for text: %s', (_name, protocol, model, body) => {
    expect(prospect(protocol, model, body).inputTokens).toBeGreaterThan(picture.data.length / 2)
  })

  it('finds a picture whose name is written in escapes', () => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: [image] }] }).replace(
      '"image"',
      String.raw`"\u0069mage"`,
    )
    expect(prospect('anthropic', OPUS, body).inputTokens).toBeLessThan(7000)
  })

  it.each<[string, protocol: string, model: string, body: object]>([
    ['earlier answers', 'openai-responses', 'openai/gpt-5.4', { ...input, previous_response_id: 'resp_1' }],
    ['a conversation', 'openai-responses', 'openai/gpt-5.4', { ...input, conversation: { id: 'conv_1' } }],
    ['a template', 'openai-responses', 'openai/gpt-5.4', { ...input, prompt: { id: 'pmpt_1' } }],
    ['an item', 'openai-responses', 'openai/gpt-5.4', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    [
      'a file',
      'openai-responses',
      'openai/gpt-5.4',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
    ],
    [
      'a file in Chat',
      'openai-chat',
      'openai/gpt-5.4',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
    ],
    [
      'a file of Responses in Chat',
      'openai-chat',
      'openai/gpt-5.4',
      { messages: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
    ],
    ['a cache', 'gemini', 'gemini/gemini-2.5-flash', { ...contents, cachedContent: 'cachedContents/1' }],
    [
      'a cache, in snake case',
      'gemini',
      'gemini/gemini-2.5-flash',
      { ...contents, cached_content: 'cachedContents/1' },
    ],
    [
      'a file of Google’s',
      'gemini',
      'gemini/gemini-2.5-flash',
      { contents: [{ parts: [{ fileData: { fileUri: 'u' } }] }] },
    ],
    [
      'a film',
      'gemini',
      'gemini/gemini-2.5-flash',
      { contents: [{ parts: [{ inline_data: { mime_type: 'video/mp4', data: 'AAAA' } }] }] },
    ],
    [
      'a document',
      'anthropic',
      OPUS,
      { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'url', url: 'u' } }] }] },
    ],
    [
      'a file in a container',
      'anthropic',
      OPUS,
      { messages: [{ role: 'user', content: [{ type: 'container_upload', file_id: 'f' }] }] },
    ],
    [
      'a document in Converse',
      'bedrock-converse',
      'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      { messages: [{ content: [{ document: { source: { s3Location: { uri: 's3://a' } } } }] }] },
    ],
  ])('is all that the model takes where only the provider has it: %s', (_name, protocol, model, body) => {
    const { inputTokens, inputTokensMax } = prospect(protocol, model, body)
    expect(inputTokens).toBeUndefined()
    expect(inputTokensMax).toBeGreaterThanOrEqual(200_000)
  })

  it('with a PDF of Claude Code is all that the model takes', () => {
    expect(prospect('anthropic', OPUS, captured('claude/image-and-pdf-results')).inputTokens).toBeUndefined()
  })

  it('is read twice where it is summed up', () => {
    const edits = [{ type: 'compact_20260112' }]
    const once = prospect('anthropic', OPUS, { ...said, max_tokens: 5000, context_management: { edits: [] } })
    const twice = prospect('anthropic', OPUS, { ...said, max_tokens: 5000, context_management: { edits } })
    expect(twice.inputTokens).toBeGreaterThan(1.9 * once.inputTokens!)
    expect([once.outputTokens, twice.outputTokens, twice.inputTokensMax]).toEqual([5000, 10_000, 2_000_000])
  })
})

describe('A1 the output', () => {
  const CHAT = 'openai/gpt-5.4'
  const GEMINI = 'gemini/gemini-2.5-flash'
  const NOVA = 'bedrock/us.amazon.nova-2-lite-v1:0'
  it.each<[string, protocol: string, model: string, body: object | string, tokens: number | undefined]>([
    ['what is asked for', 'anthropic', OPUS, { ...said, max_tokens: 5000 }, 5000],
    ['what Claude Code asks for', 'anthropic', OPUS, captured('claude/default-second-turn'), 128_000],
    ['what translation raises it to', 'anthropic', CHAT, { ...said, max_tokens: 1 }, 1024],
    ['the older field', 'openai-chat', CHAT, { ...said, max_tokens: 5000 }, 5000],
    ['the newer field', 'openai-chat', CHAT, { ...said, max_completion_tokens: 5000 }, 5000],
    [
      'the larger of both',
      'openai-chat',
      CHAT,
      { ...said, max_completion_tokens: 5000, max_tokens: 9000 },
      9000,
    ],
    ['the field of another API', 'openai-chat', CHAT, { ...said, max_output_tokens: 5000 }, 128_000],
    [
      'a field that the upstream may not know',
      'openai-chat',
      'mistral/mistral-large-latest',
      { ...said, max_completion_tokens: 5 },
      262_144,
    ],
    ['for each answer', 'openai-chat', CHAT, { ...said, max_tokens: 5000, n: 3 }, 15_000],
    ['for none, which is one', 'openai-chat', CHAT, { ...said, max_tokens: 5000, n: 0 }, 5000],
    ['a count in quotes', 'openai-chat', CHAT, { ...said, max_tokens: '5000', n: '2' }, 10_000],
    ['a count that is none', 'openai-chat', CHAT, { ...said, max_tokens: 5000, n: [3] }, undefined],
    [
      'with a prediction',
      'openai-chat',
      CHAT,
      { ...said, max_tokens: 5000, prediction: 'x'.repeat(998) },
      6000,
    ],
    ['Responses', 'openai-responses', CHAT, { ...input, max_output_tokens: 5000 }, 5000],
    [
      'Codex, which says nothing',
      'openai-responses',
      CHAT,
      captured('codex/apply-patch-second-turn'),
      128_000,
    ],
    ['Cursor', 'cursor', CHAT, { ...input, max_output_tokens: 5000 }, 5000],
    [
      'Gemini',
      'gemini',
      GEMINI,
      { ...contents, generationConfig: { maxOutputTokens: 5000, candidateCount: 2 } },
      10_000,
    ],
    [
      'Gemini, in snake case',
      'gemini',
      GEMINI,
      { ...contents, generation_config: { max_output_tokens: '5000' } },
      5000,
    ],
    ['Gemini CLI, which says nothing', 'gemini', GEMINI, captured('gemini/cli-second-turn'), 65_536],
    ['Converse', 'bedrock-converse', NOVA, { ...said, inferenceConfig: { maxTokens: 5000 } }, 5000],
    [
      'Converse, with what the model knows beside',
      'bedrock-converse',
      NOVA,
      { ...said, inferenceConfig: { maxTokens: 5000 }, additionalModelRequestFields: { max_tokens: 6000 } },
      6000,
    ],
    ['a limit that translation leaves out', 'openai-chat', NOVA, { ...said, max_tokens: 5000 }, 65_535],
    ['Cohere', 'cohere', 'cohere/command-a-03-2025', { ...said, max_tokens: 5000 }, 5000],
    ['more than fits', 'anthropic', OPUS, { ...said, max_tokens: 9_000_000 }, 1_000_000],
    ['nothing, of a model that nobody knows', 'openai-chat', 'ollama/mine', said, undefined],
    ['null', 'openai-chat', CHAT, { ...said, max_tokens: null }, 128_000],
    ['less than nothing', 'openai-chat', CHAT, { ...said, max_tokens: -5 }, 128_000],
    ['beyond all numbers', 'openai-chat', CHAT, '{"messages":[],"max_tokens":1e309}', 128_000],
    ['a word', 'openai-chat', CHAT, { ...said, max_tokens: 'many' }, 128_000],
    ['something nested', 'openai-chat', CHAT, { ...said, max_tokens: { a: 1 } }, 128_000],
    [
      'a name twice',
      'gemini',
      GEMINI,
      '{"contents":[],"generationConfig":{"maxOutputTokens":1,"maxOutputTokens":9000}}',
      undefined,
    ],
  ])('is %s', (_name, protocol, model, body, tokens) => {
    expect(prospect(protocol, model, body).outputTokens).toBe(tokens)
  })
})

describe('A1 services', () => {
  it.each<[string, protocol: string, model: string, body: object, asked: string[], unasked: string[]]>([
    ['nothing is said', 'anthropic', OPUS, said, [], ['priority', 'us']],
    ['auto', 'anthropic', OPUS, { ...said, service_tier: 'auto' }, [], ['priority', 'us']],
    ['only the ordinary one', 'anthropic', OPUS, { ...said, service_tier: 'standard_only' }, [], ['us']],
    [
      'fast, in a place',
      'anthropic',
      OPUS,
      { ...said, speed: 'fast', inference_geo: 'us' },
      ['fast', 'us'],
      ['priority'],
    ],
    [
      'priority',
      'openai-chat',
      'openai/gpt-5.4',
      { ...said, service_tier: 'priority' },
      ['priority'],
      ['us'],
    ],
    ['default', 'openai-responses', 'openai/gpt-5.4', { ...input, service_tier: 'default' }, [], ['us']],
    [
      'Converse',
      'bedrock-converse',
      'bedrock/us.amazon.nova-2-lite-v1:0',
      { ...said, serviceTier: { type: 'flex' } },
      ['flex'],
      ['us'],
    ],
    [
      'fields that translation leaves out',
      'openai-chat',
      'cohere/command-a-03-2025',
      { ...said, service_tier: 'priority' },
      [],
      ['us'],
    ],
  ])('%s', (_name, protocol, model, body, services, unaskedServices) => {
    expect(prospect(protocol, model, body)).toMatchObject({ services, unaskedServices })
  })
})

describe('A1 tools of the provider’s', () => {
  const search = { type: 'web_search_20250305', name: 'web_search' }
  const bash = { type: 'bash_20250124', name: 'bash' }
  const call = { type: 'function', function: { name: 'f' } }
  it.each<[string, protocol: string, model: string, body: object | string, Prospect['pieces']]>([
    ['Claude Code’s search', 'anthropic', OPUS, captured('claude/web-search-server-tool'), { webSearch: 8 }],
    ['Claude Code’s own', 'anthropic', OPUS, captured('claude/parallel-tools'), undefined],
    ['a search without a limit', 'anthropic', OPUS, { ...said, tools: [search] }, { webSearch: 10 }],
    ['run by the client', 'anthropic', OPUS, { ...said, tools: [bash] }, undefined],
    [
      'code',
      'anthropic',
      OPUS,
      { ...said, tools: [bash, { type: 'code_execution_20250825' }] },
      { webSearch: 10 },
    ],
    ['servers', 'anthropic', OPUS, { ...said, mcp_servers: [{ url: 'u' }] }, { webSearch: 10 }],
    ['no servers', 'anthropic', OPUS, { ...said, mcp_servers: [] }, undefined],
    ['functions in Chat', 'openai-chat', 'openai/gpt-5.4', { ...said, tools: [call] }, undefined],
    [
      'a search in Chat',
      'openai-chat',
      'openai/gpt-5.4',
      { ...said, web_search_options: {}, tools: [call] },
      undefined,
    ],
    [
      'a search with options',
      'openai-chat',
      'openai/gpt-5.4',
      { ...said, web_search_options: { search_context_size: 'low' } },
      { webSearch: 10 },
    ],
    ['a model that searches', 'openai-chat', 'openai/gpt-4o-search-preview', said, { webSearch: 10 }],
    [
      'Codex’s search',
      'openai-responses',
      'openai/gpt-5.4',
      captured('codex/apply-patch-second-turn'),
      { webSearch: 10 },
    ],
    [
      'the same, where nobody searches',
      'openai-responses',
      'deepseek/deepseek-chat',
      captured('codex/apply-patch-second-turn'),
      undefined,
    ],
    [
      'OpenCode’s',
      'openai-responses',
      'openai/gpt-5.4',
      captured('opencode/responses-second-turn'),
      undefined,
    ],
    [
      'among the input',
      'openai-responses',
      'openai/gpt-5.4',
      { input: [{ type: 'additional_tools', tools: [{ type: 'mcp' }] }] },
      { webSearch: 10 },
    ],
    [
      'so many at most',
      'openai-responses',
      'openai/gpt-5.4',
      { ...input, tools: [{ type: 'web_search' }], max_tool_calls: 3 },
      { webSearch: 3 },
    ],
    ['Gemini CLI’s', 'gemini', 'gemini/gemini-2.5-flash', captured('gemini/cli-second-turn'), undefined],
    [
      'Google’s search',
      'gemini',
      'gemini/gemini-2.5-flash',
      { ...contents, tools: [{ google_search: {} }] },
      { webSearch: 10 },
    ],
    [
      'Nova’s search',
      'bedrock-converse',
      'bedrock/us.amazon.nova-2-lite-v1:0',
      { ...said, toolConfig: { tools: [{ systemTool: { name: 'nova_grounding' } }] } },
      { webSearch: 10 },
    ],
  ])('%s', (_name, protocol, model, body, pieces) => {
    const found = prospect(protocol, model, body)
    expect(found.pieces).toEqual(pieces)
    const [provider, ...name] = model.split('/')
    const facts = lookup(provider!, name.join('/'))
    const runs = pieces?.webSearch ?? 0
    // What they find is input, and so is the conversation, again with each.
    expect(found.inputTokens).toBeGreaterThan(((16_000 * runs) / 2) * (runs + 1))
    expect(found.inputTokensMax).toBe((facts?.contextWindowTokens ?? facts?.maxInputTokens)! * (runs + 1))
  })

  it('nor how long an answer may be that is told twice, in Google’s two spellings', () => {
    const told = { generationConfig: { maxOutputTokens: 5 }, generation_config: { maxOutputTokens: 60_000 } }
    const { outputTokens } = prospect('gemini', 'gemini/gemini-2.5-flash', { ...contents, ...told })
    expect(outputTokens ?? Infinity).toBeGreaterThanOrEqual(60_000)
  })

  it.each<[string, protocol: string, place: string, body: object, runsLater: true | undefined]>([
    ['in the background', 'openai-responses', 'openai/gpt-5', { ...input, background: true }, true],
    ['not in the background', 'openai-responses', 'openai/gpt-5', { ...input, background: false }, undefined],
    [
      'where nothing runs in the background',
      'openai-responses',
      OPUS,
      { ...input, background: true },
      undefined,
    ],
    ['deferred', 'openai-chat', 'xai/grok-4', { ...said, deferred: true }, true],
  ])(
    'nor what is answered later, to whom no answer is charged: %s',
    (_name, protocol, place, body, runsLater) => {
      expect(prospect(protocol, place, { ...body, max_output_tokens: 5000 }).runsLater).toBe(runsLater)
    },
  )

  it('nor what OpenRouter’s other models cost', () => {
    const body = { ...said, models: ['openai/gpt-5-pro'], max_tokens: 5000 }
    expect(prospect('openai-chat', 'openrouter/openai/gpt-5-mini', body).outputTokens).toBeUndefined()
  })

  it('nor can be said what Claude’s own fallbacks cost', () => {
    const fallbacks = (value: unknown) =>
      prospect('anthropic', OPUS, { ...said, fallbacks: value, max_tokens: 5000 })
    expect(fallbacks([{ model: 'claude-sonnet-5' }]).outputTokens).toBeUndefined()
    expect(fallbacks('default').outputTokens).toBeUndefined()
    expect(fallbacks(['openai/gpt-5']).outputTokens).toBe(5000)
  })
})

it.each<[string, protocol: string, model: string, body: object, hasAudio: boolean]>([
  ['none', 'openai-chat', 'openai/gpt-5.4', said, false],
  [
    'heard',
    'openai-chat',
    'openai/gpt-5.4',
    {
      messages: [
        { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] },
      ],
    },
    true,
  ],
  ['spoken', 'openai-chat', 'openai/gpt-5.4', { ...said, modalities: ['text', 'audio'] }, true],
  [
    'in a film',
    'gemini',
    'gemini/gemini-2.5-flash',
    { contents: [{ parts: [{ inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } }] }] },
    true,
  ],
  [
    'spoken by Gemini',
    'gemini',
    'gemini/gemini-2.5-flash',
    { ...contents, generationConfig: { responseModalities: ['AUDIO'] } },
    true,
  ],
])('A1 sound: %s', (_name, protocol, model, body, hasAudio) => {
  expect(prospect(protocol, model, body).hasAudio).toBe(hasAudio)
})
