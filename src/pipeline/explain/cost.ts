import { emptyUsage } from '../../message/usage.ts'
import type { CallCost } from '../../stores/logs/port.ts'
import { attemptCost } from '../call-cost.ts'
import type { CostContext } from '../call-cost.ts'
import { BYTES_PER_TOKEN } from '../estimate-usage.ts'
import { prospectOf } from '../prospect.ts'
import type { Intended } from '../reserve.ts'

/** What an answer would cost, where nothing of the input comes from a cache. */
export interface ExplainedCost {
  /** Estimated: a token is about four bytes of JSON. */
  readonly inputTokens: number
  readonly answers: readonly { readonly outputTokens: number; readonly cost: CallCost }[]
}

/** A tool call or a sentence, and a file that is written anew. */
const ANSWERS_TOKENS = [500, 8000]

/** Of conversations; what else is billed by the piece has only a worst case. */
export function explainCost(
  { call, request, target, key }: Intended,
  context: CostContext,
): ExplainedCost | undefined {
  if (context.operation !== 'generate') return undefined
  const most = prospectOf(call, request, target, context.operation)
  const inputTokens = Math.min(Math.ceil(request.bodyBytes / BYTES_PER_TOKEN), most.inputTokens ?? Infinity)
  const lengths = new Set(ANSWERS_TOKENS.map((tokens) => Math.min(tokens, most.outputTokens ?? Infinity)))
  const answers = [...lengths].map((outputTokens) => {
    const usage = { ...emptyUsage(), inputTokens, outputTokens }
    return { outputTokens, cost: attemptCost({ target, key, meter: undefined }, usage, context) }
  })
  return { inputTokens, answers }
}
