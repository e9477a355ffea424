import { randomUUID } from 'node:crypto'

import type { Conversation, ToolResult } from './conversation.ts'
import { type Directive, type Step, findDirective } from './directive.ts'
import { sample } from './sample.ts'
import { type ToolCall, callFor } from './steps.ts'

export type Block =
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  | ({ type: 'tool'; id: string } & ToolCall)
  | { type: 'web_search'; id: string; query: string }

/** What the scripted model answers to one request. */
export interface Answer {
  blocks: Block[]
  /** `end`, `tool` and `stop_sequence` are spelt by each protocol; any other reason goes out as it is. */
  stop: string
  stopSequence?: string
  directive?: Directive
  /** The index of the step played; the number of steps for the closing text; -1 for a side request. */
  step: number
  /** A request beside the conversation, such as a title or a safety check. Faults of the directive spare it. */
  side: boolean
  /** Tool results that followed the directive. */
  results: ToolResult[]
  /** Why a step could not be played: the request offers no tool for it. */
  failed?: string
}

/** Decides the answer from the conversation alone; the request's stop sequences are obeyed. */
export function decide(conversation: Conversation): Answer {
  return cutAtStopSequence(
    sideAnswer(conversation) ?? scriptedAnswer(conversation),
    conversation.stopSequences,
  )
}

/** The directive of the newest user text that has one, and the tool results that came after it. */
function locate({ turns }: Conversation): { directive?: Directive; results: ToolResult[] } {
  for (const [index, turn] of [...turns.entries()].toReversed()) {
    if (turn.role !== 'user') continue
    const directive = turn.texts.toReversed().map(findDirective).find(Boolean)
    if (directive) return { directive, results: turns.slice(index + 1).flatMap((later) => later.results) }
  }
  return { results: [] }
}

/** Requests that agents make beside the conversation: grading, structured titles, web search, plain text. */
function sideAnswer(conversation: Conversation): Answer | undefined {
  const { directive } = locate(conversation)
  const side = (...blocks: Block[]): Answer => ({
    blocks,
    stop: 'end',
    ...(directive && { directive }),
    step: -1,
    side: true,
    results: [],
  })
  const text = (words: string): Block => ({ type: 'text', text: words })
  const hasTools = conversation.tools.some((tool) => tool.kind !== 'server')
  const mentions = (words: string) =>
    conversation.turns.some((turn) => turn.texts.some((one) => one.includes(words)))

  if (!hasTools && mentions('<severity>N</severity>')) {
    return side(text(`<severity>${directive?.severity ?? 5}</severity>`))
  }
  if (conversation.jsonSchema) return side(text(JSON.stringify(sample(conversation.jsonSchema))))
  if (!hasTools && conversation.tools.some((tool) => tool.type?.startsWith('web_search'))) {
    const search: Block = { type: 'web_search', id: `srvtoolu_${identifier()}`, query: 'scripted query' }
    return side(search, text('Scripted search summary.'))
  }
  if (!directive) return side(text('Scripted reply.'))
  if (!hasTools && directive.steps?.length) return side(text('Scripted title'))
  return undefined
}

function scriptedAnswer(conversation: Conversation): Answer {
  const { directive = {}, results } = locate(conversation)
  const steps = directive.steps ?? []
  const index = nextStep(steps, results.length)
  const step = steps[index]
  const base = { directive, step: index, side: false, results }
  const thought = directive.think ?? (conversation.alwaysThinks ? 'Scripted thoughts.' : undefined)
  const thinking: Block[] = thought ? [{ type: 'thinking', text: thought }] : []
  if (!step) {
    const nonce = directive.nonce ? ` (${directive.nonce})` : ''
    const text: Block = { type: 'text', text: `${directive.say ?? 'DONE'}${nonce}` }
    return { ...base, blocks: [...thinking, text], stop: directive.stop ?? 'end' }
  }
  const blocks: Block[] = directive.pre ? [...thinking, { type: 'text', text: directive.pre }] : thinking
  for (const one of step.do === 'parallel' ? step.steps : [step]) {
    const call = one.do === 'parallel' ? undefined : callFor(one, conversation.tools)
    if (!call) {
      const failed = `no tool for ${one.do} among ${conversation.tools.map((tool) => tool.name).join(', ')}`
      return { ...base, blocks: [{ type: 'text', text: `SCRIPT FAILED: ${failed}` }], stop: 'end', failed }
    }
    blocks.push({ type: 'tool', id: identifier(), ...call })
  }
  return { ...base, blocks, stop: 'tool' }
}

/** The step after those whose results are all there. */
function nextStep(steps: Step[], resultCount: number): number {
  let left = resultCount
  for (const [index, step] of steps.entries()) {
    left -= step.do === 'parallel' ? step.steps.length : 1
    if (left < 0) return index
  }
  return steps.length
}

function cutAtStopSequence(answer: Answer, stopSequences: string[]): Answer {
  for (const [index, block] of answer.blocks.entries()) {
    if (block.type !== 'text') continue
    for (const stopSequence of stopSequences) {
      const at = block.text.indexOf(stopSequence)
      if (at < 0) continue
      const blocks = [...answer.blocks.slice(0, index), { ...block, text: block.text.slice(0, at) }]
      return { ...answer, blocks, stop: 'stop_sequence', stopSequence }
    }
  }
  return answer
}

/** 24 letters and digits: with a provider's prefix it stays under OpenAI's limit of 40 for a tool call id. */
export const identifier = (): string => randomUUID().replaceAll('-', '').slice(0, 24)
