import type { Block, Request } from '../message/request.ts'
import { estimateTokens } from '../models/estimate.ts'
import { attempt } from './attempt.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import type { Plan, Target } from './plan.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { jsonHeaders, replyWhole } from './reply-whole.ts'
import { sendCount } from './send.ts'

/** What one image costs at most at Anthropic: 1568 × 1568 pixels / 750. */
const IMAGE_TOKENS = 1_600
/** A PDF page is about this many bytes of base64, and counts as text and image. */
const DOCUMENT_BYTES_PER_TOKEN = 20

/**
 * How many tokens a request has. The provider counts where it speaks the client's protocol; for others it is an
 * estimate (within about 5 % on English and code), because the client needs a number to know when to compact.
 */
export async function countTokens(
  call: Call,
  request: InboundRequest,
  plan: Plan,
  record: CallRecord,
  on: Dependencies,
): Promise<void> {
  const [target] = plan
  if (isCountedThere(target)) return attempt(sendCount, call, request, plan, record, on)
  const tokens = countRequest(call.protocol.request.decode(request.parsed(), 'count-tokens').request)
  const body = JSON.stringify(call.protocol.encodeCount(tokens))
  replyWhole(call, record, { status: 200, headers: jsonHeaders(call), body })
}

/** The provider counts itself; elsewhere it is estimated here. */
export function isCountedThere({ mode, surface }: Target): boolean {
  return mode === 'native' && surface.paths.countTokens !== undefined
}

function countRequest(request: Request): number {
  let tokens = 0
  for (const block of request.system) tokens += estimateTokens(block.text)
  for (const message of request.messages) tokens += 4 + countBlocks(message.content)
  for (const tool of request.tools)
    tokens += estimateTokens(
      JSON.stringify(tool.kind === 'server' ? tool.raw : [tool.name, tool.description, tool.schema]),
    )
  return tokens
}

function countBlocks(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => sum + countBlock(block), 0)
}

function countBlock(block: Block): number {
  switch (block.type) {
    case 'text':
    case 'thinking':
      return estimateTokens(block.text)
    case 'image':
      return IMAGE_TOKENS
    case 'document':
      return countDocument(block.source)
    case 'tool-call':
      return estimateTokens(block.name) + estimateTokens(block.arguments)
    case 'tool-result':
      return countBlocks(block.content)
    case 'tool-reference':
      return estimateTokens(block.name)
    case 'search-result':
      return estimateTokens(block.title) + countBlocks(block.content)
    case 'redacted-thinking':
      return Math.ceil(block.data.length / 4)
    case 'opaque':
      return estimateTokens(JSON.stringify(block.raw))
  }
}

function countDocument(source: Extract<Block, { type: 'document' }>['source']): number {
  if (source.kind === 'text') return estimateTokens(source.text)
  if (source.kind === 'blocks') return countBlocks(source.blocks)
  return source.kind === 'base64' ? Math.ceil(source.data.length / DOCUMENT_BYTES_PER_TOKEN) : IMAGE_TOKENS
}
