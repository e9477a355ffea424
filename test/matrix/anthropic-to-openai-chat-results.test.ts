import { describe } from 'vitest'
import { parseJson } from '../../src/protocols/shared/json.ts'
import { after, called, hi, imagePart, PDF, PNG, translates } from './request-rows.ts'
import type { Row } from './request-rows.ts'
import { assistant, text, toolResult, toolUse, user } from './translate.ts'

describe('calls and results', () => {
  translates([
    {
      name: '#8 arguments keep every digit',
      from: after(
        assistant(toolUse('a', 'Bash', JSON.parse('{"n":1.5,"big":12345678901,"s":"a\\"b"}'))),
        user(toolResult('a', 'x')),
      ),
      to: {
        messages: [hi, { tool_calls: [called('a', 'Bash', '{"n":1.5,"big":12345678901,"s":"a\\"b"}')] }, {}],
      },
    },
    {
      name: '#8 also those that a number of JavaScript cannot hold',
      from: after(
        assistant(toolUse('a', 'Bash', parseJson('{"id":9007199254740993,"f":1.0,"e":1e400}'))),
        user(toolResult('a', 'x')),
      ),
      to: {
        messages: [
          hi,
          { tool_calls: [called('a', 'Bash', '{"id":9007199254740993,"f":1.0,"e":1e400}')] },
          {},
        ],
      },
    },
    {
      name: '#8 A11 arguments that are no object stay what they are',
      from: after(assistant(toolUse('a', 'Bash', [1])), user(toolResult('a', 'x'))),
      to: { messages: [hi, { tool_calls: [called('a', 'Bash', '[1]')] }, {}] },
    },
    {
      name: '#8 A11 no arguments are an empty object',
      from: after(
        assistant(toolUse('a', 'Bash', null), toolUse('b', 'Bash', ''), toolUse('c', 'Bash', {})),
        user(toolResult('a'), toolResult('b'), toolResult('c')),
      ),
      to: {
        messages: [
          hi,
          { tool_calls: [called('a', 'Bash', '{}'), called('b', 'Bash', '{}'), called('c', 'Bash', '{}')] },
          {},
          {},
          {},
        ],
      },
    },
    {
      name: '#9 A13 results of a turn in call order, one message each, then the text',
      from: after(
        assistant(text('Two things.'), toolUse('a'), toolUse('b')),
        user(text('Hurry'), toolResult('b', 'B'), toolResult('a', 'A')),
      ),
      to: {
        messages: [
          hi,
          { role: 'assistant', content: 'Two things.', tool_calls: [called('a'), called('b')] },
          { role: 'tool', tool_call_id: 'a', content: 'A' },
          { role: 'tool', tool_call_id: 'b', content: 'B' },
          { role: 'user', content: 'Hurry' },
        ],
      },
    },
    {
      name: '#9 results spread over two user messages',
      from: after(
        assistant(toolUse('a'), toolUse('b')),
        user(toolResult('a', 'A')),
        user(toolResult('b', 'B'), text('Go')),
      ),
      to: {
        messages: [
          hi,
          { role: 'assistant' },
          { role: 'tool', content: 'A' },
          { role: 'tool', content: 'B' },
          { role: 'user', content: 'Go' },
        ],
      },
    },
    {
      name: '#9 an assistant between result and user, where templates want one',
      quirks: { userAfterTool: false },
      from: after(assistant(toolUse('a')), user(toolResult('a', 'A'), text('Go'))),
      to: {
        messages: [
          hi,
          { role: 'assistant' },
          { role: 'tool' },
          { role: 'assistant', content: 'Understood.' },
          { role: 'user', content: 'Go' },
        ],
      },
    },
    ...(
      [
        ['absent', undefined, ''],
        ['an empty string', '', ''],
        ['an empty list', [], ''],
        ['null', null, ''],
        ['a string', 'done', 'done'],
        ['blocks', [text('one'), text('two')], 'one\ntwo'],
      ] as const
    ).map(([what, content, expected]): Row => ({
      name: `#10 content: ${what}`,
      from: after(assistant(toolUse('a')), user(toolResult('a', content))),
      to: { messages: [hi, { role: 'assistant' }, { role: 'tool', tool_call_id: 'a', content: expected }] },
    })),
    {
      name: '#11 an image of a result follows in a user message, before the user’s own text',
      from: after(
        assistant(toolUse('a', 'Read')),
        user(toolResult('a', [text('a.png'), { type: 'image', source: PNG }]), text('What is it?')),
      ),
      to: {
        messages: [
          hi,
          { role: 'assistant' },
          { role: 'tool', content: 'a.png\n[image: see the user message below]' },
          {
            role: 'user',
            content: [text('[image returned by Read (call a)]'), imagePart, text('What is it?')],
          },
        ],
      },
      warns: ['changed messages[].content[].tool_result.content'],
    },
    {
      name: '#11 images of two results stay told apart',
      from: after(
        assistant(toolUse('a', 'Read'), toolUse('b', 'Shot')),
        user(
          toolResult('a', [{ type: 'image', source: PNG }]),
          toolResult('b', [{ type: 'image', source: PNG }]),
        ),
      ),
      to: {
        messages: [
          hi,
          { role: 'assistant' },
          { role: 'tool' },
          { role: 'tool' },
          {
            role: 'user',
            content: [
              text('[image returned by Read (call a)]'),
              imagePart,
              text('[image returned by Shot (call b)]'),
              imagePart,
            ],
          },
        ],
      },
    },
    {
      name: '#11 a PDF of a result, as a file',
      quirks: { fileParts: true },
      from: after(
        assistant(toolUse('a', 'Read')),
        user(toolResult('a', [{ type: 'document', source: PDF }])),
      ),
      to: {
        messages: [
          hi,
          { role: 'assistant' },
          { role: 'tool', content: '[document: see the user message below]' },
          {
            role: 'user',
            content: [
              text('[document returned by Read (call a)]'),
              {
                type: 'file',
                file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
              },
            ],
          },
        ],
      },
    },
    {
      name: '#12 a failed tool says so',
      from: after(
        assistant(toolUse('a'), toolUse('b')),
        user(toolResult('a', 'no such file', { is_error: true }), toolResult('b', '', { is_error: true })),
      ),
      to: {
        messages: [
          hi,
          { role: 'assistant' },
          { content: '[tool error] no such file' },
          { content: '[tool error]' },
        ],
      },
    },
    {
      name: '#13 A12 of two results for one call the last counts',
      from: after(assistant(toolUse('a')), user(toolResult('a', 'old'), toolResult('a', 'new'))),
      to: { messages: [hi, { role: 'assistant' }, { role: 'tool', tool_call_id: 'a', content: 'new' }] },
      warns: ['dropped messages[].content[].tool_result'],
    },
    {
      name: '#13 a call that was interrupted gets a result that says so',
      from: after(assistant(toolUse('a'), toolUse('b')), user(toolResult('b', 'B'), text('Stop'))),
      to: {
        messages: [
          hi,
          { role: 'assistant' },
          {
            role: 'tool',
            tool_call_id: 'a',
            content: '[tool error] The tool was interrupted: it has no result.',
          },
          { role: 'tool', tool_call_id: 'b', content: 'B' },
          { role: 'user', content: 'Stop' },
        ],
      },
      warns: ['emulated messages[].content[].tool_result'],
    },
    {
      name: '#13 a result whose call is gone is text',
      from: { messages: [user(toolResult('gone', 'done'), text('Go on'))] },
      to: {
        messages: [
          {
            role: 'user',
            content: [
              text('[Result of the tool call gone, which is not part of this conversation]\ndone'),
              text('Go on'),
            ],
          },
        ],
      },
      warns: ['changed messages[].content[].tool_result'],
    },
    {
      name: '#13 two calls with one id: the API would refuse them',
      from: after(assistant(toolUse('a'), toolUse('a', 'Edit')), user(toolResult('a', 'A'))),
      to: { messages: [hi, { tool_calls: [called('a')] }, { role: 'tool', content: 'A' }] },
      warns: ['dropped messages[].content[].tool_use'],
    },
    {
      name: 'C7 a history with calls, and no tools: what Claude Code sends when it compacts',
      from: after(assistant(toolUse('a')), user(toolResult('a', 'A'), text('Summarise.'))),
      to: {
        messages: [
          hi,
          { tool_calls: [called('a')] },
          { role: 'tool' },
          { role: 'user', content: 'Summarise.' },
        ],
      },
      without: ['tools', 'tool_choice'],
    },
    {
      name: 'C5 ids longer than 40 characters are shortened, alike in call and result',
      from: after(assistant(toolUse('x'.repeat(80))), user(toolResult('x'.repeat(80), 'A'))),
      to: {
        messages: [
          hi,
          { tool_calls: [{ id: 'call_SVfD1tlGhhaHQgb1UPdxRucD' }] },
          { role: 'tool', tool_call_id: 'call_SVfD1tlGhhaHQgb1UPdxRucD', content: 'A' },
        ],
      },
    },
    {
      name: 'C5 ids of nine letters and digits where the upstream wants them',
      quirks: { toolCallIdLength: 9 },
      from: after(
        assistant(toolUse('toolu_01'), toolUse('aB3dE6gH9')),
        user(toolResult('toolu_01', 'A'), toolResult('aB3dE6gH9', 'B')),
      ),
      to: {
        messages: [
          hi,
          { tool_calls: [{ id: 'unF7IFNa3' }, { id: 'aB3dE6gH9' }] },
          { tool_call_id: 'unF7IFNa3' },
          { tool_call_id: 'aB3dE6gH9' },
        ],
      },
    },
    {
      name: 'C5 an id that had to be escaped for the client comes back as the upstream made it',
      from: after(
        assistant(toolUse('sbxid_ZnVuY3Rpb25zLkJhc2g6MA')),
        user(toolResult('sbxid_ZnVuY3Rpb25zLkJhc2g6MA', 'A')),
      ),
      to: {
        messages: [
          hi,
          { tool_calls: [called('functions.Bash:0', 'Bash', '{"command":"sbxid_ZnVuY3Rpb25zLkJhc2g6MA"}')] },
          { tool_call_id: 'functions.Bash:0' },
        ],
      },
    },
  ])
})
