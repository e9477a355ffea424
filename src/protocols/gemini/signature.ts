import { base64ToText, textToBase64 } from '../../lib/base64.ts'
import type { RedactedThinkingBlock, ThinkingBlock } from '../../message/request.ts'
import { NO_SIGNATURE, unsealSignature } from '../shared/gemini-signature.ts'

/**
 * Other models' thinking, for a Gemini client to carry. Gemini CLI leaves thoughts out of what it sends back, but
 * every client keeps the `thoughtSignature` of a call, or Gemini refuses the call: there the whole thinking travels,
 * as base64 like Gemini's own. Google refuses it ("Corrupted thought signature"): the pipeline replaces what
 * `foreign.ts` names.
 */

/** Nine bytes: in base64 they are twelve letters, whatever follows. */
const MARK = 'signalbox'
/** How every seal begins. */
export const SEALED = btoa(MARK)

type Thinking = ThinkingBlock | RedactedThinkingBlock

/** The signature for the part behind the thinking. */
export function sealThinking(blocks: readonly Thinking[]): string {
  const [only] = blocks
  const own = blocks.length === 1 && only?.type === 'thinking' ? unsealSignature(only.signature) : undefined
  if (own?.on === 'next') return own.signature
  const list = blocks.map((block) =>
    block.type === 'thinking' ? [block.text, block.signature ?? null] : [block.data],
  )
  return textToBase64(MARK + JSON.stringify(list))
}

/** What a signature that comes back stands for: nothing, thinking that was sealed, or Gemini's own signature. */
export function readSignature(signature: string): Thinking[] | 'own' {
  if (signature === '' || signature === NO_SIGNATURE || signature === 'context_engineering_is_the_way_to_go')
    return []
  if (!signature.startsWith(SEALED)) return 'own'
  try {
    const list: unknown = JSON.parse((base64ToText(signature) ?? '').slice(MARK.length))
    return Array.isArray(list) ? list.flatMap(readEntry) : []
  } catch {
    // Cut or changed on the way: nobody could use it.
    return []
  }
}

function readEntry(entry: unknown): Thinking[] {
  if (!Array.isArray(entry)) return []
  const [text, signature] = entry as unknown[]
  if (typeof text !== 'string') return []
  if (entry.length === 1) return [{ type: 'redacted-thinking', data: text }]
  return [{ type: 'thinking', text, ...(typeof signature === 'string' && { signature }) }]
}

/** Thinking of an answer until the part that carries it. */
export class Carrier {
  #waiting: Thinking[] = []
  #called = false

  add(block: Thinking): void {
    const isEmpty = block.type === 'thinking' && block.text === '' && block.signature === undefined
    if (!isEmpty) this.#waiting.push(block)
  }

  /** The signature of the next text; undefined where no thinking waits. */
  forText(): string | undefined {
    return this.#waiting.length === 0 ? undefined : sealThinking(this.#waiting.splice(0))
  }

  /** Of the next call. The first of an answer always has one: without, Gemini would refuse it when the user switches. */
  forCall(): string | undefined {
    const isFirst = !this.#called
    this.#called = true
    return this.forText() ?? (isFirst ? NO_SIGNATURE : undefined)
  }
}
