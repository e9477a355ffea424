import { describe, expect, it } from 'vitest'
import { isPublic, passwordProblem } from '../../src/rules/password-policy.ts'

describe('what a password must be', () => {
  it.each<[password: string, problem: string | undefined]>([
    ['Correct-horse-7', undefined],
    ['Ünïcödé-Zähl-9', undefined],
    ['Twelve-chr-12', undefined],
    ['', '12 characters or more, an upper-case letter, a lower-case letter, a digit, a special character'],
    ['Eleven-ch-1', '12 characters or more'],
    // Two UTF-16 units each, but eleven characters.
    ['Ab-1😀😀😀😀😀😀😀', '12 characters or more'],
    ['all-lower-case-7', 'an upper-case letter'],
    ['ALL-UPPER-CASE-7', 'a lower-case letter'],
    ['No-digit-in-here', 'a digit'],
    ['NoSpecialInHere7', 'a special character'],
    ['No Special In Here7', 'a special character'],
    [`Aa-1${'x'.repeat(1021)}`, 'at most 1024 characters'],
    ['Admin-Password-123!', 'no word that everybody tries first'],
    ['P@ssw0rd1234!', 'no word that everybody tries first'],
  ])('%j: %j', (password, problem) => {
    expect(passwordProblem(password)).toBe(problem)
  })
})

describe('I15 I21 nobody signs in with what everybody knows', () => {
  it.each([
    '',
    'admin',
    'root',
    '123456',
    'password',
    'Password1',
    'changeme',
    'bifrost',
    'Signalbox2026',
    'p@$$w0rd',
    'test-test',
  ])('%j', (password) => expect(isPublic(password)).toBe(true))

  it.each(['hunter-two-of-many', 'sun', '…!?…', 'пароль-длинный', 'administrative-cat'])(
    '%j is somebody’s own',
    (password) => {
      expect(isPublic(password)).toBe(false)
    },
  )
})
