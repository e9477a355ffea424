import { type Json, listOf } from './json.ts'
import { inputItems } from './openai-responses-request.ts'
import { keep } from './openai-responses-store.ts'
import type { Generation } from './protocol.ts'
import { type Block, identifier } from './script.ts'
import { seal } from './signature.ts'

export function responsesReply(generation: Generation): Json {
  const id = `resp_${identifier()}`
  return responseOf(generation, id, keptOutput(generation, id))
}

/** The items of an answer, kept for later unless the client says that they shall not be. */
export function keptOutput(generation: Generation, id: string): Json[] {
  const output = outputItems(generation)
  if (generation.body.store !== false) keep(id, inputItems(generation.body), output)
  return output
}

/** Why an answer is cut short, in the API's words. */
const INCOMPLETE: Record<string, string> = {
  max_tokens: 'max_output_tokens',
  content_filter: 'content_filter',
}

export const incompleteReason = ({ answer }: Generation): string | undefined => INCOMPLETE[answer.stop]

/** The answer with all its items; `in_progress` before them. */
export function responseOf(generation: Generation, id: string, output: Json[], status?: string): Json {
  const { body, fault } = generation
  const reason = incompleteReason(generation)
  const isEnd = status === undefined
  const silent = !isEnd || fault?.kind === 'no_usage'
  return {
    id,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: fault?.kind === 'null_stop' && isEnd ? null : (status ?? (reason ? 'incomplete' : 'completed')),
    background: false,
    completed_at: isEnd && !reason ? Math.floor(Date.now() / 1000) : null,
    error: null,
    incomplete_details: isEnd && reason ? { reason } : null,
    ...settings(body),
    output,
    usage: silent ? null : usageOf(generation),
  }
}

/** What the answer says back of the request, with the API's defaults. */
const settings = (body: Json): Json => ({
  instructions: body.instructions ?? null,
  max_output_tokens: body.max_output_tokens ?? null,
  max_tool_calls: body.max_tool_calls ?? null,
  metadata: body.metadata ?? {},
  model: body.model,
  parallel_tool_calls: body.parallel_tool_calls ?? true,
  previous_response_id: body.previous_response_id ?? null,
  prompt_cache_key: body.prompt_cache_key ?? null,
  reasoning: { effort: body.reasoning?.effort ?? null, summary: body.reasoning?.summary ?? null },
  safety_identifier: body.safety_identifier ?? null,
  service_tier: 'default',
  store: body.store ?? true,
  temperature: body.temperature ?? 1,
  text: { format: { type: 'text' }, verbosity: 'medium', ...body.text },
  tool_choice: body.tool_choice ?? 'auto',
  tools: listOf(body.tools),
  top_logprobs: 0,
  top_p: body.top_p ?? 1,
  truncation: body.truncation ?? 'disabled',
  user: body.user ?? null,
})

/** Input includes what the cache held and what it took, output the reasoning. */
function usageOf({ tokens }: Generation): Json {
  const input = tokens.in + tokens.cache_read + tokens.cache_write
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: tokens.cache_read, cache_write_tokens: tokens.cache_write },
    output_tokens: tokens.out,
    output_tokens_details: { reasoning_tokens: tokens.thinking },
    total_tokens: input + tokens.out,
  }
}

/** One item for each block; reasoning has its text only when a summary is asked for. */
function outputItems(generation: Generation): Json[] {
  const { answer } = generation
  const searched = answer.blocks.some((block) => block.type === 'web_search')
  return answer.blocks.flatMap((block): Json[] => {
    switch (block.type) {
      case 'text':
        return [messageItem(generation, block.text, searched)]
      case 'thinking':
        return generation.conversation.thinking === 'off' ? [] : [reasoningItem(generation, block.text)]
      case 'tool':
        return [callItem(generation, block)]
      case 'web_search': {
        const action = { type: 'search', query: block.query }
        return [{ id: `ws_${identifier()}`, type: 'web_search_call', status: 'completed', action }]
      }
    }
  })
}

function messageItem(generation: Generation, text: string, searched: boolean): Json {
  const cited = {
    type: 'url_citation',
    start_index: 0,
    end_index: text.length,
    url: 'https://example.com/',
    title: 'Scripted result',
  }
  const part =
    generation.answer.stop === 'refusal'
      ? { type: 'refusal', refusal: text }
      : { type: 'output_text', annotations: searched ? [cited] : [], logprobs: [], text }
  const status = incompleteReason(generation) ? 'incomplete' : 'completed'
  return { id: `msg_${identifier()}`, type: 'message', status, content: [part], role: 'assistant' }
}

/** The sealed form is given on request only, and fits the id that it was given with. */
function reasoningItem({ body, conversation }: Generation, text: string): Json {
  const id = `rs_${identifier()}`
  const sealed = listOf(body.include).includes('reasoning.encrypted_content')
  return {
    id,
    type: 'reasoning',
    ...(sealed && { encrypted_content: seal('openai', id) }),
    summary: conversation.thinking === 'shown' ? [{ type: 'summary_text', text }] : [],
  }
}

function callItem({ fault }: Generation, block: Extract<Block, { type: 'tool' }>): Json {
  const call_id = `call_${block.id}`
  const { name, namespace } = block
  const named = { call_id, name, ...(namespace && { namespace }) }
  if (block.kind === 'local_shell') {
    const action = {
      type: 'exec',
      command: block.input.command,
      env: {},
      timeout_ms: null,
      working_directory: null,
    }
    return { id: `lsh_${identifier()}`, type: 'local_shell_call', status: 'completed', call_id, action }
  }
  if (block.kind === 'custom') {
    return {
      id: `ctc_${identifier()}`,
      type: 'custom_tool_call',
      status: 'completed',
      ...named,
      input: block.text,
    }
  }
  const input = fault?.kind === 'empty_input' ? '{}' : JSON.stringify(block.input)
  const text = fault?.kind === 'empty_delta' ? '' : fault?.kind === 'bad_json' ? '{"file_path": "/x' : input
  return { id: `fc_${identifier()}`, type: 'function_call', status: 'completed', arguments: text, ...named }
}
