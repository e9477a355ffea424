import { describe, expect, it } from 'vitest'
import { after, hi, tool, translates, twoTools } from './request-rows.ts'
import { assistant, text, toChat, toolResult, toolUse, user } from './translate.ts'

describe('tools', () => {
  translates([
    {
      name: '#14 auto',
      from: { ...twoTools, tool_choice: { type: 'auto' } },
      to: { tool_choice: 'auto' },
    },
    { name: '#14 any', from: { ...twoTools, tool_choice: { type: 'any' } }, to: { tool_choice: 'required' } },
    {
      name: '#14 none',
      from: { ...twoTools, tool_choice: { type: 'none' } },
      to: { tool_choice: 'none', tools: [{}, {}] },
    },
    {
      name: '#14 one tool',
      from: { ...twoTools, tool_choice: { type: 'tool', name: 'Edit' } },
      to: { tool_choice: { type: 'function', function: { name: 'Edit' } } },
    },
    {
      name: '#14 one that is not offered',
      from: { ...twoTools, tool_choice: { type: 'tool', name: 'web_search' } },
      without: ['tool_choice'],
      warns: ['dropped tool_choice'],
    },
    { name: '#14 without tools', from: { tool_choice: { type: 'any' } }, without: ['tool_choice'] },
    {
      name: '#15 one call at a time',
      from: { ...twoTools, tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      to: { parallel_tool_calls: false },
    },
    { name: '#15 not said', from: twoTools, without: ['parallel_tool_calls'] },
    {
      name: '#15 without tools the field would be refused',
      from: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      without: ['parallel_tool_calls', 'tool_choice'],
    },
    {
      name: '#15 where the upstream does not know it',
      quirks: { parallelToolCalls: false },
      from: { ...twoTools, tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      without: ['parallel_tool_calls'],
      warns: ['dropped tool_choice.disable_parallel_tool_use'],
    },
    {
      name: '#16 A6 fields that only Claude knows are stripped',
      from: {
        tools: [
          tool(
            'Bash',
            { type: 'object', properties: { a: {} } },
            {
              strict: true,
              input_examples: [{}],
              eager_input_streaming: true,
              allowed_callers: ['direct'],
              cache_control: { type: 'ephemeral' },
            },
          ),
        ],
      },
      to: {
        tools: [
          {
            type: 'function',
            function: { name: 'Bash', parameters: { type: 'object', properties: { a: {} } } },
          },
        ],
      },
      warns: [
        'dropped tools[].strict',
        'dropped tools[].input_examples',
        'dropped tools[].eager_input_streaming',
        'dropped tools[].allowed_callers',
      ],
    },
    {
      name: '#16 strict stays where the schema is closed',
      from: {
        tools: [
          tool(
            'Bash',
            { type: 'object', properties: { a: {} }, required: ['a'], additionalProperties: false },
            { strict: true },
          ),
        ],
      },
      to: { tools: [{ function: { strict: true } }] },
    },
    {
      name: '#16 A6 deferred tools are hidden until a search finds them',
      from: {
        tools: [
          tool('ToolSearch'),
          tool('WebFetch', undefined, { defer_loading: true }),
          tool('CronList', undefined, { defer_loading: true }),
          tool('DeferredToolPlaceholder', undefined, { defer_loading: true }),
        ],
        ...after(
          assistant(toolUse('a', 'ToolSearch', {})),
          user(toolResult('a', [{ type: 'tool_reference', tool_name: 'WebFetch' }]), text('Tool loaded.')),
        ),
      },
      to: {
        tools: [{ function: { name: 'ToolSearch' } }, { function: { name: 'WebFetch' } }],
        messages: [
          hi,
          { role: 'assistant' },
          { role: 'tool', content: 'Tool loaded: WebFetch' },
          { role: 'user', content: 'Tool loaded.' },
        ],
      },
    },
    {
      name: '#17 A7 with Anthropic’s own search nobody could find them: all are offered',
      from: {
        tools: [
          { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
          tool('WebFetch', undefined, { defer_loading: true }),
        ],
      },
      to: { tools: [{ function: { name: 'WebFetch' } }] },
    },
    {
      name: '#17 A7 what Anthropic’s own search found in earlier turns stays offered',
      from: {
        tools: [
          tool('WebFetch', undefined, { defer_loading: true }),
          tool('CronList', undefined, { defer_loading: true }),
        ],
        ...after(
          assistant({
            type: 'tool_search_tool_result',
            tool_use_id: 'srvtoolu_1',
            content: {
              type: 'tool_search_tool_search_result',
              tool_references: [{ type: 'tool_reference', tool_name: 'CronList' }],
            },
          }),
          user('Go'),
        ),
      },
      to: { tools: [{ function: { name: 'CronList' } }] },
    },
    {
      name: '#17 tools that the client runs become functions with Anthropic’s parameters',
      from: {
        tools: [
          { type: 'bash_20250124', name: 'bash' },
          { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
          { type: 'memory_20250818', name: 'memory' },
          { type: 'computer_20250124', name: 'computer', display_width_px: 1024, display_height_px: 768 },
        ],
      },
      to: {
        tools: [
          {
            type: 'function',
            function: { name: 'bash', parameters: { properties: { command: { type: 'string' } } } },
          },
          {
            function: { name: 'str_replace_based_edit_tool', parameters: { required: ['command', 'path'] } },
          },
          { function: { name: 'memory', parameters: { required: ['command'] } } },
          { function: { name: 'computer', parameters: { required: ['action'] } } },
        ],
      },
    },
    {
      name: '#17 tools that Anthropic runs are dropped',
      from: {
        tools: [
          tool('Bash'),
          { type: 'web_fetch_20250910', name: 'web_fetch' },
          { type: 'code_execution_20250825', name: 'code_execution' },
        ],
      },
      to: { tools: [{ function: { name: 'Bash' } }] },
      warns: ['dropped tools.web_fetch', 'dropped tools.code_execution'],
    },
    {
      name: '#17 a web search through OpenRouter',
      quirks: { webSearch: 'plugins' },
      from: {
        tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 8 }],
        tool_choice: { type: 'auto' },
      },
      to: { plugins: [{ id: 'web' }] },
      without: ['tools', 'tool_choice'],
      warns: ['dropped tools.web_search.max_uses'],
    },
    {
      name: '#17 a web search by OpenAI',
      quirks: { webSearch: 'web_search_options' },
      from: {
        tools: [
          {
            type: 'web_search_20250305',
            name: 'web_search',
            user_location: { type: 'approximate', city: 'Ulm' },
          },
        ],
      },
      to: { web_search_options: { user_location: { type: 'approximate', approximate: { city: 'Ulm' } } } },
    },
    {
      name: '#17 a web search that nobody can run',
      from: { tools: [{ type: 'web_search_20250305', name: 'web_search' }], tool_choice: { type: 'auto' } },
      without: ['tools', 'tool_choice', 'plugins', 'web_search_options'],
      warns: ['dropped tools.web_search'],
    },
    {
      name: '#18 C4 the schema’s dialect goes, references stay',
      from: {
        tools: [
          tool('Bash', {
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            type: 'object',
            properties: { a: { $ref: '#/$defs/A' } },
            $defs: { A: {} },
          }),
        ],
      },
      to: {
        tools: [
          {
            function: {
              parameters: { type: 'object', properties: { a: { $ref: '#/$defs/A' } }, $defs: { A: {} } },
            },
          },
        ],
      },
    },
    {
      name: '#18 alternatives at the root become one object, with a warning',
      from: {
        tools: [
          tool('Bash', {
            type: 'object',
            anyOf: [{ properties: { a: {} }, required: ['a'] }, { properties: { b: {} } }],
          }),
        ],
      },
      to: { tools: [{ function: { parameters: { type: 'object', properties: { a: {}, b: {} } } } }] },
      warns: ['changed tools.Bash.input_schema'],
    },
    {
      name: 'more tools than the upstream takes',
      quirks: { toolsMax: 1 },
      from: twoTools,
      to: { tools: [{ function: { name: 'Bash' } }] },
      warns: ['dropped tools.Edit'],
    },
  ])
})

describe('tool names', () => {
  const long = `mcp__${'server_'.repeat(8)}_${'tool_'.repeat(5)}`

  it('a name that does not fit is the same short one everywhere, and remembered', () => {
    const { body, memo } = toChat({
      tools: [tool(long), tool(`${long}2`), tool('a.b')],
      tool_choice: { type: 'tool', name: long },
      ...after(assistant(toolUse('a', long)), user(toolResult('a', 'A'))),
    })
    const names = (body['tools'] as { function: { name: string } }[]).map((one) => one.function.name)
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(new Set(names).size).toBe(3)
    expect(body).toMatchObject({
      tool_choice: { function: { name: names[0] } },
      messages: [hi, { tool_calls: [{ function: { name: names[0] } }] }, {}],
    })
    expect(names.map((name) => memo.toolNames?.get(name))).toEqual([long, `${long}2`, 'a.b'])
  })
})
