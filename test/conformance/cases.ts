import type { AnswerScript, RequestFacts, RequestScript, Tool } from './script.ts'

/** A capability: what the client asks, what the upstream must read of it, what it says, what the client must read. */
export interface Case {
  capability: string
  request: RequestScript
  /** Facts that must reach the upstream. */
  asks: Partial<RequestFacts>
  answer: AnswerScript
  /** What an upstream says that was not told of the stop sequences: the gateway has to cut it. */
  uncut?: string
}

const USAGE = { input: 120, cacheRead: 30, output: 15 }

const BASH: Tool = {
  name: 'Bash',
  parameters: {
    type: 'object',
    properties: { command: { type: 'string' } },
    required: ['command'],
    additionalProperties: false,
  },
}
const LIST: Tool = { name: 'ListFiles', parameters: { type: 'object', properties: {} } }

/** One pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PDF = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF').toString('base64')

const ask = (text: string): RequestScript => ({ turns: [{ user: [{ text }] }], maxTokens: 4096 })

const bash = { id: 'toolu_01A', name: 'Bash', arguments: { command: 'ls -la "my dir" && echo 你好🚀' } }
const other = { id: 'toolu_01B', name: 'Bash', arguments: { command: 'pwd' } }
const list = { id: 'toolu_01C', name: 'ListFiles', arguments: {} }

const called = (text: string, ...calls: (typeof bash | typeof list)[]): AnswerScript => ({
  text,
  calls,
  finish: 'tool-calls',
  usage: USAGE,
})

const SCHEMA = {
  type: 'object',
  properties: { title: { type: 'string' } },
  required: ['title'],
  additionalProperties: false,
}

export const CASES: readonly Case[] = [
  {
    capability: 'text',
    request: { ...ask('Hello, “world” 你好🚀'), system: 'Be brief.' },
    asks: { system: 'Be brief.', texts: ['Hello, “world” 你好🚀'], maxTokens: 4096 },
    answer: { text: 'Hi there, 你好🚀.', finish: 'end', usage: USAGE },
  },
  {
    capability: 'tool call',
    request: { ...ask('List the files'), tools: [BASH, LIST] },
    asks: { tools: ['Bash', 'ListFiles'] },
    answer: called('Let me look.', bash),
  },
  {
    capability: 'tool loop',
    request: {
      ...ask(''),
      tools: [BASH],
      turns: [
        { user: [{ text: 'List the files' }] },
        { assistant: [{ text: 'Let me look.' }, { call: bash }] },
        { results: [{ id: bash.id, name: 'Bash', text: 'a.txt\nb.txt' }] },
      ],
    },
    asks: { calls: [{ name: 'Bash', arguments: bash.arguments }], results: ['a.txt\nb.txt'] },
    answer: { text: 'Two files.', finish: 'end', usage: USAGE },
  },
  {
    capability: 'parallel tools',
    request: {
      ...ask(''),
      tools: [BASH],
      turns: [
        { user: [{ text: 'Look twice' }] },
        { assistant: [{ call: bash }, { call: other }] },
        {
          results: [
            { id: bash.id, name: 'Bash', text: 'first' },
            { id: other.id, name: 'Bash', text: 'second' },
          ],
        },
      ],
    },
    asks: {
      calls: [bash, other].map(({ name, arguments: input }) => ({ name, arguments: input })),
      results: ['first', 'second'],
    },
    answer: called('', bash, other),
  },
  {
    capability: 'empty arguments',
    request: { ...ask('List'), tools: [LIST] },
    asks: { tools: ['ListFiles'] },
    answer: called('', list),
  },
  {
    capability: 'image',
    request: { turns: [{ user: [{ text: 'What is this?' }, { image: PNG }] }], maxTokens: 4096 },
    asks: { texts: ['What is this?'], images: [PNG] },
    answer: { text: 'A pixel.', finish: 'end', usage: USAGE },
  },
  {
    capability: 'document',
    request: { turns: [{ user: [{ document: PDF }, { text: 'Sum it up.' }] }], maxTokens: 4096 },
    asks: { texts: ['Sum it up.'], documents: [PDF] },
    answer: { text: 'Empty.', finish: 'end', usage: USAGE },
  },
  {
    capability: 'thinking',
    request: { ...ask('Think'), thinking: true, maxTokens: 16_000 },
    asks: { thinks: true },
    answer: { thinking: 'First this, then that.', text: 'Done.', finish: 'end', usage: USAGE },
  },
  {
    capability: 'structured output',
    request: { ...ask('Name it'), schema: SCHEMA },
    asks: { schema: SCHEMA },
    answer: { text: '{"title":"It"}', finish: 'end', usage: USAGE },
  },
  {
    capability: 'stop sequences',
    request: { ...ask('Count'), stop: ['STOP'] },
    asks: {},
    answer: { text: 'one two ', finish: 'end', usage: USAGE },
    uncut: 'one two STOP three',
  },
  {
    capability: 'max tokens',
    request: ask('Talk'),
    asks: { maxTokens: 4096 },
    answer: { text: 'And so on and', finish: 'max-tokens', usage: USAGE },
  },
  {
    capability: 'refusal',
    request: ask('Something bad'),
    asks: {},
    answer: { text: 'I will not.', finish: 'refusal', usage: USAGE },
  },
  {
    // Who takes the cached tokens off twice has less than none, and who never does has a window twice as full.
    capability: 'usage',
    request: ask('Go on'),
    asks: {},
    answer: { text: 'On it.', finish: 'end', usage: { input: 3, cacheRead: 98_000, output: 700 } },
  },
]

/** Two further capabilities, whose answer is no answer. */
export const ERROR_BEFORE = 'error before the first byte'
export const ERROR_AFTER = 'error after the first byte'
