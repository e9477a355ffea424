import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import type { Memo } from '../../src/protocols/translation.ts'
import { gist, lines } from '../support/responses-gist.ts'
import { called, calls as chatCalls, call, role, say } from './stream-rows.ts'
import {
  calls,
  hi,
  inputText,
  item,
  fromChatUpstream,
  output,
  outputText,
  toChatUpstream,
  translates,
} from './responses.ts'
import { chunk, DONE, sse } from './translate.ts'

const input = (...items: object[]) => ({ input: items })
const reasoning = (text: string, encrypted_content = 'signalbox.') => ({
  type: 'reasoning',
  id: 'rs_1',
  summary: [{ type: 'summary_text', text }],
  encrypted_content,
})
const patch = { type: 'custom', name: 'apply_patch', description: 'Edits files.' }
const bash = { id: 'a', type: 'function', function: { name: 'Bash', arguments: '{"command":"a"}' } }

/** What Codex asks (left) and what a Chat Completions upstream gets (right). */
describe('requests', () => {
  translates(toChatUpstream, [
    {
      name: '#1 #9 a tool loop',
      from: {
        instructions: 'Be brief.',
        ...input(hi, item('assistant', outputText('I look.')), calls('a'), output('a')),
      },
      to: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'I look.', tool_calls: [bash] },
          { role: 'tool', tool_call_id: 'a', content: 'A' },
        ],
      },
    },
    {
      name: '#26 D10 reasoning goes back inside the loop to models that want it',
      quirks: { reasoningHistoryField: 'reasoning_content' },
      from: input(hi, reasoning('Hmm.'), calls('a'), output('a')),
      to: { messages: [{}, { reasoning_content: 'Hmm.', tool_calls: [bash] }, { role: 'tool' }] },
    },
    {
      name: '#11 an image in a result follows in a user message',
      from: input(
        hi,
        calls('a'),
        output('a', [inputText('x'), { type: 'input_image', image_url: 'https://a.b/c.png' }]),
      ),
      to: {
        messages: [
          {},
          {},
          { role: 'tool', content: 'x\n[image: see the user message below]' },
          {
            role: 'user',
            content: [{ type: 'text' }, { type: 'image_url', image_url: { url: 'https://a.b/c.png' } }],
          },
        ],
      },
    },
    {
      name: '#69 a patch as free text',
      from: {
        tools: [patch],
        ...input(
          hi,
          { type: 'custom_tool_call', call_id: 'a', name: 'apply_patch', input: '*** Begin' },
          { type: 'custom_tool_call_output', call_id: 'a', output: 'Done' },
        ),
      },
      to: {
        tools: [{ function: { name: 'apply_patch', parameters: { required: ['input'] } } }],
        messages: [
          {},
          { tool_calls: [{ function: { arguments: '{"input":"*** Begin"}' } }] },
          { content: 'Done' },
        ],
      },
    },
  ])
})

/** Chunks (left) and what Codex gets behind `in_progress` (right). */
describe('answers', () => {
  const rows: { name: string; chunks: (JsonObject | string)[]; client: string; memo?: Memo }[] = [
    {
      name: '#49 #53 B1 reasoning, then text',
      chunks: [role, chunk({ reasoning_content: 'Hm' }), say('So.'), chunk({}, 'stop'), DONE],
      client: `
        added 0 reasoning | summary 0 | thinks 0 Hm | thinks.done 0 Hm | summary.done 0 | done 0 reasoning
        added 1 message | part 1 | text 1 So. | text.done 1 So. | part.done 1 | done 1 message completed
        completed`,
    },
    {
      name: '#69 a patch as free text, piece by piece',
      chunks: [
        chatCalls(call(0, { id: 'a', name: 'apply_patch', args: '{"input":' })),
        chatCalls(call(0, { args: '"*** Beg' })),
        chatCalls(call(0, { args: 'in"}' })),
        called,
        DONE,
      ],
      client: `
        added 0 custom_tool_call a apply_patch | input 0 *** Beg | input 0 in | input.done 0 *** Begin
        done 0 custom_tool_call completed | completed`,
    },
    {
      name: '#17 the web search that Codex offers always, and that this upstream does not have, is no news',
      chunks: [role, say('x'), chunk({}, 'stop'), DONE],
      memo: { webSearchUnavailable: true },
      client: `
        added 0 message | part 0 | text 0 x | text.done 0 x | part.done 0 | done 0 message completed | completed`,
    },
    {
      name: 'B7 the end is missing',
      chunks: [role, say('x')],
      client: 'added 0 message | part 0 | text 0 x | failed server_error',
    },
  ]

  it.each(rows)('$name', ({ chunks, client, memo }) => {
    const { answerMemo } = toChatUpstream({ tools: [patch] })
    const events = fromChatUpstream(sse(...chunks), {
      ...(memo !== undefined && { memo }),
      ...(answerMemo !== undefined && { answerMemo }),
    })
    expect(gist(events)).toEqual(['created', 'in_progress', ...lines(client)])
  })
})
