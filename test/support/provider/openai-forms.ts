import { type Json, isObject } from './json.ts'
import { refuse, unknownField } from './openai-refusals.ts'
import type { Operation, Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'
import type { Service } from './service.ts'

/** A service and the requests that are for it: a method, and how the path ends. */
export interface Route {
  method: string
  path: RegExp
  service: Service
}

/** Refuses what a request leaves out or has too much. */
export function checkForm(body: Json, required: string, optional: string): Refusal | undefined {
  if (!isObject(body)) return refuse('We could not parse the JSON body of your request.')
  const needed = required.split(' ')
  const missing = needed.find((name) => body[name] === undefined)
  if (missing)
    return refuse(`Missing required parameter: '${missing}'.`, missing, 'missing_required_parameter')
  return unknownField(body, [...needed, ...optional.split(' ')])
}

/** On Azure the deployment stands in the path, and the model may be left out. */
export const modelOf = ({ body }: RecordedRequest, { model }: Operation): string => model ?? body.model ?? ''

/** The later a document stands, the better it fits: so an order that was lost on the way is noticed. */
export const rank = (documents: Json[], count: number): { index: number; relevance_score: number }[] =>
  documents
    .map((_, index) => ({ index, relevance_score: (index + 1) / documents.length }))
    .toReversed()
    .slice(0, count)
