import { type Json, pieces } from './json.ts'
import { geminiModel } from './gemini-models.ts'
import type { Generation, StreamEvent } from './protocol.ts'
import { type Block, identifier } from './script.ts'
import { seal } from './signature.ts'

const FINISH: Record<string, string> = {
  tool: 'STOP',
  end: 'STOP',
  stop_sequence: 'STOP',
  max_tokens: 'MAX_TOKENS',
  refusal: 'SAFETY',
}

/** A prompt that is blocked gets no candidate at all. */
const BLOCKED = 'prompt_blocked'

export function geminiReply(generation: Generation): Json {
  const parts = partsOf(generation)
  return chunkOf(generation, identifier(), parts, finishOf(generation), 1)
}

/** The chunks of a stream, as server-sent events or as one JSON array that comes bit by bit. */
export function geminiEvents(generation: Generation): StreamEvent[] {
  const { answer, fault, operation } = generation
  const id = identifier()
  const parts = partsOf(generation).flatMap((part) => cut(part, answer.directive?.chunk ?? 12))
  const last = parts.length - 1
  const chunks: { name: string; data: Json }[] = parts.map((part, index) => ({
    name: index === last ? 'finish' : 'chunk',
    data: chunkOf(
      generation,
      id,
      [part],
      index === last ? finishOf(generation) : null,
      (index + 1) / parts.length,
    ),
  }))
  if (chunks.length === 0) {
    chunks.push({ name: 'finish', data: chunkOf(generation, id, [], finishOf(generation), 1) })
  }
  if (fault?.kind === 'unknown_event') chunks.splice(1, 0, { name: 'unknown', data: { scriptedUnknown: {} } })
  if (fault?.kind === 'unknown_block') {
    const part = { scriptedUnknown: { data: 'scripted_unknown' } }
    chunks.splice(1, 0, { name: 'chunk', data: chunkOf(generation, id, [part], null, 0) })
  }
  if (operation.framing !== 'json-array') return chunks.map(({ name, data }) => serverSent(name, data))
  const elements = chunks.map(({ name, data }, index) => element(name, data, index))
  return [...elements, { name: 'end', bytes: '\n]\n' }]
}

/** A failure in mid-stream. */
export function geminiError({ fault, operation }: Generation, sent: number): StreamEvent {
  const { type: status = 'UNAVAILABLE', message = 'The model is overloaded. Please try again later.' } =
    fault ?? {}
  const data = { error: { code: 503, message, status } }
  if (operation.framing !== 'json-array') return serverSent('error', data)
  return { name: 'error', bytes: `${element('error', data, sent).bytes as string}\n]\n` }
}

/** Google ends the lines of its events with CR and LF. */
const serverSent = (name: string, data: Json): StreamEvent => ({
  name,
  bytes: `data: ${JSON.stringify(data)}\r\n\r\n`,
})

const element = (name: string, data: Json, index: number): StreamEvent => ({
  name,
  bytes: `${index === 0 ? '[' : '\n,\r\n'}${JSON.stringify(data, null, 2)}`,
})

function finishOf({ answer, fault }: Generation): string | null {
  return fault?.kind === 'null_stop' ? null : (FINISH[answer.stop] ?? answer.stop)
}

function chunkOf(
  generation: Generation,
  responseId: string,
  parts: Json[],
  finish: string | null,
  share: number,
): Json {
  const { answer, conversation, fault } = generation
  const frame = {
    ...(fault?.kind !== 'no_usage' && { usageMetadata: usageOf(generation, share) }),
    modelVersion: conversation.model,
    responseId,
  }
  if (answer.stop === BLOCKED) return { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, ...frame }
  const candidate = {
    content: { ...(parts.length > 0 && { parts }), role: 'model' },
    ...(finish && { finishReason: finish }),
    index: 0,
    ...(finish && grounding(answer.blocks)),
  }
  return { candidates: [candidate], ...frame }
}

/** The prompt includes what the cache held; thoughts are not among the candidates'. Each chunk tells of all so far. */
function usageOf({ tokens, operation }: Generation, share: number): Json {
  const prompt = tokens.in + tokens.cache_read + tokens.cache_write
  const out = Math.ceil((tokens.out - tokens.thinking) * share)
  return {
    promptTokenCount: prompt,
    ...(out > 0 && { candidatesTokenCount: out }),
    totalTokenCount: prompt + out + tokens.thinking,
    ...(tokens.cache_read > 0 && { cachedContentTokenCount: tokens.cache_read }),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
    ...(tokens.thinking > 0 && { thoughtsTokenCount: tokens.thinking }),
    ...(operation.place && { trafficType: 'ON_DEMAND' }),
  }
}

/** The parts of an answer. A model that thinks signs its first call, and a text without calls at its end. */
function partsOf(generation: Generation): Json[] {
  const { answer, conversation } = generation
  if (answer.stop === BLOCKED) return []
  const signs = geminiModel(conversation.model)?.signatures === true && conversation.thinking !== 'off'
  let signed = false
  const parts = answer.blocks.flatMap((block): Json[] => {
    switch (block.type) {
      case 'text':
        return [{ text: block.text }]
      case 'thinking':
        return conversation.thinking === 'shown' ? [{ text: block.text, thought: true }] : []
      case 'tool': {
        const signature = signed || !signs ? {} : { thoughtSignature: seal('gemini', block.id) }
        signed = true
        return [{ functionCall: callOf(generation, block), ...signature }]
      }
      case 'web_search':
        return []
    }
  })
  return signs && !signed && parts.length > 0
    ? [...parts, { text: '', thoughtSignature: seal('gemini', identifier()) }]
    : parts
}

/** Only newer models give their calls ids. */
function callOf({ conversation, fault }: Generation, block: Extract<Block, { type: 'tool' }>): Json {
  const args = ['empty_input', 'empty_delta', 'bad_json'].includes(fault?.kind ?? '') ? {} : block.input
  const id = geminiModel(conversation.model)?.signatures ? { id: block.id.slice(0, 8) } : {}
  return { ...id, name: block.name, args }
}

/** Text comes in deltas, a call never does. */
const cut = (part: Json, size: number): Json[] =>
  part.text ? pieces(part.text, size).map((text) => ({ ...part, text })) : [part]

function grounding(blocks: Block[]): Json {
  const search = blocks.find((block) => block.type === 'web_search')
  const text = blocks.find((block) => block.type === 'text')?.text ?? ''
  if (!search) return {}
  const segment = { startIndex: 0, endIndex: Buffer.byteLength(text), text }
  return {
    groundingMetadata: {
      webSearchQueries: [search.query],
      searchEntryPoint: { renderedContent: '<div>scripted</div>' },
      groundingChunks: [{ web: { uri: 'https://example.com/', title: 'Scripted result' } }],
      groundingSupports: [{ segment, groundingChunkIndices: [0] }],
    },
  }
}
