import type { AnswerFacts, RequestFacts } from './script.ts'
import type { Client, Upstream } from './parties.ts'

/** What a pair cannot carry, and why; shown in `docs/compatibility.md`. */
export interface Exception {
  why: string
  asks?: Partial<RequestFacts>
  says?: Partial<AnswerFacts>
}

interface Row extends Exception {
  clients?: readonly string[]
  upstreams?: readonly string[]
  capability: string
}

const ROWS: readonly Row[] = []

export function exceptionOf(client: Client, upstream: Upstream, capability: string): Exception | undefined {
  return ROWS.find(
    (row) =>
      row.capability === capability &&
      (row.clients?.includes(client.id) ?? true) &&
      (row.upstreams?.includes(upstream.id) ?? true),
  )
}
