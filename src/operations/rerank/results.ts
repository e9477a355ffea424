import type { JsonObject } from '../../message/request.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { compact, malformed, numberOf, objectsOf } from '../body.ts'
import type { RerankDocument, RerankRequest, RerankResult } from './rerank.ts'

/** What the families of rerankers share. */

/** `results: [{index, relevance_score}]` */
export function readResults(body: JsonObject, request: RerankRequest): RerankResult[] {
  if (!Array.isArray(body.results)) throw malformed('has no results')
  return sorted(
    objectsOf(body.results).map((result) => ({ index: result.index, score: result.relevance_score })),
    request,
  )
}

/** Best first, as every client expects it; only documents that the request has. */
export function sorted(
  results: readonly { index: unknown; score: unknown }[],
  { documents }: RerankRequest,
): RerankResult[] {
  const checked = results.map(({ index, score }): RerankResult => {
    const at = numberOf(index)
    const value = numberOf(score)
    if (at === undefined || value === undefined || documents[at] === undefined)
      throw malformed('ranks a document that the request does not have')
    return { index: at, score: value }
  })
  return checked.toSorted((one, other) => other.score - one.score)
}

/** Cohere bills by search, others by token. */
export function readUsage(body: JsonObject): Partial<Usage> {
  const usage = isObject(body.usage) ? body.usage : {}
  const meta = isObject(body.meta) ? body.meta : {}
  const units = isObject(meta.billed_units) ? meta.billed_units : {}
  return compact({
    inputTokens:
      tokenCount(usage.prompt_tokens) ?? tokenCount(usage.total_tokens) ?? tokenCount(units.input_tokens),
    rerankSearches: tokenCount(units.search_units),
  })
}

/** A document as the answer says it back. */
export function told(document: RerankDocument): JsonObject {
  return compact({ text: document.text, id: document.id, meta: document.meta })
}
