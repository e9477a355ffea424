import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import { after, called, hi, imagePart, PDF, PNG, tool, translates } from './request-rows.ts'
import { assistant, text, toChat, toolResult, toolUse, user } from './translate.ts'

describe('system', () => {
  translates([
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
})

describe('content', () => {
  translates([
    {
      name: '#3 what a compaction left is the conversation’s beginning, as text',
      from: {
        messages: [assistant({ type: 'compaction', content: 'They fixed the parser.' }), user('Go on')],
      },
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
      name: '#3 what only tells Anthropic which tools a server has says nothing here',
      from: { messages: [user(text('Hi'), { type: 'mcp_tool_listing', server_name: 's', tools: [] })] },
      to: { messages: [hi] },
      warns: ['dropped messages[].content[].mcp_tool_listing'],
    },
    {
      name: '#3 what another model advised is told as text',
      from: after(
        assistant(
          { type: 'server_tool_use', id: 'srvtoolu_1', name: 'advisor', input: {} },
          {
            type: 'advisor_tool_result',
            tool_use_id: 'srvtoolu_1',
            content: { type: 'advisor_result', text: 'Test it first.' },
          },
        ),
        user('Go'),
      ),
      to: {
        messages: [
          hi,
          {
            role: 'assistant',
            content: '[advisor was called with {}]\n\n[advisor tool result]\nTest it first.',
          },
          { role: 'user', content: 'Go' },
        ],
      },
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
            content:
              '[The image was left out: the upstream takes no image by its address: https://a.b/c.png]',
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
              {
                type: 'file',
                file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
              },
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
})

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

const thinking = { type: 'thinking', thinking: 'Hmm.', signature: 'EqQB' }

describe('thinking in the history', () => {
  translates([
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
  ])
})
