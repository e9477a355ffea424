import type { Span } from '../wire/json-scan.ts'

/**
 * Tokens that a byte of JSON text may be, by what it is. Measured on bodies as they go over the wire, in bytes a
 * token of OpenAI's o200k and of Claude's first tokenizer (the newer ones make up to 1.35 times as many tokens):
 *
 *   English 4.0, 3.6 · code 4.0, 3.7 · recorded bodies of Claude Code 5.6, 3.2 and of Codex 4.6, 3.5
 *   Chinese 4.3, 3.6 · Japanese 3.9, 2.8 · Korean 5.0, 2.5 · Hindi 8.9, 2.3 · Thai 7.1, 1.7 · emoji 2.2, 1.6
 *   rare letters 1.0, 1.0 · tables of numbers 2.0, 2.0 · hexadecimal 1.8, 1.7 · base64 1.5, 1.4 · digits 3.0, 2.4
 *
 * Gemini makes each digit a token. Three bytes a token for everything would hold too little for the second half of
 * these, and one byte a token four times too much for the first. Not covered is text that somebody makes dense: of
 * small letters without sense, or where no sample is taken. With it a caller's last call costs at most twice what was
 * held for its input.
 */
const SMALL_LETTER = 0.4
const BLANK = 0.25
const BEYOND_ASCII = 0.7
const PUNCTUATION = 0.85
const CAPITAL_OR_DIGIT = 1

const TOKENS = new Float64Array(256).fill(PUNCTUATION).fill(BEYOND_ASCII, 0x80)
for (let byte = 0x61; byte <= 0x7a; byte++) TOKENS[byte] = SMALL_LETTER
for (let byte = 0x41; byte <= 0x5a; byte++) TOKENS[byte] = CAPITAL_OR_DIGIT
for (let byte = 0x30; byte <= 0x39; byte++) TOKENS[byte] = CAPITAL_OR_DIGIT
TOKENS[0x20] = BLANK

/** So much is read of a text: in as many places, so many bytes each. */
const PLACES = 64
const PLACE_BYTES = 32

/** Tokens that the bytes may be at most, from samples of them: 3 µs, however long they are. */
export function textTokens(body: Buffer, { start, end }: Span): number {
  const bytes = end - start
  if (bytes <= PLACES * PLACE_BYTES) return sum(body, start, end)
  const step = (bytes - PLACE_BYTES) / (PLACES - 1)
  let sampled = 0
  for (let place = 0; place < PLACES; place++) {
    const from = start + Math.floor(place * step)
    sampled += sum(body, from, from + PLACE_BYTES)
  }
  return (sampled * bytes) / (PLACES * PLACE_BYTES)
}

function sum(body: Buffer, start: number, end: number): number {
  let tokens = 0
  for (let at = start; at < end; at++) tokens += TOKENS[body[at]!]!
  return tokens
}
