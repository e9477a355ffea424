import { type Json, pieces } from './json.ts'
import { SERVER_ERROR } from './openai.ts'
import { incompleteReason, keptOutput, responseOf } from './openai-responses-answer.ts'
import { type Generation, type StreamEvent, serverSentEvent } from './protocol.ts'
import { identifier } from './script.ts'

/** An event before it has its number. */
type Numberless = { type: string } & Record<string, Json>

/** The whole stream, numbered from 0. */
export function responsesEvents(generation: Generation): StreamEvent[] {
  const { fault } = generation
  const id = `resp_${identifier()}`
  const items = keptOutput(generation, id)
  const started = responseOf(generation, id, [], 'in_progress')
  const list: Numberless[] = [
    { type: 'response.created', response: started },
    { type: 'response.in_progress', response: started },
    ...items.flatMap((item, index) => itemEvents(generation, item, index)),
  ]
  if (fault?.kind === 'unknown_event')
    list.splice(2, 0, { type: 'response.scripted_unknown', hello: 'world' })
  if (fault?.kind === 'unknown_block') list.push(...unknownItem(items.length))
  const end = incompleteReason(generation) ? 'response.incomplete' : 'response.completed'
  list.push({ type: end, response: responseOf(generation, id, items) })
  return list.map(({ type, ...rest }, number) =>
    serverSentEvent(type, { type, sequence_number: number, ...rest }, true),
  )
}

/** A failure in mid-stream is told twice: as an event of its own, then by the answer that has failed. */
export function responsesError(generation: Generation, sent: number): StreamEvent {
  const { type: code = 'server_error', message = SERVER_ERROR } = generation.fault ?? {}
  const response = {
    ...responseOf(generation, `resp_${identifier()}`, [], 'failed'),
    error: { code, message },
  }
  const error = { type: code, code, message, param: null }
  const events: Numberless[] = [
    { type: 'error', error },
    { type: 'response.failed', response },
  ]
  const bytes = events
    .map(
      (event, index) => serverSentEvent(event.type, { ...event, sequence_number: sent + index }, true).bytes,
    )
    .join('')
  return { name: 'error', bytes }
}

function itemEvents(generation: Generation, item: Json, output_index: number): Numberless[] {
  const inside = (): Numberless[] => {
    switch (item.type) {
      case 'message':
        return messageEvents(generation, item, output_index)
      case 'reasoning':
        return reasoningEvents(generation, item, output_index)
      case 'function_call':
        return argumentEvents(generation, item, output_index)
      case 'custom_tool_call':
        return inputEvents(generation, item, output_index)
      case 'web_search_call':
        return ['in_progress', 'searching', 'completed'].map((step) => ({
          type: `response.web_search_call.${step}`,
          output_index,
          item_id: item.id,
        }))
      default:
        return []
    }
  }
  return [
    { type: 'response.output_item.added', output_index, item: opened(item) },
    ...inside(),
    { type: 'response.output_item.done', output_index, item },
  ]
}

/** An item as it is when it has only begun. */
function opened(item: Json): Json {
  switch (item.type) {
    case 'message':
      return { ...item, status: 'in_progress', content: [] }
    case 'reasoning':
      return { ...item, summary: [] }
    case 'function_call':
      return { ...item, status: 'in_progress', arguments: '' }
    case 'custom_tool_call':
      return { ...item, status: 'in_progress', input: '' }
    default:
      return { ...item, status: 'in_progress' }
  }
}

function messageEvents({ answer }: Generation, item: Json, output_index: number): Numberless[] {
  const part = item.content[0]
  const at = { item_id: item.id, output_index, content_index: 0 }
  const isText = part.type === 'output_text'
  const [kind, field] = isText ? ['output_text', 'text'] : ['refusal', 'refusal']
  const more = isText ? { logprobs: [] } : {}
  const text: string = part[field]
  return [
    {
      type: 'response.content_part.added',
      ...at,
      part: { ...part, [field]: '', ...(isText && { annotations: [] }) },
    },
    ...pieces(text, answer.directive?.chunk ?? 12).map((delta) => ({
      type: `response.${kind}.delta`,
      ...at,
      delta,
      ...more,
    })),
    ...(part.annotations ?? []).map((annotation: Json, annotation_index: number) => ({
      type: 'response.output_text.annotation.added',
      ...at,
      annotation_index,
      annotation,
    })),
    { type: `response.${kind}.done`, ...at, [field]: text, ...more },
    { type: 'response.content_part.done', ...at, part },
  ]
}

function reasoningEvents({ answer }: Generation, item: Json, output_index: number): Numberless[] {
  return item.summary.flatMap((part: Json, summary_index: number): Numberless[] => {
    const at = { item_id: item.id, output_index, summary_index }
    return [
      { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
      ...pieces(part.text, answer.directive?.chunk ?? 12).map((delta) => ({
        type: 'response.reasoning_summary_text.delta',
        ...at,
        delta,
      })),
      { type: 'response.reasoning_summary_text.done', ...at, text: part.text },
      { type: 'response.reasoning_summary_part.done', ...at, part },
    ]
  })
}

function argumentEvents({ answer, fault }: Generation, item: Json, output_index: number): Numberless[] {
  const at = { item_id: item.id, output_index }
  const cut = fault?.kind === 'empty_delta' ? [''] : pieces(item.arguments, answer.directive?.chunk ?? 12)
  const deltas = fault?.kind === 'no_deltas' || fault?.kind === 'empty_input' ? [] : cut
  return [
    ...deltas.map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
    { type: 'response.function_call_arguments.done', ...at, name: item.name, arguments: item.arguments },
  ]
}

function inputEvents({ answer, fault }: Generation, item: Json, output_index: number): Numberless[] {
  const at = { item_id: item.id, output_index }
  const deltas = fault?.kind === 'no_deltas' ? [] : pieces(item.input, answer.directive?.chunk ?? 12)
  return [
    ...deltas.map((delta) => ({ type: 'response.custom_tool_call_input.delta', ...at, delta })),
    { type: 'response.custom_tool_call_input.done', ...at, input: item.input },
  ]
}

function unknownItem(output_index: number): Numberless[] {
  const item = { id: 'x_1', type: 'scripted_unknown_block', status: 'completed', data: 'x' }
  return [
    { type: 'response.output_item.added', output_index, item },
    { type: 'response.output_item.done', output_index, item },
  ]
}
