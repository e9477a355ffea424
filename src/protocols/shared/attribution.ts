import type { TextBlock } from '../../message/request.ts'

/**
 * Claude Code's first system block: a pseudo header for Anthropic inside the prompt. Elsewhere it is noise that
 * changes with the conversation and spoils every prompt cache behind it.
 */
export function isAttribution(block: TextBlock): boolean {
  return block.text.startsWith('x-anthropic-billing-header:')
}
