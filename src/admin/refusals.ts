import type { OwnAnswer } from '../http/router.ts'
import { ERRORS, GatewayError } from '../message/error.ts'
import { LISTED_KINDS, SettingsRefused } from '../stores/config-store/port.ts'
import type { ObjectKind, SettingsProblem } from '../stores/config-store/port.ts'

/** The object that a request is about. */
export interface Subject {
  readonly kind: ObjectKind
  readonly id: string
}

/**
 * The answer to a change that was refused, with every problem: the request's own fields are a 400; what other objects
 * would miss, and what may not be changed at all, a 409. Throws everything else again.
 */
export function refusalAnswer(error: unknown, subject: Subject): OwnAnswer {
  if (!(error instanceof SettingsRefused)) throw error
  const isOwn = (problem: SettingsProblem) => problem.kind === subject.kind && problem.id === subject.id
  const [first] = error.problems
  const kind = first !== undefined && error.problems.every(isOwn) ? 'invalid_request' : 'conflict'
  const { status } = ERRORS[kind]
  const problems = error.problems.map((problem) => ({
    ...(!isOwn(problem) && { object: objectName(problem) }),
    field: problem.field,
    found: problem.found,
    expected: problem.expected,
  }))
  const message = problems.length === 0 ? error.message : problems.map(describe).join('\n')
  const param = first !== undefined && isOwn(first) ? { param: first.field } : {}
  return {
    status,
    body: {
      is_bifrost_error: true,
      status_code: status,
      error: { type: kind, message, ...param },
      ...(problems.length > 0 && { problems }),
    },
  }
}

function describe({
  object,
  field,
  found,
  expected,
}: Record<'field' | 'found' | 'expected', string> & { object?: string }) {
  return `${object === undefined ? '' : `${object}: `}${field}: found ${found}, expected ${expected}.`
}

function objectName({ kind, id }: SettingsProblem): string {
  if (kind === undefined || kind === 'auth_config') return 'the settings'
  if (kind === 'provider_keys') return `provider-keys/${id ?? ''}`
  return `${LISTED_KINDS[kind]}/${id ?? ''}`
}

export function notFound(what: string, id: string): GatewayError {
  return new GatewayError(
    'not_found',
    `There is no ${what.replaceAll('_', ' ')} ${JSON.stringify(id.slice(0, 200))}.`,
  )
}
