import type { Json, JsonObject } from '../json.ts'
import { noAnswer, noFacts } from '../script.ts'
import type {
  AnswerFacts,
  AnswerScript,
  Counts,
  RequestFacts,
  RequestScript,
  Turn,
  UserPart,
} from '../script.ts'
import { eventsOf, json, parsed, sse, twoParts } from '../wire.ts'
import type { Wire } from '../wire.ts'
import { halves, pieces } from './anthropic.ts'

/** https://platform.openai.com/docs/api-reference/responses */
export const openaiResponses: Wire = {
  id: 'openai-responses',
  client: {
    path: () => '/openai/v1/responses',
    headers: { authorization: 'Bearer placeholder' },
    body: (script, model, stream) => ({ model, ...responsesBody(script), store: false, stream }),
    readWhole: readResponse,
    goOn(body, { output }, result) {
      const results = output
        .filter(({ type }: Json) => type === 'function_call')
        .map(({ call_id }: Json) => ({ type: 'function_call_output', call_id, output: result }))
      return { ...body, input: [...body['input'], ...output, ...results] }
    },
    say: (body, text) => ({ ...body, input: [...body['input'], { role: 'user', content: text }] }),
    readStream: (bytes) => readEvents(eventsOf(bytes).map(({ data }) => JSON.parse(data))),
    readError: (_status, answer) => answer['error']?.message,
  },
  upstream: {
    readRequest: ({ body }) => readResponsesBody(body),
    whole: (answer) => json(200, response(answer)),
    stream: (answer) => sse(...events(answer)),
    error: (status, message) =>
      json(status, { error: { message, type: 'server_error', param: null, code: null } }),
    brokenStream: (text, message) =>
      twoParts(
        sse(...events({ text, finish: 'end', usage: { input: 1, cacheRead: 0, output: 1 } }).slice(0, 4)),
        sse({
          type: 'response.failed',
          sequence_number: 4,
          response: { id: 'resp_1', status: 'failed', error: { code: 'server_error', message } },
        }),
      ),
  },
}

// ==== Requests

function responsesBody(script: RequestScript): JsonObject {
  return {
    ...(script.system && { instructions: script.system }),
    input: script.turns.flatMap(items),
    ...(script.tools && {
      tools: script.tools.map((tool) => ({
        type: 'function',
        ...tool,
        description: tool.name,
        strict: false,
      })),
    }),
    ...(script.thinking && { reasoning: { effort: 'medium', summary: 'auto' } }),
    ...(script.schema && {
      text: { format: { type: 'json_schema', name: 'answer', schema: script.schema } },
    }),
    ...(script.maxTokens && { max_output_tokens: script.maxTokens }),
  }
}

function items(turn: Turn): JsonObject[] {
  if ('user' in turn) return [{ type: 'message', role: 'user', content: turn.user.map(userPart) }]
  if ('results' in turn)
    return turn.results.map(({ id, text }) => ({ type: 'function_call_output', call_id: id, output: text }))
  return turn.assistant.map((part) =>
    'text' in part
      ? { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: part.text }] }
      : callItem(part.call),
  )
}

function userPart(part: UserPart): JsonObject {
  if ('text' in part) return { type: 'input_text', text: part.text }
  if ('image' in part)
    return { type: 'input_image', image_url: `data:image/png;base64,${part.image}`, detail: 'auto' }
  return {
    type: 'input_file',
    filename: 'a.pdf',
    file_data: `data:application/pdf;base64,${part.document}`,
  }
}

function callItem(call: { id: string; name: string; arguments: JsonObject }): JsonObject {
  return {
    type: 'function_call',
    id: `fc_${call.id}`,
    call_id: call.id,
    name: call.name,
    arguments: JSON.stringify(call.arguments),
    status: 'completed',
  }
}

function readResponsesBody(body: JsonObject): RequestFacts {
  const facts = noFacts()
  const system: string[] = body['instructions'] ? [body['instructions']] : []
  const input: Json[] =
    typeof body['input'] === 'string' ? [{ role: 'user', content: body['input'] }] : body['input']
  for (const item of input) {
    if (item.type === 'function_call')
      facts.calls.push({ name: item.name, arguments: JSON.parse(item.arguments) })
    else if (item.type === 'function_call_output') facts.results.push(outputText(item.output))
    else if (item.role !== undefined) readMessage(item, facts, system)
  }
  facts.system = system.join('\n')
  facts.tools = (body['tools'] ?? []).map(({ name }: Json) => name)
  facts.thinks = body['reasoning']?.effort !== undefined && body['reasoning'].effort !== 'none'
  facts.schema = body['text']?.format?.schema
  facts.maxTokens = body['max_output_tokens']
  return facts
}

function outputText(output: Json): string {
  return typeof output === 'string' ? output : output.map(({ text }: Json) => text).join('')
}

function readMessage(item: Json, facts: RequestFacts, system: string[]): void {
  const parts: Json[] =
    typeof item.content === 'string' ? [{ type: 'input_text', text: item.content }] : item.content
  for (const part of parts) {
    if (item.role === 'system' || item.role === 'developer') system.push(part.text)
    else if (part.type === 'input_text') facts.texts.push(part.text)
    else if (part.type === 'input_image') facts.images.push(part.image_url.replace(/^.*base64,/, ''))
    else if (part.type === 'input_file') facts.documents.push(part.file_data.replace(/^.*base64,/, ''))
  }
}

// ==== Answers

function usage({ input, cacheRead, output }: Counts): JsonObject {
  return {
    input_tokens: input + cacheRead,
    input_tokens_details: { cached_tokens: cacheRead },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + cacheRead + output,
  }
}

function outputItems({ thinking, text, calls = [], finish }: AnswerScript): JsonObject[] {
  const said =
    finish === 'refusal'
      ? [{ type: 'refusal', refusal: text ?? 'No.' }]
      : [{ type: 'output_text', text: text ?? '', annotations: [] }]
  return [
    ...(thinking
      ? [
          {
            type: 'reasoning',
            id: 'rs_1',
            summary: [{ type: 'summary_text', text: thinking }],
            encrypted_content: 'gAAAAsealed',
          },
        ]
      : []),
    ...(text === undefined
      ? []
      : [{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: said }]),
    ...calls.map(callItem),
  ]
}

function response(answer: AnswerScript): JsonObject {
  const cut = answer.finish === 'max-tokens'
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    model: 'of-upstream',
    status: cut ? 'incomplete' : 'completed',
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    error: null,
    output: outputItems(answer),
    usage: usage(answer.usage),
  }
}

function events(answer: AnswerScript): JsonObject[] {
  const whole = response(answer)
  const begun = { ...whole, status: 'in_progress', incomplete_details: null, output: [], usage: null }
  const last = whole['status'] === 'completed' ? 'response.completed' : 'response.incomplete'
  return [
    { type: 'response.created', response: begun },
    ...outputItems(answer).flatMap((item, index) => itemEvents(item, index, answer.pieces)),
    { type: last, response: whole },
  ].map((event, sequence_number) => ({ ...event, sequence_number }))
}

function itemEvents(item: Json, output_index: number, count?: number): JsonObject[] {
  const at = { item_id: item.id, output_index }
  const added = (empty: JsonObject) => ({ type: 'response.output_item.added', output_index, item: empty })
  const done = { type: 'response.output_item.done', output_index, item }
  if (item.type === 'function_call')
    return [
      added({ ...item, arguments: '', status: 'in_progress' }),
      ...halves(item.arguments).map((delta) => ({
        type: 'response.function_call_arguments.delta',
        ...at,
        delta,
      })),
      { type: 'response.function_call_arguments.done', ...at, arguments: item.arguments },
      done,
    ]
  if (item.type === 'reasoning') {
    const [{ text }] = item.summary
    const part = { ...at, summary_index: 0 }
    return [
      added({ type: 'reasoning', id: item.id, summary: [] }),
      {
        type: 'response.reasoning_summary_part.added',
        ...part,
        part: { type: 'summary_text', text: '' },
      },
      ...halves(text).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...part, delta })),
      { type: 'response.reasoning_summary_text.done', ...part, text },
      { type: 'response.reasoning_summary_part.done', ...part, part: { type: 'summary_text', text } },
      done,
    ]
  }
  const [content] = item.content
  const kind = content.type === 'refusal' ? 'refusal' : 'output_text'
  const text = content.refusal ?? content.text
  const part = { ...at, content_index: 0 }
  const empty = content.type === 'refusal' ? { type: 'refusal', refusal: '' } : { ...content, text: '' }
  return [
    added({ ...item, content: [], status: 'in_progress' }),
    { type: 'response.content_part.added', ...part, part: empty },
    ...pieces(text, count).map((delta) => ({ type: `response.${kind}.delta`, ...part, delta })),
    { type: `response.${kind}.done`, ...part, [kind === 'refusal' ? 'refusal' : 'text']: text },
    { type: 'response.content_part.done', ...part, part: content },
    done,
  ]
}

function counts(read: Json): Counts {
  const cacheRead = read.input_tokens_details.cached_tokens
  return { input: read.input_tokens - cacheRead, cacheRead, output: read.output_tokens }
}

function readResponse(answer: JsonObject): AnswerFacts {
  const facts = noAnswer()
  let refused = false
  for (const item of answer['output']) {
    if (item.type === 'function_call')
      facts.calls.push({ name: item.name, arguments: parsed(item.arguments) })
    else if (item.type === 'reasoning') facts.thinking += item.summary.map(({ text }: Json) => text).join('')
    else if (item.type === 'message')
      for (const part of item.content) {
        facts.text += part.text ?? part.refusal
        refused ||= part.type === 'refusal'
      }
  }
  const reason = answer['incomplete_details']?.reason
  facts.finish =
    reason === 'max_output_tokens'
      ? 'max-tokens'
      : refused || reason === 'content_filter'
        ? 'refusal'
        : facts.calls.length > 0
          ? 'tool-calls'
          : 'end'
  return { ...facts, usage: counts(answer['usage']) }
}

/** What the deltas say must be what the end says. */
function readEvents(received: JsonObject[]): AnswerFacts {
  let text = ''
  let numbers = -1
  for (const event of received) {
    if (event['sequence_number'] !== ++numbers) throw new Error(`sequence_number ${event['sequence_number']}`)
    if (event['type'] === 'response.output_text.delta' || event['type'] === 'response.refusal.delta')
      text += event['delta']
    if (event['type'] === 'error') return { ...noAnswer(), text, finish: 'error', message: event['message'] }
  }
  const last = received.at(-1)!
  if (last['type'] === 'response.failed')
    return { ...noAnswer(), text, finish: 'error', message: last['response'].error.message }
  const facts = readResponse(last['response'])
  if (facts.text !== text) throw new Error(`deltas say ${text}, the end says ${facts.text}`)
  return facts
}
