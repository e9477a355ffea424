import { lookup } from '../models/catalogue.ts'
import type { Operation } from '../protocols/protocol.ts'
import type { Prospect } from '../rules/budgets.ts'
import { readNumber } from '../wire/json-scan.ts'
import type { Call } from './call.ts'
import type { Target } from './plan.ts'
import type { InboundRequest } from './read-request.ts'

/** What the attempt at `target` may use at most. */
export function prospectOf(
  call: Call,
  request: InboundRequest,
  target: Pick<Target, 'provider' | 'model'>,
  operation: Operation,
): Prospect {
  if (FREE.has(operation) || call.endpoint.method === 'GET' || call.endpoint.method === 'HEAD') return NOTHING
  const facts = lookup(target.provider.id, target.model)
  const { body, bodyBytes, fields } = request
  let outputTokens: number | undefined
  for (const name of ['max_tokens', 'max_completion_tokens', 'max_output_tokens']) {
    const span = fields.get(name)
    const limit = span && readNumber(body, span)
    if (limit !== undefined && Number.isFinite(limit)) outputTokens = Math.max(outputTokens ?? 1024, limit)
  }
  const inputTokensMax = facts?.maxInputTokens ?? facts?.contextWindowTokens
  return {
    inputTokens: bodyBytes / 3,
    inputTokensMax,
    outputTokens: outputTokens ?? facts?.maxOutputTokens,
  }
}

const NOTHING: Prospect = { inputTokens: 0, outputTokens: 0 }
const FREE: ReadonlySet<Operation> = new Set(['count-tokens', 'list-models', 'get-model', 'probe'])
