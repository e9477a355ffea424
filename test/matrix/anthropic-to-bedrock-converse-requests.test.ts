import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { checkConverse } from '../support/provider/bedrock-check.ts'
import type { Json } from '../support/provider/json.ts'
import { sign } from '../support/provider/signature.ts'
import { anyClaudeRequest } from './any-claude-request.ts'
import { hi, MODELS, POINT, result, says, SIGNATURE, spec, toConverse, translates, uses } from './bedrock.ts'
import { PDF, PNG, tool } from './request-rows.ts'
import { assistant, text, toolResult, toolUse, user } from './translate.ts'

const after = (...messages: object[]) => ({ messages: [user('Hi'), ...messages] })
const cached = { cache_control: { type: 'ephemeral' } }
const png = { image: { format: 'png', source: { bytes: PNG.data } } }
const thought = { type: 'thinking', thinking: 'Hm', signature: SIGNATURE }
const reasoned = { reasoningContent: { reasoningText: { text: 'Hm', signature: SIGNATURE } } }

/** What an Anthropic client asks (left) and what Bedrock's Converse gets (right). */
describe('system and roles', () => {
  translates(toConverse, [
    {
      name: '#1 blocks keep their boundaries',
      from: { system: [text('You help.'), text('Be brief.')] },
      to: { system: [{ text: 'You help.' }, { text: 'Be brief.' }], messages: [hi] },
    },
    {
      name: '#2 system text inside the conversation is marked user text',
      from: after({ role: 'system', content: 'Note' }, assistant('Yes?'), user('Go')),
      to: {
        messages: [
          says('user', { text: 'Hi' }, { text: '<system-reminder>\nNote\n</system-reminder>' }),
          says('assistant', { text: 'Yes?' }),
          says('user', { text: 'Go' }),
        ],
      },
      warns: ['changed messages[].role'],
    },
    {
      name: '#2 one without text only changes the effort and goes',
      model: 'us.anthropic.claude-opus-5-5',
      from: {
        ...after({ role: 'system', content: [], output_config: { effort: 'low' } }),
        output_config: { effort: 'high' },
        thinking: { type: 'adaptive' },
      },
      to: {
        messages: [hi],
        additionalModelRequestFields: { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
      },
    },
    {
      name: '#29 neighbours of one role are one, and nothing is empty',
      from: { messages: [user('Hi'), user(''), user('Go')] },
      to: { messages: [says('user', { text: 'Hi' }, { text: 'Go' })] },
    },
  ])
})

describe('content', () => {
  translates(toConverse, [
    {
      name: '#3 what only Anthropic’s service knows is told as text where it says something',
      from: {
        messages: [
          user('Hi'),
          assistant({ type: 'compaction', content: 'So far.' }),
          user(text('Go'), { type: 'container_upload', file_id: 'f' }),
        ],
      },
      to: { messages: [hi, says('assistant', { text: 'So far.' }), says('user', { text: 'Go' })] },
      warns: ['changed messages[].content[].compaction', 'dropped messages[].content[].container_upload'],
    },
    {
      name: '#4 #5 #41 text and images keep their order',
      from: { messages: [user(text('Compare'), { type: 'image', source: PNG }, text('both'))] },
      to: { messages: [says('user', { text: 'Compare' }, png, { text: 'both' })] },
    },
    {
      name: '#6 a document with its title',
      from: {
        messages: [user(text('Read'), { type: 'document', source: PDF, title: 'a_b.pdf', context: 'Q3' })],
      },
      to: {
        messages: [
          says(
            'user',
            { text: 'Read' },
            { document: { format: 'pdf', name: 'a b pdf', source: { bytes: PDF.data }, context: 'Q3' } },
          ),
        ],
      },
    },
    {
      name: '#7 a search result',
      from: {
        messages: [
          user(text('Read'), {
            type: 'search_result',
            source: 'https://a.b',
            title: 'A',
            content: [text('x')],
          }),
        ],
      },
      to: {
        messages: [
          says(
            'user',
            { text: 'Read' },
            { searchResult: { source: 'https://a.b', title: 'A', content: [{ text: 'x' }] } },
          ),
        ],
      },
    },
    {
      name: 'A15 #41 blank texts are dropped',
      from: after(assistant(text('Yes?'), text(' ')), user(text('\n'), text('Go'))),
      to: { messages: [hi, says('assistant', { text: 'Yes?' }), says('user', { text: 'Go' })] },
    },
    {
      name: '#28 a prefill goes on',
      from: after(assistant('{"a": ')),
      to: { messages: [hi, says('assistant', { text: '{"a":' })] },
    },
    {
      name: '#28 … not with a newer Claude',
      model: 'us.anthropic.claude-opus-5-5',
      from: after(assistant('{"a":')),
      to: {
        messages: [
          hi,
          says('assistant', { text: '{"a":' }),
          says('user', { text: 'Continue exactly where you stopped.' }),
        ],
      },
    },
  ])
})

describe('tool loop', () => {
  const tools = [tool('Bash')]

  translates(toConverse, [
    {
      name: '#8 #9 #38 a turn with thinking, text and parallel calls, and their results',
      from: {
        tools,
        ...after(
          assistant(thought, text('I look.'), toolUse('a'), toolUse('b')),
          user(toolResult('a', 'A'), toolResult('b', [text('B')])),
        ),
      },
      to: {
        messages: [
          hi,
          says('assistant', reasoned, { text: 'I look.' }, uses('a'), uses('b')),
          says('user', result('a', 'A'), result('b', 'B')),
        ],
      },
    },
    {
      name: '#38 interleaved thinking keeps its places',
      from: {
        tools,
        ...after(
          assistant(thought, toolUse('a'), thought, toolUse('b')),
          user(toolResult('a', 'A'), toolResult('b', 'B')),
        ),
      },
      to: {
        messages: [hi, says('assistant', reasoned, uses('a'), reasoned, uses('b')), says('user', {}, {})],
      },
    },
    {
      name: 'A14 thinking that stands last goes first',
      from: {
        tools,
        ...after(assistant(text('I look.'), toolUse('a'), thought), user(toolResult('a', 'A'))),
      },
      to: {
        messages: [
          hi,
          says('assistant', reasoned, { text: 'I look.' }, uses('a')),
          says('user', result('a', 'A')),
        ],
      },
    },
    {
      name: '#26 thinking of other models, and of nobody, stays here',
      from: {
        tools,
        ...after(
          assistant(
            { type: 'thinking', thinking: 'a', signature: 'signalbox.' },
            { type: 'thinking', thinking: 'b', signature: 'signalbox.gAAA-_' },
            text('Yes?'),
          ),
          user('Go'),
        ),
      },
      to: { messages: [hi, says('assistant', { text: 'Yes?' }), says('user', { text: 'Go' })] },
      warns: ['dropped messages[].content[].thinking'],
    },
    {
      name: '#26 another model’s thinking on Bedrock, too',
      model: 'openai.gpt-oss-120b-1:0',
      from: after(assistant(thought, text('Yes?')), user('Go')),
      to: { messages: [hi, says('assistant', { text: 'Yes?' }), says('user', { text: 'Go' })] },
    },
    {
      name: '#10 #12 #41 results that are empty, failed, or pictures',
      from: {
        tools,
        ...after(
          assistant(toolUse('a'), toolUse('b'), toolUse('c')),
          user(
            toolResult('a', []),
            toolResult('b', 'Oh no', { is_error: true }),
            toolResult('c', [text('See'), { type: 'image', source: PNG }]),
          ),
        ),
      },
      to: {
        messages: [
          hi,
          says('assistant', uses('a'), uses('b'), uses('c')),
          says('user', result('a', '(no output)'), result('b', 'Oh no', { status: 'error' }), {
            toolResult: { toolUseId: 'c', content: [{ text: 'See' }, png] },
          }),
        ],
      },
    },
    {
      name: '#11 an image follows for a model whose results are text',
      model: 'mistral.pixtral-large-2502-v1:0',
      from: {
        tools,
        ...after(assistant(toolUse('a')), user(toolResult('a', [{ type: 'image', source: PNG }]))),
      },
      to: {
        messages: [
          hi,
          says('assistant', uses('a')),
          says('user', result('a', '[image: see below]'), { text: '[image returned by Bash (call a)]' }, png),
        ],
      },
    },
    {
      name: '#13 A12 A13 results are put first, once each, and missing ones are made',
      from: {
        tools,
        ...after(
          assistant(toolUse('a'), toolUse('b')),
          user(text('And?'), toolResult('a', 'old'), toolResult('a', 'new')),
        ),
      },
      to: {
        messages: [
          hi,
          says('assistant', uses('a'), uses('b')),
          says(
            'user',
            result('a', 'new'),
            result('b', 'The tool call was interrupted: it has no result.', { status: 'error' }),
            { text: 'And?' },
          ),
        ],
      },
    },
    {
      name: 'A11 #8 empty arguments are an object',
      from: { tools, ...after(assistant(toolUse('a', 'Bash', null)), user(toolResult('a', 'A'))) },
      to: { messages: [hi, says('assistant', uses('a', 'Bash', {})), says('user', result('a', 'A'))] },
    },
    {
      name: 'C7 #40 calls without tools get stand-ins',
      from: after(assistant(toolUse('a')), user(toolResult('a', 'A'))),
      to: { toolConfig: { tools: [{ toolSpec: { name: 'Bash' } }] } },
    },
  ])
})

describe('tools', () => {
  translates(toConverse, [
    {
      name: '#16 functions, without what only Anthropic knows',
      from: {
        tools: [
          tool(
            'Bash',
            { type: 'object', properties: {} },
            { description: 'Runs', eager_input_streaming: true },
          ),
        ],
      },
      to: { toolConfig: { tools: [spec('Bash', { description: 'Runs' })] } },
      warns: ['dropped tools[].eager_input_streaming'],
    },
    {
      name: '#14 auto',
      from: { tools: [tool('a')], tool_choice: { type: 'auto' } },
      to: { toolConfig: { tools: [spec('a')] } },
    },
    {
      name: '#14 any',
      from: { tools: [tool('a')], tool_choice: { type: 'any' } },
      to: { toolConfig: { toolChoice: { any: {} } } },
    },
    {
      name: '#14 tool',
      from: { tools: [tool('a')], tool_choice: { type: 'tool', name: 'a' } },
      to: { toolConfig: { toolChoice: { tool: { name: 'a' } } } },
    },
    {
      name: '#14 none, for which Converse has no word',
      from: { tools: [tool('a')], tool_choice: { type: 'none' } },
      to: {
        toolConfig: { tools: [spec('a')] },
        additionalModelRequestFields: { tool_choice: { type: 'none' } },
      },
    },
    {
      name: '#15 one call a turn',
      from: { tools: [tool('a')], tool_choice: { type: 'any', disable_parallel_tool_use: true } },
      to: { additionalModelRequestFields: { tool_choice: { type: 'any', disable_parallel_tool_use: true } } },
    },
    {
      name: 'C8 no thinking where a tool is forced',
      from: {
        tools: [tool('a')],
        tool_choice: { type: 'any' },
        thinking: { type: 'enabled', budget_tokens: 2000 },
      },
      without: ['additionalModelRequestFields'],
      warns: ['dropped thinking'],
    },
    {
      name: 'A6 a deferred tool is offered once it was found',
      from: {
        tools: [
          tool('ToolSearch'),
          tool('Later', undefined, { defer_loading: true }),
          tool('Never', undefined, { defer_loading: true }),
        ],
        ...after(
          assistant(toolUse('a', 'ToolSearch')),
          user(toolResult('a', [{ type: 'tool_reference', tool_name: 'Later' }])),
        ),
      },
      to: {
        toolConfig: { tools: [spec('ToolSearch'), spec('Later')] },
        messages: [
          hi,
          says('assistant', uses('a', 'ToolSearch')),
          says('user', result('a', 'Tool loaded: Later')),
        ],
      },
    },
    {
      name: '#17 a tool that the client runs is a function',
      from: { tools: [{ type: 'bash_20250124', name: 'bash' }] },
      to: { toolConfig: { tools: [{ toolSpec: { name: 'bash' } }] } },
    },
    {
      name: '#17 a search of the web is not there',
      from: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      without: ['toolConfig'],
      warns: ['dropped tools.web_search'],
    },
  ])
})

describe('the prompt cache', () => {
  translates(toConverse, [
    {
      name: '#39 E6 E11 marks stand behind what they are for, and among the tools as elements',
      from: {
        tools: [tool('Bash', undefined, cached)],
        system: [{ ...text('s'), ...cached }],
        messages: [user('Hi'), assistant(toolUse('a')), user({ ...toolResult('a', 'A'), ...cached })],
      },
      to: {
        toolConfig: { tools: [spec('Bash'), POINT] },
        system: [{ text: 's' }, POINT],
        messages: [hi, says('assistant', uses('a')), says('user', result('a', 'A'), POINT)],
      },
    },
    {
      name: '#39 E5 a mark of a call stands behind the call',
      from: {
        tools: [tool('Bash')],
        messages: [user('Hi'), assistant({ ...toolUse('a'), ...cached }), user(toolResult('a', 'A'))],
      },
      to: { messages: [hi, says('assistant', uses('a'), POINT), says('user', result('a', 'A'))] },
    },
    {
      name: '#39 E5 at most four, the earliest go',
      from: {
        system: [1, 2, 3].map((n) => ({ ...text(String(n)), ...cached })),
        messages: [user({ ...text('a'), ...cached }, { ...text('b'), ...cached })],
      },
      to: { system: [{ text: '1' }, { text: '2' }, POINT, { text: '3' }, POINT] },
      warns: ['dropped cache_control'],
    },
    {
      name: '#39 none for a model that has none',
      model: 'openai.gpt-oss-120b-1:0',
      from: { system: [{ ...text('s'), ...cached }] },
      to: { system: [{ text: 's' }] },
      warns: ['dropped cache_control'],
    },
  ])
})

describe('settings', () => {
  translates(toConverse, [
    {
      name: '#21 #22 #44 a limit and sampling',
      from: { max_tokens: 100, temperature: 0.5, top_p: 0.9, top_k: 5 },
      to: {
        inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9 },
        additionalModelRequestFields: { top_k: 5 },
      },
    },
    {
      name: '#21 the model’s own limit',
      from: { max_tokens: 1e6 },
      to: { inferenceConfig: { maxTokens: 64_000 } },
    },
    {
      name: '#23 stop sequences',
      from: { stop_sequences: ['</a>'] },
      to: { inferenceConfig: { stopSequences: ['</a>'] } },
    },
    {
      name: '#23 … which the gateway enforces where the model does not know them',
      model: 'openai.gpt-oss-120b-1:0',
      from: { stop_sequences: ['</a>'] },
      to: { inferenceConfig: { maxTokens: 4096 } },
      warns: ['emulated stop_sequences'],
    },
    {
      name: '#24 who asks stays here',
      from: { metadata: { user_id: '{"session_id":"s"}' } },
      without: ['requestMetadata', 'additionalModelRequestFields'],
      warns: ['dropped metadata.user_id'],
    },
    {
      name: '#25 A8 #44 thinking by budget',
      from: { thinking: { type: 'enabled', budget_tokens: 500 } },
      to: { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } } },
      warns: ['changed thinking.budget_tokens'],
    },
    {
      name: '#25 #44 adaptive thinking, with what the client wants to see of it',
      model: 'us.anthropic.claude-opus-5-5',
      from: { thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'max' } },
      to: {
        additionalModelRequestFields: {
          thinking: { type: 'adaptive', display: 'omitted' },
          output_config: { effort: 'max' },
        },
      },
    },
    {
      name: 'A20 A10 thinking means nothing to a model without, and an effort to one with efforts',
      model: 'openai.gpt-oss-120b-1:0',
      from: { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } },
      to: { additionalModelRequestFields: { reasoning_effort: 'high' } },
    },
    {
      name: '#72 structured output',
      from: {
        output_config: { format: { type: 'json_schema', schema: { type: 'object', properties: {} } } },
      },
      to: {
        outputConfig: {
          textFormat: {
            type: 'json_schema',
            structure: {
              jsonSchema: { schema: '{"type":"object","properties":{},"additionalProperties":false}' },
            },
          },
        },
      },
    },
    {
      name: '#27 A1 what only Anthropic’s service does',
      from: { service_tier: 'auto', context_management: { edits: [] }, mcp_servers: [] },
      warns: ['dropped service_tier', 'dropped context_management', 'dropped mcp_servers'],
    },
  ])
})

/** Bedrock's own validation, as the scripted provider does it. Undefined: accepted. */
const refused = (from: JsonObject, model: string) =>
  checkConverse(toConverse(from, { model }).body, {}, { kind: 'generate', model })

/** A recorded body, whose signatures were taken out, with such as the scripted provider gives. */
function recorded(file: string): JsonObject {
  return JSON.parse(readFileSync(`test/data/claude/${file}`, 'utf8'), (_key, value: Json) =>
    value?.type === 'thinking' && value.signature !== undefined
      ? { ...value, signature: sign(value.thinking) }
      : value,
  )
}

describe('what agents really sent', () => {
  const files = readdirSync('test/data/claude').filter((name) => name !== 'count-tokens.json')
  const models = [...Object.keys(MODELS), 'qwen.qwen3-coder-next']

  it.each(files.flatMap((file) => models.map((model) => [file, model] as const)))(
    '%s to %s is accepted',
    (file, model) => {
      expect(refused(recorded(file), model)).toBeUndefined()
    },
  )

  it('#38 D2 signed thinking is told as it came', () => {
    const { text: sent } = toConverse(recorded('thinking-round-trip.json'))
    expect(sent).toMatch(/"reasoningContent":\{"reasoningText":\{"text":"[^"]+","signature":"[^"]+"/)
  })
})

describe('any Claude request', () => {
  it('that decodes encodes, and Bedrock would accept it', () => {
    fc.assert(
      fc.property(anyClaudeRequest, fc.constantFrom(...Object.keys(MODELS), 'some.model'), (from, model) => {
        try {
          expect(refused(from as JsonObject, model)).toBeUndefined()
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error
          expect(['invalid_request', 'unsupported']).toContain(error.kind)
        }
      }),
      { numRuns: 1500 },
    )
  })

  it('E1 is the same bytes each time', () => {
    fc.assert(
      fc.property(anyClaudeRequest, (from) => {
        const bytes = (): Json => {
          try {
            return toConverse(from).text
          } catch (error) {
            if (error instanceof GatewayError) return error.message
            throw error
          }
        }
        expect(bytes()).toBe(bytes())
      }),
      { numRuns: 200 },
    )
  })
})
