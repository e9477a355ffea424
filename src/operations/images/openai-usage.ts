import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { compact } from '../body.ts'

/** Counts with their parts, of answers and of the last event of a stream. */
export function readTokens(usage: unknown): Partial<Usage> {
  if (!isObject(usage)) return {}
  const input = isObject(usage.input_tokens_details) ? usage.input_tokens_details : {}
  const output = isObject(usage.output_tokens_details) ? usage.output_tokens_details : undefined
  const outputTokens = tokenCount(usage.output_tokens)
  return compact({
    inputTokens: tokenCount(usage.input_tokens),
    inputImageTokens: tokenCount(input.image_tokens),
    outputTokens,
    outputImageTokens: output === undefined ? outputTokens : tokenCount(output.image_tokens),
  })
}

/** For a client; nothing where images are billed by the piece. */
export function usageBody(usage: Partial<Usage>): Record<string, unknown> {
  const { inputTokens, outputTokens, inputImageTokens = 0 } = usage
  if (inputTokens === undefined && outputTokens === undefined) return {}
  const input = inputTokens ?? 0
  return {
    usage: {
      input_tokens: input,
      output_tokens: outputTokens ?? 0,
      total_tokens: input + (outputTokens ?? 0),
      input_tokens_details: { text_tokens: input - inputImageTokens, image_tokens: inputImageTokens },
    },
  }
}
