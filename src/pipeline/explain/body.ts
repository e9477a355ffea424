import { scanObject } from '../../wire/json-scan.ts'
import type { Span } from '../../wire/json-scan.ts'
import type { InboundRequest } from '../read-request.ts'

/** A top-level field of a body that is another one at the upstream. */
export interface FieldChange {
  readonly field: string
  readonly change: 'added' | 'removed' | 'changed'
}

/** What an upstream gets otherwise than the client sent it. Of forms nothing is told. */
export function changedFields({ body, fields }: InboundRequest, sent: Buffer): FieldChange[] {
  if (fields.size === 0) return []
  const after = scanObject(sent).fields
  const isSame = (one: Span, other: Span) =>
    body.subarray(one.start, one.end).equals(sent.subarray(other.start, other.end))
  const before = [...fields].flatMap(([field, span]): FieldChange[] => {
    const now = after.get(field)
    if (now === undefined) return [{ field, change: 'removed' }]
    return isSame(span, now) ? [] : [{ field, change: 'changed' }]
  })
  const added = [...after.keys()].filter((field) => !fields.has(field))
  return [...before, ...added.map((field): FieldChange => ({ field, change: 'added' }))]
}
