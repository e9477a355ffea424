import { describe, expect, it } from 'vitest'
import { admission } from '../../src/rules/admission.ts'
import type { Admission, AdmissionQuestion } from '../../src/rules/admission.ts'

type Outcome = Extract<Admission, { outcome: 'admitted' }>['as'] | 'unauthenticated' | 'forbidden'

/** Every combination there is: whether there is an administrator, what was sent, and from where. */
const ROWS: [AdmissionQuestion['hasAdministrator'], AdmissionQuestion['proof'], here: boolean, Outcome][] = [
  [true, 'administrator', true, 'administrator'],
  [true, 'administrator', false, 'administrator'],
  [true, 'none', true, 'unauthenticated'],
  [true, 'none', false, 'unauthenticated'],
  [true, 'wrong', true, 'unauthenticated'],
  [true, 'wrong', false, 'unauthenticated'],
  [true, 'setup-token', true, 'unauthenticated'],
  [true, 'setup-token', false, 'unauthenticated'],
  [false, 'setup-token', true, 'setup'],
  [false, 'setup-token', false, 'setup'],
  [false, 'none', true, 'machine'],
  [false, 'none', false, 'forbidden'],
  [false, 'wrong', true, 'unauthenticated'],
  [false, 'wrong', false, 'unauthenticated'],
  // The login of an administrator that there is no more.
  [false, 'administrator', true, 'unauthenticated'],
  [false, 'administrator', false, 'unauthenticated'],
]

describe('I5 who may administer', () => {
  it.each(ROWS)(
    'administrator: %s, sent: %s, from this machine: %s → %s',
    (hasAdministrator, proof, here, expected) => {
      const answer = admission({ hasAdministrator, proof, isThisMachine: here })
      expect(answer.outcome === 'admitted' ? answer.as : answer.outcome).toBe(expected)
    },
  )

  it('the table has every combination once', () => {
    expect(new Set(ROWS.map((row) => JSON.stringify(row.slice(0, 3)))).size).toBe(2 * 4 * 2)
  })
})
