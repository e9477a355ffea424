import { joined } from '../../lib/append.ts'
import type { Block, CacheMark, Message, TextBlock } from '../../message/request.ts'
import { refuseValue } from '../shared/openai-fields.ts'
import type { Fields } from '../shared/openai-fields.ts'
import type { Warnings } from '../shared/warnings.ts'
import { decodeBlock } from './content-decode.ts'

const ROLES = ['user', 'assistant', 'system']

export function decodeMessages(list: readonly Fields[], warnings: Warnings): Message[] {
  return list.map((message) => {
    const role = message.required('role', message.string('role'))
    if (!ROLES.includes(role)) throw refuseValue(message.path('role'), role, ROLES)
    const content = message.required('content', message.objects('content'))
    return { role: role as Message['role'], content: decodeList(content, warnings) }
  })
}

/** `system`: texts, marks for the cache, texts for a guardrail. */
export function decodeSystem(list: readonly Fields[], warnings: Warnings): TextBlock[] {
  return decodeList(list, warnings).filter((block) => block.type === 'text')
}

/** A `cachePoint` is an element of its own, and marks what stands before it. */
function decodeList(list: readonly Fields[], warnings: Warnings): Block[] {
  let blocks: Block[] = []
  for (const element of list) {
    if (element.has('cachePoint')) mark(blocks, decodeCachePoint(element))
    else blocks = joined(blocks, decodeBlock(element, warnings))
  }
  return blocks
}

/** `cachePoint` of a list's element. */
export function decodeCachePoint(element: Fields): CacheMark {
  const ttl = element.object('cachePoint')?.string('ttl')
  return ttl === '1h' || ttl === '5m' ? { ttl } : {}
}

function mark(blocks: Block[], cache: CacheMark): void {
  const last = blocks.findLastIndex(takesMark)
  const block = blocks[last]
  if (block !== undefined && takesMark(block)) blocks[last] = { ...block, cache }
}

/** Thinking ends no cached beginning. */
function takesMark(block: Block): block is Extract<Block, { cache?: CacheMark }> {
  return !['thinking', 'redacted-thinking', 'tool-reference', 'opaque'].includes(block.type)
}
