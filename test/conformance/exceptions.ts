import type { AnswerFacts, RequestFacts } from './script.ts'
import type { Client, Upstream } from './parties.ts'

/** What a pair cannot carry as it is, and what becomes of it; shown in `docs/compatibility.md`. */
export interface Exception {
  why: string
  asks?: Partial<RequestFacts>
  says?: Partial<AnswerFacts>
}

interface Row extends Exception {
  clients?: readonly string[]
  upstreams?: readonly string[]
  capability: string
}

const ROWS: readonly Row[] = [
  {
    capability: 'structured output',
    clients: [
      'anthropic',
      'openai-chat',
      'openai-responses',
      'gemini',
      'bedrock-converse',
      'claude-on-bedrock',
      'cohere',
    ],
    upstreams: ['claude-on-vertex'],
    why: 'Vertex refuses the field for schemas; the model is told in words to follow it.',
    asks: { schema: undefined },
  },
  {
    capability: 'document',
    clients: ['openai-chat', 'openai-responses'],
    upstreams: ['gemini'],
    why: 'Gemini’s documents have no names; the name is told in a text before.',
    asks: { texts: ['Document: a.pdf', 'Sum it up.'] },
  },
  {
    capability: 'document',
    clients: ['bedrock-converse'],
    upstreams: ['gemini'],
    why: 'Gemini’s documents have no names; the name is told in a text before.',
    asks: { texts: ['Document: a', 'Sum it up.'] },
  },
  {
    capability: 'document',
    clients: ['cohere'],
    why: 'Cohere’s API takes documents as text alone: its clients cannot send a file.',
    asks: { documents: [] },
  },
  {
    capability: 'document',
    upstreams: ['cohere'],
    why: 'Cohere’s API takes no files; the model is told in words what is missing.',
    asks: {
      texts: ['[The document was left out: the upstream takes no files (application/pdf)]', 'Sum it up.'],
      documents: [],
    },
  },
  {
    capability: 'refusal',
    clients: ['cohere'],
    why: 'Cohere’s API has no word for a refusal; the answer says it.',
    says: { finish: 'end' },
  },
  {
    capability: 'refusal',
    upstreams: ['cohere'],
    why: 'Cohere’s API has no word for a refusal; the answer says it.',
    says: { finish: 'end' },
  },
]

export function exceptionOf(client: Client, upstream: Upstream, capability: string): Exception | undefined {
  return ROWS.find(
    (row) =>
      row.capability === capability &&
      (row.clients?.includes(client.id) ?? true) &&
      (row.upstreams?.includes(upstream.id) ?? true),
  )
}
