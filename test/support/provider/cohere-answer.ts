import { type Json, pieces } from './json.ts'
import { type Generation, type StreamEvent, serverSentEvent } from './protocol.ts'
import { identifier } from './script.ts'

const FINISH: Record<string, string> = {
  tool: 'TOOL_CALL',
  end: 'COMPLETE',
  stop_sequence: 'STOP_SEQUENCE',
  max_tokens: 'MAX_TOKENS',
}

export const cohereReply = (generation: Generation): Json => {
  const { plan, calls, content } = messageOf(generation)
  const called = calls.length > 0 && { tool_plan: plan, tool_calls: calls }
  return {
    id: identifier(),
    finish_reason: finishOf(generation),
    message: { role: 'assistant', ...called, ...(content.length > 0 && { content }) },
    usage: usageOf(generation),
  }
}

/** Before calls, text is a plan; otherwise it is content. */
export function cohereEvents(generation: Generation): StreamEvent[] {
  const { answer, fault } = generation
  const size = answer.directive?.chunk ?? 12
  const { plan, calls, content } = messageOf(generation)
  const message = (inner: Json) => ({ message: inner })
  const list: Json[] = [
    {
      type: 'message-start',
      id: identifier(),
      delta: message({ role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }),
    },
    ...pieces(plan, size).map((tool_plan) => ({ type: 'tool-plan-delta', delta: message({ tool_plan }) })),
    ...content.flatMap((block, index) => contentEvents(block, index, size)),
    ...calls.flatMap((call, index) => callEvents(generation, call, index, size)),
  ]
  if (fault?.kind === 'unknown_event') list.splice(1, 0, { type: 'scripted-unknown', hello: 'world' })
  if (fault?.kind === 'unknown_block') {
    list.push({ type: 'content-start', index: 99, delta: message({ content: { type: 'scripted_unknown' } }) })
  }
  const usage = fault?.kind === 'no_usage' ? {} : { usage: usageOf(generation) }
  list.push({ type: 'message-end', delta: { finish_reason: finishOf(generation), ...usage } })
  return list.map((event) => serverSentEvent(event.type, event, true))
}

function contentEvents(block: Json, index: number, size: number): Json[] {
  const field = block.type
  const content = (one: Json) => ({ message: { content: one } })
  return [
    { type: 'content-start', index, delta: content({ type: block.type, [field]: '' }) },
    ...pieces(block[field], size).map((text) => ({
      type: 'content-delta',
      index,
      delta: content({ [field]: text }),
    })),
    { type: 'content-end', index },
  ]
}

function callEvents({ fault }: Generation, call: Json, index: number, size: number): Json[] {
  const calls = (one: Json) => ({ message: { tool_calls: one } })
  const { arguments: text } = call.function
  const whole = fault?.kind === 'bad_json' ? ['{"file_path": "/x'] : pieces(text, size)
  const deltas = fault?.kind === 'empty_input' ? [] : fault?.kind === 'empty_delta' ? [''] : whole
  return [
    {
      type: 'tool-call-start',
      index,
      delta: calls({ ...call, function: { ...call.function, arguments: '' } }),
    },
    ...deltas.map((one) => ({
      type: 'tool-call-delta',
      index,
      delta: calls({ function: { arguments: one } }),
    })),
    { type: 'tool-call-end', index },
  ]
}

function messageOf({ answer, conversation, fault }: Generation) {
  const texts = answer.blocks.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  const calls = answer.blocks.flatMap((block) => {
    if (block.type !== 'tool') return []
    const input = fault?.kind === 'empty_input' ? {} : block.input
    const called = { name: block.name, arguments: JSON.stringify(input) }
    return [{ id: `${block.name}_${block.id.slice(0, 12)}`, type: 'function', function: called }]
  })
  const thoughts = answer.blocks.flatMap((block) =>
    block.type === 'thinking' && conversation.thinking !== 'off'
      ? [{ type: 'thinking', thinking: block.text }]
      : [],
  )
  if (calls.length > 0) return { plan: texts.join(''), calls, content: thoughts }
  return { plan: '', calls, content: [...thoughts, ...texts.map((text) => ({ type: 'text', text }))] }
}

const finishOf = ({ answer, fault }: Generation) =>
  fault?.kind === 'null_stop' ? null : (FINISH[answer.stop] ?? answer.stop.toUpperCase())

/** The prompt includes what the cache held. What is billed leaves out the prompt's frame, which `tokens` counts. */
function usageOf({ tokens }: Generation): Json {
  const input_tokens = tokens.in + tokens.cache_read + tokens.cache_write
  return {
    billed_units: { input_tokens, output_tokens: tokens.out },
    tokens: { input_tokens: input_tokens + 10, output_tokens: tokens.out },
    ...(tokens.cache_read > 0 && { cached_tokens: tokens.cache_read }),
  }
}
