import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import { PDF, PNG, tool } from './request-rows.ts'
import { calls, hi, inputText, item, output, outputText, toResponses, translates } from './responses.ts'
import { assistant, text, toolResult, toolUse, user } from './translate.ts'

const CONTINUE = 'Continue your last message exactly where it ends. Do not repeat any of it.'
const after = (...messages: object[]) => ({ messages: [user('Hi'), ...messages] })
const image = { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'auto' }
const file = { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' }

/** What an Anthropic client asks (left) and what a Responses upstream gets (right). */
describe('system', () => {
  translates(toResponses, [
    {
      name: '#1 one block is instructions',
      from: { system: 'Be brief.' },
      to: { instructions: 'Be brief.', input: [hi] },
    },
    {
      name: '#1 several keep their boundaries, as parts of the first item',
      from: { system: [text('You help.'), { ...text('Be brief.'), cache_control: { type: 'ephemeral' } }] },
      to: { input: [item('developer', inputText('You help.'), inputText('Be brief.')), hi] },
      without: ['instructions'],
      warns: ['dropped cache_control'],
    },
    {
      name: '#1 models that do not reason have a system',
      model: 'gpt-4o',
      from: { system: [text('A'), text('B')] },
      to: { input: [item('system', inputText('A'), inputText('B')), hi] },
    },
    {
      name: '#1 the attribution block is for Anthropic alone',
      from: { system: [text('x-anthropic-billing-header: cc_version=2;'), text('Be brief.')] },
      to: { instructions: 'Be brief.', input: [hi] },
      warns: ['dropped system[0]'],
    },
    {
      name: '#2 system text inside the conversation keeps its place',
      from: after({ role: 'system', content: 'Note' }, assistant('Yes?'), user('Go')),
      to: {
        input: [
          hi,
          item('developer', inputText('Note')),
          item('assistant', outputText('Yes?')),
          item('user', inputText('Go')),
        ],
      },
    },
    {
      name: '#2 … but results stand directly behind their calls',
      from: after(assistant(toolUse('a')), { role: 'system', content: 'Note' }, user(toolResult('a', 'A'))),
      to: { input: [hi, calls('a'), output('a'), item('developer', inputText('Note'))] },
    },
  ])
})

describe('content', () => {
  translates(toResponses, [
    {
      name: '#3 what only Anthropic knows is told as text where it says something, and dropped where not',
      from: {
        messages: [
          assistant({ type: 'compaction', content: 'So far.' }),
          user(text('Hi'), { type: 'container_upload', file_id: 'f' }),
        ],
      },
      to: { input: [item('assistant', outputText('So far.')), hi] },
      warns: ['changed messages[].content[].compaction', 'dropped messages[].content[].container_upload'],
    },
    {
      name: '#4 #5 text and images keep their order',
      from: {
        messages: [
          user(text('Compare'), { type: 'image', source: PNG }, text('with'), {
            type: 'image',
            source: { type: 'url', url: 'https://a.b/c.png' },
          }),
        ],
      },
      to: {
        input: [
          item('user', inputText('Compare'), image, inputText('with'), {
            type: 'input_image',
            image_url: 'https://a.b/c.png',
          }),
        ],
      },
    },
    {
      name: '#5 an image for a model that cannot see',
      model: 'deepseek-v4',
      from: { messages: [user({ type: 'image', source: PNG })] },
      to: { input: [item('user', inputText('[The image was left out: this model takes no images]'))] },
      warns: ['dropped messages[].content[].image'],
    },
    {
      name: '#6 documents: a PDF, one by its address, text',
      from: {
        messages: [
          user(
            { type: 'document', source: PDF, title: 'a.pdf', context: 'The contract.' },
            { type: 'document', source: { type: 'url', url: 'https://a.b/c.pdf' } },
            {
              type: 'document',
              source: { type: 'text', media_type: 'text/plain', data: 'Once.' },
              title: 'Tale',
              citations: { enabled: true },
            },
          ),
        ],
      },
      to: {
        input: [
          item(
            'user',
            inputText('The contract.'),
            file,
            { type: 'input_file', file_url: 'https://a.b/c.pdf' },
            inputText('Document: Tale\nOnce.'),
          ),
        ],
      },
      warns: ['dropped messages[].content[].document.citations'],
    },
    {
      name: '#6 where the upstream takes no files',
      quirks: { fileParts: false },
      from: { messages: [user({ type: 'document', source: PDF })] },
      to: { input: [item('user', inputText('[The document was left out: the upstream takes no files]'))] },
      warns: ['dropped messages[].content[].document'],
    },
    {
      name: '#7 a search result with its source',
      from: {
        messages: [
          user({
            type: 'search_result',
            source: 'https://a.b',
            title: 'A',
            content: [text('One.'), text('Two.')],
          }),
        ],
      },
      to: { input: [item('user', inputText('A\nSource: https://a.b\nOne.\nTwo.'))] },
    },
    {
      name: '#29 empty text is dropped, neighbours of one role are one message',
      from: { messages: [user(text(''), text('Hi')), user('Ho'), assistant(text('')), user('Go')] },
      to: { input: [item('user', inputText('Hi'), inputText('Ho'), inputText('Go'))] },
    },
    {
      name: '#28 a begun answer: the model is asked to go on',
      from: { messages: [user('Give JSON'), assistant('{"a":')] },
      to: { input: [{}, item('assistant', outputText('{"a":')), item('user', inputText(CONTINUE))] },
      warns: ['emulated messages[last]'],
    },
  ])

  it.each([
    ['#5 image', { type: 'image', source: { type: 'file', file_id: 'file_1' } }],
    ['#6 document', { type: 'document', source: { type: 'file', file_id: 'file_1' } }],
  ])('%s of another provider: an error that says what to do', (_name, block) => {
    const translate = () => toResponses({ messages: [user(block)] })
    expect(translate).toThrow(GatewayError)
    expect(translate).toThrow(/file file_1 was uploaded to another provider; send its bytes as base64/)
  })
})

describe('calls and results', () => {
  translates(toResponses, [
    {
      name: '#8 #9 what a turn said and called, in its order; results behind, in call order, then what the user said',
      from: after(
        assistant(text('I look.'), toolUse('a'), text('And:'), toolUse('b', 'Read', { n: 1 })),
        user(toolResult('b', 'B'), text('Well?'), toolResult('a', [text('A'), text('A2')])),
      ),
      to: {
        input: [
          hi,
          item('assistant', outputText('I look.')),
          calls('a'),
          item('assistant', outputText('And:')),
          calls('b', 'Read', '{"n":1}'),
          output('a', 'A\nA2'),
          output('b', 'B'),
          item('user', inputText('Well?')),
        ],
      },
    },
    {
      name: '#8 A11 a call without arguments',
      from: after(assistant(toolUse('a', 'List', null)), user(toolResult('a', 'A'))),
      to: { input: [hi, calls('a', 'List', '{}'), output('a')] },
    },
    {
      name: '#10 results of nothing',
      from: after(assistant(toolUse('a'), toolUse('b')), user(toolResult('a'), toolResult('b', []))),
      to: { input: [hi, calls('a'), calls('b'), output('a', ''), output('b', '')] },
    },
    {
      name: '#11 images and files in a result',
      from: after(
        assistant(toolUse('a')),
        user(
          toolResult('a', [
            text('x'),
            { type: 'image', source: PNG },
            { type: 'document', source: PDF, title: 'a.pdf' },
          ]),
        ),
      ),
      to: { input: [hi, calls('a'), output('a', [inputText('x'), image, file])] },
    },
    {
      name: '#12 a failed tool says so',
      from: after(
        assistant(toolUse('a'), toolUse('b')),
        user(
          toolResult('a', 'no such file', { is_error: true }),
          toolResult('b', [{ type: 'image', source: PNG }], { is_error: true }),
        ),
      ),
      to: {
        input: [
          hi,
          calls('a'),
          calls('b'),
          output('a', '[tool error] no such file'),
          output('b', [inputText('[tool error]'), image]),
        ],
      },
    },
    {
      name: '#13 A12 of two results the last counts; one that is missing is told as interrupted',
      from: after(
        assistant(toolUse('a'), toolUse('b')),
        user(toolResult('a', 'old'), toolResult('a', 'new')),
      ),
      to: {
        input: [
          hi,
          calls('a'),
          calls('b'),
          output('a', 'new'),
          output('b', '[tool error] The tool was interrupted: it has no result.'),
        ],
      },
      warns: ['dropped messages[].content[].tool_result'],
    },
    {
      name: '#13 a result whose call is gone is told as text',
      from: { messages: [user(toolResult('gone', 'x'))] },
      to: {
        input: [
          item(
            'user',
            inputText('[Result of the tool call gone, which is not part of this conversation]\nx'),
          ),
        ],
      },
      warns: ['changed messages[].content[].tool_result'],
    },
    {
      name: '#16 A6 a tool that a search has found',
      from: {
        tools: [
          tool('WebFetch', undefined, { defer_loading: true }),
          tool('Other', undefined, { defer_loading: true }),
        ],
        ...after(
          assistant(toolUse('a', 'ToolSearch')),
          user(toolResult('a', [{ type: 'tool_reference', tool_name: 'WebFetch' }])),
        ),
      },
      to: {
        tools: [{ name: 'WebFetch' }],
        input: [hi, {}, output('a', 'Tool loaded: WebFetch')],
      },
    },
    {
      name: 'ids that are too long are shortened alike on both sides; Kimi’s come out as Kimi wrote them',
      from: after(
        assistant(toolUse('x'.repeat(70)), toolUse('sbxid_ZnVuY3Rpb25zLkJhc2g6MA')),
        user(toolResult('x'.repeat(70), 'A'), toolResult('sbxid_ZnVuY3Rpb25zLkJhc2g6MA', 'B')),
      ),
      to: {
        input: [
          hi,
          { call_id: expect.stringMatching(/^call_\w{24}$/) },
          { call_id: 'functions.Bash:0' },
          { call_id: expect.stringMatching(/^call_\w{24}$/) },
          { call_id: 'functions.Bash:0' },
        ],
      },
    },
  ])
})

const thinking = (signature: string, words = 'Hmm.') => ({ type: 'thinking', thinking: words, signature })

describe('#26 D8 reasoning', () => {
  translates(toResponses, [
    {
      name: '#26 of this API goes back as it came, and nobody else’s does',
      from: after(
        assistant(
          thinking('signalbox.sbx-responses-rs_1.gAAA'),
          thinking('EqQB'),
          { type: 'redacted_thinking', data: 'x' },
          text('Yes?'),
        ),
        user('Go'),
      ),
      to: {
        input: [
          hi,
          {
            type: 'reasoning',
            id: 'rs_1',
            summary: [{ type: 'summary_text', text: 'Hmm.' }],
            encrypted_content: 'gAAA',
          },
          item('assistant', outputText('Yes?')),
          item('user', inputText('Go')),
        ],
      },
      warns: ['dropped messages[].content[].thinking', 'dropped messages[].content[].redacted_thinking'],
    },
    {
      name: '#26 that was not shown has no summary',
      from: after(
        assistant(thinking('signalbox.sbx-responses-rs_1.gAAA', ''), toolUse('a')),
        user(toolResult('a', 'A')),
      ),
      to: { input: [hi, { type: 'reasoning', summary: [] }, calls('a'), output('a')] },
    },
    {
      name: '#26 to which nothing led: OpenAI refuses it',
      from: after(assistant(thinking('signalbox.sbx-responses-rs_1.gAAA')), user('Go')),
      to: { input: [item('user', inputText('Hi'), inputText('Go'))] },
      warns: ['dropped messages[].content[].thinking'],
    },
    {
      name: '#26 where the upstream does not encrypt any',
      quirks: { encryptedReasoning: false },
      from: after(assistant(thinking('signalbox.sbx-responses-rs_1.gAAA'), text('Yes?')), user('Go')),
      to: { input: [hi, {}, {}] },
      without: ['include'],
    },
  ])
})

describe('tools', () => {
  const closed = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  }

  translates(toResponses, [
    {
      name: '#16 #18 functions; what is not said to be strict would be made so',
      from: {
        tools: [
          tool(
            'Bash',
            { $schema: 'x', type: 'object', properties: { c: { type: 'string' } } },
            { description: 'Runs.' },
          ),
          tool('Edit', closed, { strict: true, input_examples: [{}], cache_control: { type: 'ephemeral' } }),
          tool('Open', { anyOf: [{ type: 'object', properties: { a: {} } }] }, { strict: true }),
        ],
      },
      to: {
        tools: [
          {
            type: 'function',
            name: 'Bash',
            description: 'Runs.',
            parameters: { type: 'object', properties: { c: { type: 'string' } } },
            strict: false,
          },
          { name: 'Edit', parameters: closed, strict: true },
          { name: 'Open', parameters: { type: 'object', properties: { a: {} } }, strict: false },
        ],
      },
      warns: ['dropped tools[].input_examples', 'dropped tools[].strict', 'changed tools.Open.input_schema'],
    },
    {
      name: '#17 tools that the client runs are functions, those of Anthropic’s servers are not there',
      from: {
        tools: [
          { type: 'bash_20250124', name: 'bash' },
          { type: 'code_execution_20250825', name: 'code_execution' },
        ],
      },
      to: { tools: [{ type: 'function', name: 'bash' }] },
      warns: ['dropped tools.code_execution'],
    },
    {
      name: '#17 the web search is the upstream’s own',
      from: {
        tools: [
          {
            type: 'web_search_20250305',
            name: 'web_search',
            max_uses: 8,
            allowed_domains: ['a.b'],
            user_location: { type: 'approximate', city: 'Rome' },
          },
        ],
        tool_choice: { type: 'tool', name: 'web_search' },
      },
      to: {
        tools: [
          {
            type: 'web_search',
            filters: { allowed_domains: ['a.b'] },
            user_location: { type: 'approximate', city: 'Rome' },
          },
        ],
        include: ['reasoning.encrypted_content', 'web_search_call.action.sources'],
        tool_choice: 'required',
      },
      warns: ['dropped tools.web_search.max_uses'],
    },
    {
      name: '#17 … where it has one',
      quirks: { webSearch: 'none' },
      from: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      without: ['tools'],
      warns: ['dropped tools.web_search'],
    },
    {
      name: '#14 auto',
      from: { tools: [tool('Bash')], tool_choice: { type: 'auto' } },
      to: { tool_choice: 'auto' },
    },
    {
      name: '#14 any',
      from: { tools: [tool('Bash')], tool_choice: { type: 'any' } },
      to: { tool_choice: 'required' },
    },
    {
      name: '#14 none',
      from: { tools: [tool('Bash')], tool_choice: { type: 'none' } },
      to: { tool_choice: 'none' },
    },
    {
      name: '#14 #15 one tool, one call at a time',
      from: {
        tools: [tool('Bash')],
        tool_choice: { type: 'tool', name: 'Bash', disable_parallel_tool_use: true },
      },
      to: { tool_choice: { type: 'function', name: 'Bash' }, parallel_tool_calls: false },
    },
    {
      name: '#14 #15 without tools there is nothing to choose',
      from: { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
      without: ['tools', 'tool_choice', 'parallel_tool_calls'],
    },
    {
      name: '#14 a tool that is not offered',
      from: { tools: [tool('Bash')], tool_choice: { type: 'tool', name: 'Edit' } },
      without: ['tool_choice'],
      warns: ['dropped tool_choice'],
    },
  ])

  it('E4 stand before the conversation: caches compare from the front', () => {
    const { text: wire } = toResponses({ system: 'Be brief.', tools: [tool('Bash')] })
    const places = ['"tools":', '"instructions":', '"input":'].map((field) => wire.indexOf(field))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
  })

  it('long names are shortened, and remembered', () => {
    const name = 'mcp__'.repeat(20)
    const { body, memo } = toResponses({ tools: [tool(name)] })
    const [sent] = body.tools as { name: string }[]
    expect(sent!.name.length).toBeLessThanOrEqual(64)
    expect(memo.toolNames!.get(sent!.name)).toBe(name)
  })
})

describe('settings', () => {
  translates(toResponses, [
    {
      name: 'nothing is stored, and reasoning comes so that it can be given back',
      from: { stream: true },
      to: { model: 'gpt-5', stream: true, store: false, include: ['reasoning.encrypted_content'] },
    },
    {
      name: '… but not asked of a model that does not reason, which refuses it',
      model: 'gpt-4o',
      from: {},
      without: ['include', 'stream', 'reasoning'],
    },
    {
      name: '#21 A9 the limit leaves room to think',
      from: { max_tokens: 1 },
      to: { max_output_tokens: 1024 },
      warns: ['changed max_tokens'],
    },
    {
      name: '#21 A9 … and is never below 16',
      model: 'gpt-4o',
      from: { max_tokens: 1 },
      to: { max_output_tokens: 16 },
    },
    {
      name: '#21 A19 … nor above what the model can say',
      model: 'gpt-4o',
      from: { max_tokens: 128_000 },
      to: { max_output_tokens: 16_384 },
    },
    {
      name: '#22 a model that reasons takes no sampling',
      from: { temperature: 0.5, top_p: 0.9, top_k: 5 },
      without: ['temperature', 'top_p', 'top_k'],
      warns: ['dropped temperature', 'dropped top_p', 'dropped top_k'],
    },
    {
      name: '#22 another does',
      model: 'gpt-4o',
      from: { temperature: 0.5, top_p: 0.9, top_k: 5 },
      to: { temperature: 0.5, top_p: 0.9 },
      warns: ['dropped top_k'],
    },
    {
      name: '#22 and so does one that was told not to reason',
      model: 'gpt-5.4',
      from: { thinking: { type: 'disabled' }, temperature: 0.5 },
      to: { reasoning: { effort: 'none' }, temperature: 0.5 },
    },
    {
      name: '#23 there are no stop sequences',
      from: { stop_sequences: ['END'] },
      without: ['stop'],
      warns: ['emulated stop_sequences'],
    },
    {
      name: '#24 E10 who asks and in which session, as pseudonyms',
      quirks: { promptCacheKey: true },
      from: { metadata: { user_id: '{"device_id":"d","session_id":"s"}' } },
      to: {
        safety_identifier: expect.stringMatching(/^\w{32}$/),
        prompt_cache_key: expect.stringMatching(/^\w{32}$/),
      },
    },
    {
      name: '#25 A10 A20 effort, the nearest that the model has',
      from: { thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'max' } },
      to: { reasoning: { effort: 'high' } },
      warns: ['changed thinking'],
    },
    {
      name: '#25 a summary for who wants to see the thinking',
      from: { thinking: { type: 'adaptive', display: 'summarized' } },
      to: { reasoning: { summary: 'auto' } },
    },
    {
      name: '#25 a budget, by its share of the answer',
      from: { max_tokens: 10_000, thinking: { type: 'enabled', budget_tokens: 2000 } },
      to: { reasoning: { effort: 'low', summary: 'auto' } },
    },
    {
      name: '#25 D4 who hides the thinking does not wait for its summary',
      from: { thinking: { type: 'adaptive', display: 'omitted' } },
      without: ['reasoning'],
    },
    { name: '#25 absent is not disabled', from: {}, without: ['reasoning'] },
    {
      name: '#72 a schema',
      from: {
        output_config: {
          format: {
            type: 'json_schema',
            schema: {
              type: 'object',
              properties: { a: { type: 'string' } },
              required: ['a'],
              additionalProperties: false,
            },
          },
        },
      },
      to: {
        text: { format: { type: 'json_schema', name: 'answer', strict: true, schema: { required: ['a'] } } },
      },
    },
    {
      name: '#72 a schema that is not closed cannot be strict',
      from: {
        output_config: { format: { type: 'json_schema', schema: { type: 'object', properties: { a: {} } } } },
      },
      to: { text: { format: { strict: false } } },
      warns: ['changed output_config.format'],
    },
    {
      name: '#72 a schema where the upstream knows none',
      quirks: { jsonSchema: false },
      from: { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      to: { text: { format: { type: 'json_object' } }, instructions: expect.stringContaining('JSON Schema') },
      warns: ['emulated output_config.format'],
    },
    {
      name: '#27 A1 what only Claude knows',
      from: { context_management: { edits: [] }, service_tier: 'auto', speed: 'fast', mcp_servers: [] },
      without: ['context_management', 'service_tier', 'speed', 'mcp_servers'],
      warns: ['dropped context_management', 'dropped service_tier', 'dropped speed'],
    },
  ])
})
