import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import { calls, hi, inputText, item, output, outputText, toClaude, translates } from './responses.ts'
import { assistant, text, toolResult, toolUse, user } from './translate.ts'

const input = (...items: object[]) => ({ input: items })
const fn = (name: string, more: object = {}) => ({
  type: 'function',
  name,
  parameters: { type: 'object', properties: {} },
  ...more,
})
const patch = {
  type: 'custom',
  name: 'apply_patch',
  description: 'Edits files.',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}
const pngUrl = 'data:image/png;base64,iVBORw0KGgo='
const png = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }
const CLAUDE_SIGNATURE = 'EqQB'.repeat(20)
const says = (...content: object[]) => ({ role: 'user', content })

/** What a Responses client asks (left) and what Claude gets (right). */
describe('input', () => {
  translates(toClaude, [
    { name: 'a string', from: { input: 'Hi' }, to: { messages: [says(text('Hi'))] } },
    {
      name: '#1 instructions and what the developer says first are the system, block by block',
      from: { instructions: 'Be brief.', ...input(item('developer', inputText('A'), inputText('B')), hi) },
      to: { system: [text('Be brief.'), text('A'), text('B')], messages: [says(text('Hi'))] },
    },
    {
      name: '#2 what the developer says later is marked user text',
      from: input(hi, item('developer', inputText('Note'))),
      to: { messages: [says(text('Hi'), text('<system-reminder>\nNote\n</system-reminder>'))] },
      warns: ['changed messages[].role'],
    },
    {
      name: '#4 #5 text and images keep their order',
      from: input(
        item('user', inputText('a'), { type: 'input_image', image_url: pngUrl }, inputText('b'), {
          type: 'input_image',
          image_url: 'https://a.b/c.png',
        }),
      ),
      to: {
        messages: [
          says(text('a'), png, text('b'), {
            type: 'image',
            source: { type: 'url', url: 'https://a.b/c.png' },
          }),
        ],
      },
    },
    {
      name: '#6 documents',
      from: input(
        item(
          'user',
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
          { type: 'input_file', filename: 'a.txt', file_data: 'data:text/plain;base64,T25jZQ==' },
        ),
      ),
      to: {
        messages: [
          says(
            {
              type: 'document',
              title: 'a.pdf',
              source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
            },
            { type: 'document', title: 'a.txt', source: { type: 'text', data: 'Once' } },
          ),
        ],
      },
    },
    {
      name: '#75 marks of the prompt cache',
      from: input(item('user', { ...inputText('Hi'), prompt_cache_breakpoint: { mode: 'explicit' } })),
      to: { messages: [says({ ...text('Hi'), cache_control: { type: 'ephemeral' } })] },
    },
  ])

  it('#5 a file that lies at OpenAI: an error that says what to do', () => {
    const translate = () => toClaude(input(item('user', { type: 'input_file', file_id: 'file-1' })))
    expect(translate).toThrow(GatewayError)
    expect(translate).toThrow(/lies at another provider: send its content instead/)
  })

  it.each([
    ['previous_response_id', 'resp_1', /earlier answers are not kept; send the whole conversation in input/],
    ['conversation', 'conv_1', /conversations are not kept; send the whole conversation in input/],
  ])('#71 %s, which only OpenAI keeps, is refused', (field, value, words) => {
    expect(() => toClaude({ [field]: value })).toThrow(words)
  })
})

describe('turns', () => {
  translates(toClaude, [
    {
      name: '#8 #9 A13 a tool loop: calls of a turn together, their results in one message, first',
      from: input(
        hi,
        item('assistant', outputText('I look.')),
        calls('a'),
        calls('b', 'Read', '{"n":1.0}'),
        output('b', 'B'),
        output('a', 'A'),
        item('user', inputText('Well?')),
      ),
      to: {
        messages: [
          says(text('Hi')),
          assistant(text('I look.'), toolUse('a'), toolUse('b', 'Read', { n: 1 })),
          says(toolResult('a', [text('A')]), toolResult('b', [text('B')]), text('Well?')),
        ],
      },
    },
    {
      name: '#10 #11 A16 an empty result, and one with an image',
      from: input(
        hi,
        calls('a'),
        calls('b'),
        output('a', ''),
        output('b', [inputText('x'), { type: 'input_image', image_url: pngUrl }]),
      ),
      to: { messages: [{}, {}, says(toolResult('a', []), toolResult('b', [text('x'), png]))] },
    },
    {
      name: '#13 a call without a result failed',
      from: input(hi, calls('a'), item('user', inputText('Go'))),
      to: { messages: [{}, {}, says({ type: 'tool_result', tool_use_id: 'a', is_error: true }, text('Go'))] },
    },
    {
      name: '#70 #26 Claude’s own thinking comes back as it was signed, before what it led to',
      from: input(
        hi,
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'Hm' }],
          encrypted_content: `signalbox.${CLAUDE_SIGNATURE}`,
        },
        { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'signalbox-redacted.x' },
        calls('a'),
        output('a'),
      ),
      to: {
        messages: [
          {},
          assistant(
            { type: 'thinking', thinking: 'Hm', signature: CLAUDE_SIGNATURE },
            { type: 'redacted_thinking', data: 'x' },
            toolUse('a'),
          ),
          {},
        ],
      },
    },
    {
      name: '#26 D2 OpenAI’s reasoning does not go to Claude',
      from: input(
        hi,
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
        item('assistant', outputText('Yes?')),
        item('user', inputText('Go')),
      ),
      to: { messages: [{}, assistant(text('Yes?')), {}] },
      warns: ['dropped messages[].content[].thinking'],
    },
    {
      name: '#69 Codex: a patch as free text, and what came of it',
      from: {
        tools: [patch],
        ...input(
          hi,
          { type: 'custom_tool_call', call_id: 'a', name: 'apply_patch', input: '*** Begin\n+"x"' },
          { type: 'custom_tool_call_output', call_id: 'a', output: 'Done' },
        ),
      },
      to: {
        messages: [
          {},
          assistant(toolUse('a', 'apply_patch', { input: '*** Begin\n+"x"' })),
          says(toolResult('a', [text('Done')])),
        ],
      },
    },
    {
      name: '#69 Codex: calls into namespaces',
      from: {
        ...input(
          {
            type: 'additional_tools',
            role: 'developer',
            tools: [
              { type: 'namespace', name: 'functions', description: '', tools: [{ ...patch, name: 'exec' }] },
              {
                type: 'namespace',
                name: 'collaboration',
                description: 'Helpers.',
                tools: [fn('list_agents')],
              },
            ],
          },
          hi,
          { ...calls('a', 'list_agents', '{}'), namespace: 'collaboration' },
          output('a'),
        ),
      },
      to: {
        tools: [
          { name: 'exec' },
          { name: 'collaboration__list_agents', description: '[Tools of collaboration] Helpers.' },
        ],
        messages: [{}, assistant(toolUse('a', 'collaboration__list_agents', {})), {}],
      },
    },
    {
      name: '#71 what only OpenAI keeps is told as missing; its own tools’ items are dropped',
      from: input(
        hi,
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'x' } },
        { type: 'item_reference', id: 'msg_1' },
        item('user', inputText('Go')),
      ),
      to: {
        messages: [{}, assistant({ text: expect.stringContaining('An earlier answer stands here') }), {}],
      },
      warns: ['dropped input[].item_reference', 'dropped messages[].content[].web_search_call'],
    },
    {
      name: '#29 a conversation that begins with the model',
      from: input(item('assistant', outputText('Hello')), hi),
      to: { messages: [{ role: 'user' }, assistant(text('Hello')), says(text('Hi'))] },
    },
  ])
})

describe('tools', () => {
  translates(toClaude, [
    {
      name: '#69 functions and free text',
      from: { tools: [fn('Bash', { description: 'Runs.', strict: true }), patch] },
      to: {
        tools: [
          {
            name: 'Bash',
            description: 'Runs.',
            input_schema: { type: 'object', properties: {} },
            strict: true,
          },
          {
            name: 'apply_patch',
            description: 'Edits files.\n\ninput must follow this lark grammar:\nstart: "x"',
            input_schema: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] },
          },
        ],
      },
    },
    {
      name: '#17 the web search is Claude’s own; other hosted tools are not there',
      from: { tools: [{ type: 'web_search', external_web_access: true }, { type: 'image_generation' }] },
      to: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      warns: ['dropped tools[].image_generation'],
    },
    {
      name: '#14 auto',
      from: { tools: [fn('A')], tool_choice: 'auto' },
      to: { tool_choice: { type: 'auto' } },
    },
    {
      name: '#14 required',
      from: { tools: [fn('A')], tool_choice: 'required' },
      to: { tool_choice: { type: 'any' } },
    },
    {
      name: '#14 none',
      from: { tools: [fn('A')], tool_choice: 'none' },
      to: { tool_choice: { type: 'none' } },
    },
    {
      name: '#14 #69 one tool',
      from: { tools: [fn('A'), patch], tool_choice: { type: 'custom', name: 'apply_patch' } },
      to: { tool_choice: { type: 'tool', name: 'apply_patch' } },
    },
    {
      name: '#14 C8 a forced call and thinking exclude each other',
      from: { tools: [fn('A')], tool_choice: 'required', reasoning: { effort: 'high' } },
      to: { tool_choice: { type: 'any' } },
      without: ['thinking'],
      warns: ['dropped thinking'],
    },
    {
      name: '#15 #73 A18 one call at a time, of the tools that are allowed',
      from: {
        tools: [fn('A'), fn('B')],
        parallel_tool_calls: false,
        tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'B' }] },
      },
      to: { tools: [{ name: 'B' }], tool_choice: { type: 'any', disable_parallel_tool_use: true } },
      warns: ['changed tool_choice.allowed_tools'],
    },
  ])
})

describe('settings', () => {
  translates(toClaude, [
    { name: '#21 the limit', from: { max_output_tokens: 100 }, to: { max_tokens: 100 } },
    { name: '#21 Claude wants one', from: {}, to: { max_tokens: 32_000 } },
    {
      name: '#22 sampling, where the model takes it',
      model: 'claude-sonnet-4-5',
      from: { temperature: 1.5, top_p: 0.9 },
      to: { temperature: 1, top_p: 0.9 },
    },
    {
      name: '#22 … and where not',
      from: { temperature: 1 },
      without: ['temperature'],
      warns: ['dropped temperature'],
    },
    {
      name: '#24 E10 the session, as a pseudonym',
      from: { prompt_cache_key: 's' },
      to: { metadata: { user_id: expect.stringMatching(/^\w{40}$/) } },
    },
    {
      name: '#25 effort',
      from: { reasoning: { effort: 'high' } },
      to: { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
    },
    {
      name: '#25 a summary: Claude shows its thinking',
      from: { reasoning: { summary: 'auto' } },
      to: { thinking: { type: 'adaptive', display: 'summarized' } },
    },
    { name: '#25 none', from: { reasoning: { effort: 'none' } }, to: { thinking: { type: 'disabled' } } },
    {
      name: '#25 A8 a model that knows only budgets',
      model: 'claude-sonnet-4-5',
      from: { reasoning: { effort: 'medium' }, max_output_tokens: 5000 },
      to: { thinking: { type: 'enabled', budget_tokens: 4999 } },
    },
    { name: '#25 no word of it', from: {}, without: ['thinking', 'output_config'] },
    {
      name: '#20 #72 a schema, as Claude takes it',
      from: {
        text: {
          format: {
            type: 'json_schema',
            name: 'a',
            strict: true,
            schema: { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] },
          },
        },
      },
      to: {
        output_config: {
          format: {
            type: 'json_schema',
            schema: {
              type: 'object',
              properties: { n: { type: 'integer', description: 'Also required: minimum 1.' } },
              additionalProperties: false,
            },
          },
        },
      },
    },
    {
      name: '#72 JSON without a schema',
      from: { text: { format: { type: 'json_object' } } },
      to: { system: [text('Answer with one JSON object and nothing else.')] },
      warns: ['emulated response_format'],
    },
    {
      name: '#73 #75 what Claude does not know is told of; what changes nothing is not',
      from: {
        store: false,
        include: ['reasoning.encrypted_content'],
        truncation: 'disabled',
        metadata: { a: 'b' },
        client_metadata: { x: 'y' },
        top_logprobs: 2,
        prompt_cache_retention: '24h',
        text: { verbosity: 'low' },
        reasoning: { effort: 'low', context: 'all_turns' },
        stream: true,
      },
      to: { stream: true },
      without: [
        'store',
        'include',
        'truncation',
        'client_metadata',
        'top_logprobs',
        'prompt_cache_retention',
        'text',
      ],
      warns: [
        'dropped client_metadata',
        'dropped top_logprobs',
        'dropped prompt_cache_retention',
        'dropped text.verbosity',
        'dropped reasoning.context',
      ],
    },
  ])

  it('#28 the user has the last word, as Claude’s newer models want', () => {
    const { body } = toClaude(input(hi, item('assistant', outputText('{"a":'))))
    expect(body.messages).toMatchObject([user(text('Hi')), {}, { role: 'user' }])
  })
})
