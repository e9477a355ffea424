import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { assistant, text, toChat, toolResult, toolUse, user } from './translate.ts'
import type { ToChat } from './translate.ts'

/**
 * What an Anthropic client asks (left) and what a Chat Completions upstream gets (right). The numbers are those of
 * the translation checklist; the letters are reports of what broke in other gateways.
 */
interface Row extends ToChat {
  name: string
  from: JsonObject
  /** A fragment of the body; lists are complete. */
  to?: JsonObject
  /** Top-level fields that must not be there. */
  without?: string[]
  /** Warnings that must be there. */
  warns?: string[]
}

function table(title: string, rows: Row[]) {
  describe(title, () => {
    it.each(rows)('$name', ({ from, to, without = [], warns = [], ...target }) => {
      const { body, warnings } = toChat(from, target)
      if (to !== undefined) expect(body).toMatchObject(to)
      for (const field of without) expect(body).not.toHaveProperty([field])
      for (const warning of warns) expect(warnings).toContain(warning)
    })
  })
}

/** The messages behind the question that the rows begin with. */
const after = (...messages: JsonObject[]) => ({ messages: [user('Hi'), ...messages] })
const hi = { role: 'user', content: 'Hi' }
const tool = (
  name: string,
  input_schema: JsonObject = { type: 'object', properties: {} },
  more: JsonObject = {},
) => ({ name, input_schema, ...more })
const called = (id: string, name = 'Bash', args = `{"command":"${id}"}`) => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})
const PNG = { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' }
const PDF = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }
const imagePart = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }

table('system', [
  {
    name: '#1 blocks keep their boundaries in one message',
    from: { system: [text('You are a helper.'), text('Be brief.')] },
    to: { messages: [{ role: 'system', content: [text('You are a helper.'), text('Be brief.')] }, hi] },
  },
  {
    name: '#1 a string stays one',
    from: { system: 'Be brief.' },
    to: { messages: [{ role: 'system', content: 'Be brief.' }, hi] },
  },
  {
    name: '#1 reasoning models of OpenAI call the role developer',
    model: 'gpt-5',
    from: { system: 'Be brief.' },
    to: { messages: [{ role: 'developer', content: 'Be brief.' }, hi] },
  },
  {
    name: '#1 … unless the provider does not know it',
    model: 'gpt-5',
    quirks: { systemRole: 'system' },
    from: { system: 'Be brief.' },
    to: { messages: [{ role: 'system' }, hi] },
  },
  {
    name: '#1 one string for an upstream that takes no parts',
    quirks: { textParts: false },
    from: { system: [text('One.'), text('Two.')] },
    to: { messages: [{ role: 'system', content: 'One.\n\nTwo.' }, hi] },
  },
  {
    name: '#1 cache marks go to an upstream that understands them',
    quirks: { cacheControl: true },
    from: { system: [text('One.'), { ...text('Two.'), cache_control: { type: 'ephemeral', ttl: '1h' } }] },
    to: {
      messages: [
        {
          role: 'system',
          content: [text('One.'), { ...text('Two.'), cache_control: { type: 'ephemeral', ttl: '1h' } }],
        },
        hi,
      ],
    },
  },
  {
    name: '#1 the attribution block is for Anthropic alone',
    from: {
      system: [
        text('x-anthropic-billing-header: cc_version=2.1.329.000; cc_entrypoint=cli;'),
        text('Be brief.'),
      ],
    },
    to: { messages: [{ role: 'system', content: 'Be brief.' }, hi] },
    warns: ['dropped system[0]'],
  },
  {
    name: '#2 a system message in the conversation keeps its place',
    from: after({ role: 'system', content: [text('Tools: A, B')] }, assistant('Yes?'), user('Go')),
    to: {
      messages: [
        hi,
        { role: 'system', content: 'Tools: A, B' },
        { role: 'assistant', content: 'Yes?' },
        { role: 'user', content: 'Go' },
      ],
    },
  },
  {
    name: '#2 one without text only changes the effort and goes',
    model: 'gpt-5',
    from: {
      ...after({ role: 'system', content: [], output_config: { effort: 'low' } }),
      output_config: { effort: 'high' },
      thinking: { type: 'adaptive' },
    },
    to: { messages: [hi], reasoning_effort: 'low' },
  },
  {
    name: '#2 one that was meant for an earlier turn is gone',
    from: {
      messages: [
        user('Hi'),
        { role: 'system', content: 'Only now.', clear_at: 'next_user_message' },
        assistant('Yes?'),
        user('Go'),
      ],
    },
    to: { messages: [hi, { role: 'assistant', content: 'Yes?' }, { role: 'user', content: 'Go' }] },
  },
  {
    name: '#2 as marked user text where templates refuse it',
    quirks: { systemAnywhere: false },
    from: after({ role: 'system', content: 'Tools: A, B' }),
    to: {
      messages: [
        { role: 'user', content: [text('Hi'), text('<system-reminder>\nTools: A, B\n</system-reminder>')] },
      ],
    },
    warns: ['changed messages[].role'],
  },
  {
    name: '#2 tool results still come directly after their calls',
    from: after(
      assistant(toolUse('a')),
      { role: 'system', content: 'Reminder' },
      user(toolResult('a', 'done')),
    ),
    to: {
      messages: [
        hi,
        { role: 'assistant', content: null, tool_calls: [called('a')] },
        { role: 'tool', tool_call_id: 'a', content: 'done' },
        { role: 'system', content: 'Reminder' },
      ],
    },
  },
])

table('content', [
  {
    name: '#3 what a compaction left is the conversation’s beginning, as text',
    from: { messages: [assistant({ type: 'compaction', content: 'They fixed the parser.' }), user('Go on')] },
    to: {
      messages: [
        { role: 'assistant', content: 'They fixed the parser.' },
        { role: 'user', content: 'Go on' },
      ],
    },
    warns: ['changed messages[].content[].compaction'],
  },
  {
    name: '#3 a file in Anthropic’s container says nothing here',
    from: { messages: [user(text('Hi'), { type: 'container_upload', file_id: 'file_1' })] },
    to: { messages: [hi] },
    warns: ['dropped messages[].content[].container_upload'],
  },
  {
    name: '#3 a block of the future is dropped, with a warning',
    from: { messages: [user(text('Hi'), { type: 'hologram', beam: [1] })] },
    to: { messages: [hi] },
    warns: ['dropped messages[].content[].hologram'],
  },
  {
    name: '#3 a tool added in the conversation is offered, a removed one is not',
    from: {
      tools: [tool('Bash'), tool('Edit')],
      messages: [
        user('Hi'),
        {
          role: 'system',
          content: [
            { type: 'tool_addition', tool: { type: 'tool_definition', definition: tool('Deploy') } },
            { type: 'tool_removal', tool: { type: 'tool_reference', name: 'Edit' } },
          ],
        },
      ],
    },
    to: { tools: [{ function: { name: 'Bash' } }, { function: { name: 'Deploy' } }] },
  },
  {
    name: '#3 a search that Anthropic’s server ran is told as text',
    from: after(
      assistant(
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'node 24' } },
        {
          type: 'web_search_tool_result',
          tool_use_id: 'srvtoolu_1',
          content: [
            {
              type: 'web_search_result',
              title: 'Node',
              url: 'https://nodejs.org',
              encrypted_content: 'Eo8…',
            },
          ],
        },
        text('It is out.'),
      ),
      user('Thanks'),
    ),
    to: {
      messages: [
        hi,
        {
          role: 'assistant',
          content:
            '[web_search was called with {"query":"node 24"}]\n\n[web search tool result]\nNode\nhttps://nodejs.org\n\nIt is out.',
        },
        { role: 'user', content: 'Thanks' },
      ],
    },
  },
  {
    name: '#4 text and images keep their order',
    from: {
      messages: [
        user(text('Compare'), { type: 'image', source: PNG }, text('with'), {
          type: 'image',
          source: { type: 'url', url: 'https://a.b/c.png' },
        }),
      ],
    },
    to: {
      messages: [
        {
          role: 'user',
          content: [
            text('Compare'),
            imagePart,
            text('with'),
            { type: 'image_url', image_url: { url: 'https://a.b/c.png' } },
          ],
        },
      ],
    },
  },
  {
    name: '#5 an image by address, where the upstream fetches none',
    quirks: { imageUrls: false },
    from: { messages: [user({ type: 'image', source: { type: 'url', url: 'https://a.b/c.png' } })] },
    to: {
      messages: [
        {
          role: 'user',
          content: '[The image was left out: the upstream takes no image by its address: https://a.b/c.png]',
        },
      ],
    },
    warns: ['dropped messages[].content[].image'],
  },
  {
    name: '#5 an image for a model that cannot see',
    model: 'deepseek-v4',
    from: { messages: [user({ type: 'image', source: PNG }, text('What is it?'))] },
    to: {
      messages: [
        {
          role: 'user',
          content: [text('[The image was left out: this model takes no images]'), text('What is it?')],
        },
      ],
    },
    warns: ['dropped messages[].content[].image'],
  },
  {
    name: '#6 a PDF as a file',
    quirks: { fileParts: true },
    from: { messages: [user({ type: 'document', source: PDF, title: 'a.pdf', context: 'The contract.' })] },
    to: {
      messages: [
        {
          role: 'user',
          content: [
            text('The contract.'),
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
          ],
        },
      ],
    },
  },
  {
    name: '#6 a PDF where the upstream takes no files',
    from: { messages: [user({ type: 'document', source: PDF }, text('Sum it up'))] },
    to: {
      messages: [
        {
          role: 'user',
          content: [
            text('[The document was left out: the upstream takes no files (application/pdf)]'),
            text('Sum it up'),
          ],
        },
      ],
    },
    warns: ['dropped messages[].content[].document'],
  },
  {
    name: '#6 a text document; citations are dropped, the document stays',
    from: {
      messages: [
        user({
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: 'Once.' },
          title: 'Tale',
          citations: { enabled: true },
        }),
      ],
    },
    to: { messages: [{ role: 'user', content: 'Document: Tale\nOnce.' }] },
    warns: ['dropped messages[].content[].document.citations'],
  },
  {
    name: '#6 a document of blocks',
    from: {
      messages: [
        user({
          type: 'document',
          source: { type: 'content', content: [text('One.'), { type: 'image', source: PNG }] },
        }),
      ],
    },
    to: { messages: [{ role: 'user', content: [text('One.'), imagePart] }] },
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
    to: { messages: [{ role: 'user', content: 'A\nSource: https://a.b\nOne.\nTwo.' }] },
  },
  {
    name: '#29 A15 empty text is dropped',
    from: { messages: [user(text(''), text('Hi')), assistant(text('')), user('Still there?')] },
    to: { messages: [{ role: 'user', content: [text('Hi'), text('Still there?')] }] },
  },
  {
    name: '#29 neighbours of one role become one message',
    from: { messages: [user('One'), user('Two'), assistant('Three'), assistant('Four'), user('Five')] },
    to: {
      messages: [
        { role: 'user', content: [text('One'), text('Two')] },
        { role: 'assistant', content: 'Three\n\nFour' },
        { role: 'user', content: 'Five' },
      ],
    },
  },
  {
    name: '#28 a begun answer: the model is asked to go on',
    from: { messages: [user('Give JSON'), assistant('{"a":')] },
    to: {
      messages: [
        { role: 'user', content: 'Give JSON' },
        { role: 'assistant', content: '{"a":' },
        {
          role: 'user',
          content: 'Continue your last message exactly where it ends. Do not repeat any of it.',
        },
      ],
    },
    warns: ['emulated messages[last]'],
  },
])

describe('files of another provider', () => {
  it.each([
    ['#5 image', { type: 'image', source: { type: 'file', file_id: 'file_1' } }],
    ['#6 document', { type: 'document', source: { type: 'file', file_id: 'file_1' } }],
  ])('%s: an error that says what to do', (_name, block) => {
    const translate = () => toChat({ messages: [user(block)] })
    expect(translate).toThrow(GatewayError)
    expect(translate).toThrow(/file file_1 was uploaded to another provider; send its bytes as base64/)
  })
})

table('calls and results', [
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
    from: after(assistant(toolUse('a', 'Read')), user(toolResult('a', [{ type: 'document', source: PDF }]))),
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

const two = { tools: [tool('Bash'), tool('Edit')] }

table('tools', [
  {
    name: '#14 auto',
    from: { ...two, tool_choice: { type: 'auto' } },
    to: { tool_choice: 'auto' },
  },
  { name: '#14 any', from: { ...two, tool_choice: { type: 'any' } }, to: { tool_choice: 'required' } },
  {
    name: '#14 none',
    from: { ...two, tool_choice: { type: 'none' } },
    to: { tool_choice: 'none', tools: [{}, {}] },
  },
  {
    name: '#14 one tool',
    from: { ...two, tool_choice: { type: 'tool', name: 'Edit' } },
    to: { tool_choice: { type: 'function', function: { name: 'Edit' } } },
  },
  {
    name: '#14 one that is not offered',
    from: { ...two, tool_choice: { type: 'tool', name: 'web_search' } },
    without: ['tool_choice'],
    warns: ['dropped tool_choice'],
  },
  { name: '#14 without tools', from: { tool_choice: { type: 'any' } }, without: ['tool_choice'] },
  {
    name: '#15 one call at a time',
    from: { ...two, tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    to: { parallel_tool_calls: false },
  },
  { name: '#15 not said', from: two, without: ['parallel_tool_calls'] },
  {
    name: '#15 without tools the field would be refused',
    from: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    without: ['parallel_tool_calls', 'tool_choice'],
  },
  {
    name: '#15 where the upstream does not know it',
    quirks: { parallelToolCalls: false },
    from: { ...two, tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
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
        { function: { name: 'str_replace_based_edit_tool', parameters: { required: ['command', 'path'] } } },
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
    from: two,
    to: { tools: [{ function: { name: 'Bash' } }] },
    warns: ['dropped tools.Edit'],
  },
])

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

table('limits and sampling', [
  {
    name: '#21 A19 max_tokens',
    from: { max_tokens: 1000 },
    to: { max_tokens: 1000 },
    without: ['max_completion_tokens'],
  },
  {
    name: '#21 A19 reasoning models of OpenAI know only the newer field',
    model: 'gpt-5',
    from: { max_tokens: 32_000 },
    to: { max_completion_tokens: 32_000 },
    without: ['max_tokens'],
  },
  {
    name: '#21 … unless the provider has its own',
    model: 'gpt-5',
    quirks: { maxTokensField: 'max_tokens' },
    from: { max_tokens: 32_000 },
    to: { max_tokens: 32_000 },
    without: ['max_completion_tokens'],
  },
  {
    name: '#21 no more than the model can say',
    from: { max_tokens: 128_000 },
    to: { max_tokens: 16_384 },
    warns: ['changed max_tokens'],
  },
  {
    name: '#21 a model that nobody knows gets what was asked',
    model: 'my-model',
    from: { max_tokens: 128_000 },
    to: { max_tokens: 128_000 },
  },
  {
    name: '#21 A9 the probe of /model succeeds on a model that thinks first',
    model: 'gpt-5',
    from: { max_tokens: 1 },
    to: { max_completion_tokens: 1024 },
    warns: ['changed max_tokens'],
  },
  {
    name: '#21 A9 … and costs nothing more on one that does not',
    from: { max_tokens: 1 },
    to: { max_tokens: 1 },
  },
  {
    name: '#21 without reasoning OpenAI still wants 16',
    model: 'gpt-5.4',
    from: { max_tokens: 1, thinking: { type: 'disabled' } },
    to: { max_completion_tokens: 16, reasoning_effort: 'none' },
  },
  {
    name: '#22 sampling',
    from: { temperature: 0.2, top_p: 0.9, top_k: 40 },
    to: { temperature: 0.2, top_p: 0.9 },
    without: ['top_k'],
    warns: ['dropped top_k'],
  },
  {
    name: '#22 a reasoning model takes none',
    model: 'gpt-5',
    from: { temperature: 1, top_p: 0.9 },
    without: ['temperature', 'top_p'],
    warns: ['dropped temperature', 'dropped top_p'],
  },
  {
    name: '#22 … unless it is told not to reason',
    model: 'gpt-5.4',
    from: { temperature: 0.2, thinking: { type: 'disabled' } },
    to: { temperature: 0.2, reasoning_effort: 'none' },
  },
  { name: '#23 stop sequences, always as a list', from: { stop_sequences: ['END'] }, to: { stop: ['END'] } },
  {
    name: '#23 four are sent, the fifth the gateway enforces',
    from: { stop_sequences: ['a', 'b', 'c', 'd', 'e'] },
    to: { stop: ['a', 'b', 'c', 'd'] },
    warns: ['emulated stop_sequences'],
  },
  {
    name: '#23 reasoning models take none',
    model: 'gpt-5',
    from: { stop_sequences: ['END'] },
    without: ['stop'],
    warns: ['emulated stop_sequences'],
  },
])

describe('what the answer’s decoder must know', () => {
  it.each([
    ['#23 all sequences, for a reasoning model', 'gpt-5', ['END'], ['END'], undefined],
    ['#23 the fifth sequence', 'gpt-4o', ['a', 'b', 'c', 'd', 'e'], ['e'], ['a', 'b', 'c', 'd']],
    ['#23 nothing', 'gpt-4o', ['a'], undefined, ['a']],
  ])('%s', (_name, model, stop_sequences, enforced, sent) => {
    const { memo } = toChat({ stop_sequences }, { model })
    expect(memo.enforceStop).toEqual(enforced)
    expect(memo.stopSequences).toEqual(sent)
  })

  it('#17 a search that nobody runs', () => {
    expect(
      toChat({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }).memo.webSearchUnavailable,
    ).toBe(true)
  })
})

const claudeCode = JSON.stringify({
  device_id: 'd'.repeat(64),
  account_uuid: '',
  session_id: '00000000-0000-4000-8000-000000000001',
})

describe('who asks', () => {
  const ids = (user_id: string, quirks = {}) => {
    const { body } = toChat({ metadata: { user_id } }, { quirks })
    return [body['safety_identifier'], body['user'], body['prompt_cache_key']] as (string | undefined)[]
  }

  it('#24 nothing of the client’s id leaves the gateway readable', () => {
    const { text: body } = toChat({ metadata: { user_id: claudeCode } }, { quirks: { promptCacheKey: true } })
    expect(body).not.toMatch(/dddd|00000000|session/)
    expect(ids(claudeCode)[0]).toMatch(/^[0-9a-zA-Z]{32}$/)
  })

  it('#24 sessions differ, the user stays', () => {
    const other = claudeCode.replace('000000001', '000000002')
    const [one, two] = [ids(claudeCode, { promptCacheKey: true }), ids(other, { promptCacheKey: true })]
    expect(one[0]).toBe(two[0])
    expect(one[2]).not.toBe(two[2])
  })

  it.each([
    ['in the older field', { userField: 'user' }, [undefined, expect.any(String), undefined]],
    ['not at all', { userField: 'none' }, [undefined, undefined, undefined]],
  ] as const)('#24 %s', (_name, quirks, expected) => {
    expect(ids('someone@example.org', quirks)).toEqual(expected)
  })

  it('#24 the older spelling of Claude Code', () => {
    const older = (session: string) =>
      ids(`user_${'d'.repeat(64)}_account__session_${session}`, { promptCacheKey: true })
    expect(older('one')[0]).toBe(older('two')[0])
    expect(older('one')[2]).not.toBe(older('two')[2])
  })
})

const think = (thinking: JsonObject | undefined, effort?: string, max_tokens = 32_000) => ({
  max_tokens,
  ...(thinking !== undefined && { thinking }),
  ...(effort !== undefined && { output_config: { effort } }),
})

table('thinking', [
  ...(
    [
      // The share of the budget in max_tokens decides.
      ['a quarter', { type: 'enabled', budget_tokens: 8000 }, undefined, 'low'],
      ['six tenths', { type: 'enabled', budget_tokens: 19_200 }, undefined, 'medium'],
      ['nearly all', { type: 'enabled', budget_tokens: 31_999 }, undefined, 'high'],
      ['a budget below Anthropic’s least (A8)', { type: 'enabled', budget_tokens: 500 }, undefined, 'low'],
      ['a budget and an effort', { type: 'enabled', budget_tokens: 500 }, 'high', 'high'],
      ['adaptive with effort', { type: 'adaptive' }, 'medium', 'medium'],
      ['effort alone', undefined, 'low', 'low'],
      ['max, where high is the most', { type: 'adaptive' }, 'max', 'high'],
      ['disabled, where minimal is the least', { type: 'disabled' }, undefined, 'minimal'],
    ] as const
  ).map(([what, thinking, effort, expected]): Row => ({
    name: `#25 A8 ${what}: ${expected}`,
    model: 'gpt-5',
    from: think(thinking, effort),
    to: { reasoning_effort: expected },
  })),
  {
    name: '#25 max is xhigh where there is one',
    model: 'gpt-5.4',
    from: think({ type: 'adaptive' }, 'max'),
    to: { reasoning_effort: 'xhigh' },
  },
  {
    name: '#25 disabled is none where there is one',
    model: 'gpt-5.4',
    from: think({ type: 'disabled' }),
    to: { reasoning_effort: 'none' },
  },
  {
    name: '#25 nothing said, nothing sent',
    model: 'gpt-5',
    from: think(undefined),
    without: ['reasoning_effort', 'reasoning'],
  },
  {
    name: '#25 adaptive alone: the model decides',
    model: 'gpt-5',
    from: think({ type: 'adaptive' }),
    without: ['reasoning_effort'],
  },
  {
    name: '#25 as OpenRouter’s object',
    model: 'anthropic/claude-opus-4.5',
    facts: { id: 'anthropic/claude-opus-4.5', reasoning: true },
    quirks: { effortStyle: 'reasoning-object' },
    from: think({ type: 'adaptive' }, 'max'),
    to: { reasoning: { effort: 'xhigh' } },
    without: ['reasoning_effort', 'thinking'],
  },
  {
    name: '#25 where the upstream has no setting',
    model: 'deepseek-v4',
    quirks: { effortStyle: 'none' },
    from: think({ type: 'adaptive' }, 'high'),
    without: ['reasoning_effort'],
    warns: ['dropped thinking'],
  },
  {
    name: '#25 A10 A20 a model that nobody knows is not asked: a default of the client must not fail',
    model: 'gpt-oss-999',
    from: think({ type: 'adaptive' }, 'high'),
    without: ['reasoning_effort', 'reasoning', 'thinking'],
    warns: ['dropped thinking'],
  },
  {
    name: '#25 A10 A20 … nor is one that does not reason',
    from: think({ type: 'adaptive', display: 'omitted' }, 'high'),
    without: ['reasoning_effort', 'reasoning', 'thinking'],
    warns: ['dropped thinking'],
  },
  {
    name: '#25 tools only without reasoning, where the upstream says so',
    model: 'gpt-5.4',
    quirks: { toolsNeedEffortNone: true },
    from: { ...think({ type: 'adaptive' }, 'high'), ...two },
    to: { reasoning_effort: 'none' },
    warns: ['changed thinking'],
  },
  {
    name: '#25 … which does not concern older models',
    model: 'gpt-5',
    quirks: { toolsNeedEffortNone: true },
    from: { ...think({ type: 'adaptive' }, 'high'), ...two },
    to: { reasoning_effort: 'high' },
  },
])

const thinking = { type: 'thinking', thinking: 'Hmm.', signature: 'EqQB' }

table('thinking in the history', [
  {
    name: '#26 A5 is dropped, and never text',
    from: after(assistant(thinking, { type: 'redacted_thinking', data: 'x' }, text('Yes?')), user('Go')),
    to: { messages: [hi, { role: 'assistant', content: 'Yes?' }, { role: 'user', content: 'Go' }] },
    warns: ['dropped messages[].content[].thinking', 'dropped messages[].content[].redacted_thinking'],
  },
  {
    name: '#26 goes back inside the tool loop, where the upstream wants it',
    model: 'deepseek-v4',
    quirks: { reasoningHistoryField: 'reasoning_content' },
    from: after(assistant(thinking, toolUse('a')), user(toolResult('a', 'A'))),
    to: {
      messages: [
        hi,
        { role: 'assistant', content: null, reasoning_content: 'Hmm.', tool_calls: [called('a')] },
        { role: 'tool' },
      ],
    },
  },
  {
    name: '#26 also of an earlier turn that called tools: DeepSeek refuses the request without',
    model: 'deepseek-v4',
    quirks: { reasoningHistoryField: 'reasoning_content' },
    from: after(
      assistant(thinking, toolUse('a')),
      user(toolResult('a', 'A')),
      assistant(thinking, text('Done.')),
      user('More'),
    ),
    to: {
      messages: [
        hi,
        { reasoning_content: 'Hmm.' },
        {},
        { reasoning_content: 'Hmm.', content: 'Done.' },
        { content: 'More' },
      ],
    },
  },
  {
    name: '#26 a call without thinking has an empty one there: it was made by another model',
    quirks: { reasoningHistoryField: 'reasoning_content' },
    from: after(assistant(toolUse('a')), user(toolResult('a', 'A'))),
    to: { messages: [hi, { reasoning_content: '' }, {}] },
  },
  {
    name: '#26 not of an earlier turn that only talked',
    quirks: { reasoningHistoryField: 'reasoning' },
    from: after(assistant(thinking, text('Yes?')), user('Go')),
    to: { messages: [hi, { role: 'assistant', content: 'Yes?' }, { role: 'user' }] },
    warns: ['dropped messages[].content[].thinking'],
  },
  {
    name: '#26 a signature that Gemini made goes back to it; without one it takes a word for it',
    quirks: { geminiSignatures: true },
    from: after(
      assistant(
        { type: 'thinking', thinking: '', signature: 'signalbox.sbx-gemini-AY89' },
        toolUse('a'),
        toolUse('b'),
      ),
      user(toolResult('a', 'A'), toolResult('b', 'B')),
      assistant(toolUse('c')),
      user(toolResult('c', 'C')),
    ),
    to: {
      messages: [
        hi,
        { tool_calls: [{ id: 'a', extra_content: { google: { thought_signature: 'AY89' } } }, called('b')] },
        {},
        {},
        {
          tool_calls: [
            { id: 'c', extra_content: { google: { thought_signature: 'skip_thought_signature_validator' } } },
          ],
        },
        {},
      ],
    },
  },
])

const CLAUDE_ONLY: JsonObject = {
  service_tier: 'auto',
  speed: 'fast',
  inference_geo: 'us',
  container: 'c',
  mcp_servers: [{}],
  fallbacks: [{}],
  context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
  diagnostics: {},
  safeguards: [{}],
  cache_control: { type: 'ephemeral' },
}

table('what only Claude knows', [
  ...Object.entries(CLAUDE_ONLY).map(([field, value]): Row => ({
    name: `#27 A1 A2 ${field}`,
    from: { [field]: value },
    without: [field],
    warns: [`dropped ${field}`],
  })),
  {
    name: 'a schema for the answer',
    from: {
      output_config: {
        format: {
          type: 'json_schema',
          schema: {
            type: 'object',
            properties: { title: { type: 'string' } },
            required: ['title'],
            additionalProperties: false,
          },
        },
      },
    },
    to: {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { type: 'object', required: ['title'] } },
      },
    },
  },
  {
    name: 'a schema that OpenAI would not take as strict',
    from: {
      output_config: {
        format: {
          type: 'json_schema',
          schema: { type: 'object', properties: { title: { type: 'string' } } },
        },
      },
    },
    to: {
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
    },
    warns: ['changed output_config.format'],
  },
  {
    name: 'a schema, told in words where the upstream knows none',
    quirks: { jsonSchema: false },
    from: { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
    to: {
      response_format: { type: 'json_object' },
      messages: [
        {
          role: 'system',
          content: 'Answer with nothing but JSON that follows this JSON Schema:\n{"type":"object"}',
        },
        hi,
      ],
    },
    warns: ['emulated output_config.format'],
  },
  {
    name: 'a stream reports its usage at the end',
    from: { stream: true },
    to: { stream: true, stream_options: { include_usage: true } },
  },
  {
    name: 'a stream, where the upstream refuses the option',
    quirks: { streamOptions: false },
    from: { stream: true },
    to: { stream: true },
    without: ['stream_options'],
  },
  { name: 'no stream', from: {}, without: ['stream', 'stream_options', 'n'] },
])

describe('the body as a whole', () => {
  it('is the same bytes each time, with the conversation last: prompt caches compare from the front', () => {
    const from = {
      system: 'Be brief.',
      ...two,
      metadata: { user_id: claudeCode },
      thinking: { type: 'adaptive' },
      stream: true,
    }
    expect(toChat(from).text).toBe(toChat(from).text)
    expect(Object.keys(toChat(from).body).slice(-2)).toEqual(['tools', 'messages'])
  })

  it('one warning a field, however often it came', () => {
    const { warnings } = toChat(
      after(assistant(thinking, text('a')), user('b'), assistant(thinking, text('c')), user('d')),
    )
    expect(warnings.filter((warning) => warning.endsWith('thinking'))).toHaveLength(1)
  })
})
