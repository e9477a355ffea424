import { describe, expect, it } from 'vitest'
import { LoginThrottle } from '../../src/rules/login-throttle.ts'

const MINUTE = 60_000

describe('I15 guessing a password', () => {
  it('has ten tries in any minute, and is told how long to wait', () => {
    const throttle = new LoginThrottle()
    for (let second = 0; second < 10; second++) expect(throttle.begin('a', second * 1000)).toBe(0)
    expect(throttle.begin('a', 10_000)).toBe(50_000)
    expect(throttle.begin('a', MINUTE - 1)).toBe(1)
    // Each second gives back one of the first.
    expect(throttle.begin('a', MINUTE)).toBe(0)
    expect(throttle.begin('a', MINUTE)).toBe(1000)
  })

  it('10,000 tries over ten minutes leave at most ten a minute', () => {
    const throttle = new LoginThrottle()
    const passed: number[] = []
    for (let at = 0; at < 10 * MINUTE; at += MINUTE / 1000) if (throttle.begin('a', at) === 0) passed.push(at)
    for (const start of passed)
      expect(passed.filter((at) => at >= start && at < start + MINUTE).length).toBeLessThanOrEqual(10)
    expect(passed.length).toBe(100)
  })

  it('counts when a try begins: all at once are no way around it', () => {
    const throttle = new LoginThrottle()
    const passed = Array.from({ length: 200 }, () => throttle.begin('a', 5)).filter((wait) => wait === 0)
    expect(passed.length).toBe(10)
  })

  it('locks nobody out who is elsewhere, nor who knows the password', () => {
    const throttle = new LoginThrottle()
    for (let attempt = 0; attempt < 50; attempt++) throttle.begin('a', 0)
    expect(throttle.begin('b', 0)).toBe(0)
    for (let login = 0; login < 50; login++) {
      expect(throttle.begin('c', 0)).toBe(0)
      throttle.succeeded('c')
    }
  })

  it('H8 a clock that goes back locks nobody out for longer', () => {
    const throttle = new LoginThrottle()
    for (let attempt = 0; attempt < 10; attempt++) throttle.begin('a', 10 * MINUTE)
    expect(throttle.begin('a', 0)).toBe(0)
  })
})
