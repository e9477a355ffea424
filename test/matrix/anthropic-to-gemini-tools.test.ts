import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import { SKIP, answers, calls, hi, said, toGemini, translates } from './gemini.ts'
import { tool, twoTools } from './request-rows.ts'
import { assistant, toolResult, toolUse, user } from './translate.ts'

const declared = (...functionDeclarations: JsonObject[]) => ({ tools: [{ functionDeclarations }] })
const choice = (functionCallingConfig: JsonObject) => ({ toolConfig: { functionCallingConfig } })
const search = { type: 'web_search_20250305', name: 'web_search' }

/** What tools an Anthropic client offers (left) and what Gemini gets (right). */
describe('tools', () => {
  translates(toGemini, [
    {
      name: '#19 a tool is a function, its schema in Google’s words',
      from: {
        tools: [
          tool(
            'Bash',
            {
              $schema: 'https://json-schema.org/draft/2020-12/schema',
              type: 'object',
              properties: {
                command: { type: 'string' },
                timeout: { type: ['integer', 'null'], exclusiveMinimum: 0 },
                type: { $ref: '#/$defs/Kind' },
              },
              required: ['command', 'gone'],
              additionalProperties: false,
              $defs: { Kind: { const: 'fast' } },
            },
            { description: 'Runs.' },
          ),
        ],
      },
      to: declared({
        name: 'Bash',
        description: 'Runs.',
        parameters: {
          type: 'object',
          properties: {
            command: { type: 'string' },
            timeout: { type: 'integer', nullable: true, description: '(exclusiveMinimum: 0)' },
            type: { type: 'string', enum: ['fast'] },
          },
          required: ['command'],
        },
      }),
      warns: ['changed tools[].input_schema'],
    },
    {
      name: '#19 one without parameters has no schema',
      from: { tools: [tool('Now')] },
      to: declared({ name: 'Now' }),
      without: ['tools.0.functionDeclarations.0.parameters'],
    },
    {
      name: '#19 an object that takes anything: by JSON Schema, with what Google knows of it',
      from: {
        tools: [
          tool('A', {
            type: 'object',
            properties: {
              env: { type: 'object', additionalProperties: { type: 'string' } },
              mode: { type: ['string', 'null'], const: 'x' },
            },
          }),
        ],
      },
      to: declared({
        name: 'A',
        parametersJsonSchema: {
          type: 'object',
          properties: {
            env: { type: 'object', description: '(additionalProperties: {"type":"string"})' },
            mode: { type: ['string', 'null'], enum: ['x', null] },
          },
        },
      }),
      without: ['tools.0.functionDeclarations.0.parameters'],
    },
    {
      name: '#16 what only Claude knows of a tool is dropped',
      from: {
        tools: [
          tool('A', undefined, { strict: true, input_examples: [{}], cache_control: { type: 'ephemeral' } }),
        ],
      },
      to: declared({ name: 'A' }),
      warns: ['dropped tools[].strict', 'dropped tools[].input_examples', 'dropped cache_control'],
    },
    {
      name: '#16 A6 a deferred tool is offered from the moment that a search has found it',
      from: {
        tools: [
          tool('ToolSearch'),
          tool('A', undefined, { defer_loading: true }),
          tool('B', undefined, { defer_loading: true }),
        ],
        messages: [
          user('Hi'),
          assistant(toolUse('a', 'ToolSearch', {})),
          user(toolResult('a', [{ type: 'tool_reference', tool_name: 'B' }])),
        ],
      },
      to: declared({ name: 'ToolSearch' }, { name: 'B' }),
    },
    {
      name: '#17 tools that the client runs itself are told with their parameters',
      from: { tools: [{ type: 'bash_20250124', name: 'bash' }] },
      to: declared({
        name: 'bash',
        parameters: { type: 'object', properties: { command: { type: 'string' } } },
      }),
    },
    {
      name: '#17 others that only Anthropic runs are dropped',
      from: { tools: [{ type: 'code_execution_20250825', name: 'code_execution' }, tool('A')] },
      to: declared({ name: 'A' }),
      warns: ['dropped tools.code_execution'],
    },
    {
      name: '#17 a web search is Google’s',
      from: { tools: [{ ...search, max_uses: 8 }], tool_choice: { type: 'auto' } },
      to: { tools: [{ googleSearch: {} }] },
      without: ['toolConfig'],
      warns: ['dropped tools.web_search.max_uses'],
    },
    {
      name: '#17 … which Google does not run beside functions',
      from: { tools: [search, tool('A')] },
      to: declared({ name: 'A' }),
      warns: ['dropped tools.web_search'],
    },
    {
      name: '#17 … or not at all',
      quirks: { webSearch: 'none' },
      from: { tools: [search] },
      without: ['tools'],
      warns: ['dropped tools.web_search'],
    },
    { name: '#14 none, no choice', from: {}, without: ['tools', 'toolConfig'] },
    { name: '#14 auto', from: { ...twoTools, tool_choice: { type: 'auto' } }, to: choice({ mode: 'AUTO' }) },
    { name: '#14 any', from: { ...twoTools, tool_choice: { type: 'any' } }, to: choice({ mode: 'ANY' }) },
    {
      name: '#14 none of them',
      from: { ...twoTools, tool_choice: { type: 'none' } },
      to: choice({ mode: 'NONE' }),
    },
    {
      name: '#14 one of them',
      from: { ...twoTools, tool_choice: { type: 'tool', name: 'Edit' } },
      to: choice({ mode: 'ANY', allowedFunctionNames: ['Edit'] }),
    },
    {
      name: '#14 one that is not there',
      from: { ...twoTools, tool_choice: { type: 'tool', name: 'Gone' } },
      without: ['toolConfig'],
      warns: ['dropped tool_choice'],
    },
    {
      name: '#15 one at a time cannot be asked for',
      from: { ...twoTools, tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      to: choice({ mode: 'AUTO' }),
      warns: ['dropped tool_choice.disable_parallel_tool_use'],
    },
  ])

  it('#17 what the answer has to be read by', () => {
    expect(toGemini({ tools: [search] }).memo).toMatchObject({ webSearch: true })
    expect(toGemini({ tools: [search] }, { quirks: { webSearch: 'none' } }).memo).toMatchObject({
      webSearchUnavailable: true,
    })
    expect(toGemini({ tools: [search, tool('A')] }).memo).toEqual({})
  })
})

describe('names', () => {
  const long = `mcp__a_server_with_a_long_name__${'x'.repeat(60)}`

  it.each([
    ['too long', long],
    ['with other letters', 'mcp.server/tool'],
    ['that begin with a number', '7zip'],
    ['… and are too long', `7${'x'.repeat(70)}`],
  ])('%s go as Google takes them, in every place, and come back', (_name, name) => {
    const { body, memo } = toGemini({
      tools: [tool(name)],
      tool_choice: { type: 'tool', name },
      messages: [user('Hi'), assistant(toolUse('a', name, {})), user(toolResult('a', 'A'))],
    })
    const sent = body.tools[0].functionDeclarations[0].name as string
    expect(sent).toMatch(/^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/)
    expect(body.toolConfig.functionCallingConfig.allowedFunctionNames).toEqual([sent])
    expect(body.contents).toEqual([
      hi,
      said('model', calls(sent, {}, { thoughtSignature: SKIP })),
      said('user', answers(sent, { output: 'A' })),
    ])
    expect([...memo.toolNames!]).toEqual([[sent, name]])
  })
})

it('#19 every tool of Claude Code goes, none is changed in place', () => {
  const body = JSON.parse(readFileSync('test/data/claude/default-second-turn.json', 'utf8')) as JsonObject & {
    tools: { name: string; defer_loading?: boolean }[]
  }
  const before = JSON.stringify(body)
  const offered = toGemini(body).body.tools[0].functionDeclarations as { name: string }[]
  expect(offered.map(({ name }) => name)).toEqual(
    body.tools.filter((one) => one.defer_loading !== true).map(({ name }) => name),
  )
  expect(JSON.stringify(body)).toBe(before)
})
