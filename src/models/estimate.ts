import { estimateTokenCount } from 'tokenx'

/** Above it a text is sampled: the estimate costs about 40 ms a megabyte, which every other call would wait. */
const WHOLE_TEXT_MAX_CHARACTERS = 64 * 1024

/**
 * Estimated tokens of a text, within about 5 % on English and code, in time linear in its length whatever it is.
 * Real byte-pair encoders are quadratic on one long run: 100,000 times the same letter takes them seconds.
 */
export function estimateTokens(text: string): number {
  if (text.length <= WHOLE_TEXT_MAX_CHARACTERS) return estimateTokenCount(text)
  const half = WHOLE_TEXT_MAX_CHARACTERS / 2
  const middle = text.length >> 1
  const sample =
    estimateTokenCount(text.slice(0, half)) + estimateTokenCount(text.slice(middle, middle + half))
  return Math.ceil((sample * text.length) / WHOLE_TEXT_MAX_CHARACTERS)
}
