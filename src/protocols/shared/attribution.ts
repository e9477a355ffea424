import type { Block } from '../../message/request.ts'
import type { Warnings } from './warnings.ts'

/**
 * Claude Code's first system block: a pseudo header for Anthropic inside the prompt. Elsewhere it is noise that
 * changes with the conversation and spoils every prompt cache behind it.
 */
export function isAttribution(block: Block): boolean {
  return block.type === 'text' && block.text.startsWith('x-anthropic-billing-header:')
}

export function withoutAttribution<B extends Block>(blocks: readonly B[], warnings: Warnings): B[] {
  const rest = blocks.filter((block) => !isAttribution(block))
  if (rest.length < blocks.length)
    warnings.add('dropped', 'system[0]', 'the attribution block is for Anthropic only')
  return rest
}
