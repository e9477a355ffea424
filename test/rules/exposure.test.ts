import { describe, expect, it } from 'vitest'
import { exposed, isLoopback } from '../../src/rules/exposure.ts'

describe('where the gateway may listen', () => {
  it.each([
    // host, enforced, virtual keys, allowed
    ['localhost', false, 0, true],
    ['127.0.0.1', false, 0, true],
    ['::1', false, 0, true],
    ['[::1]', false, 0, true],
    ['0.0.0.0', false, 0, false],
    ['0.0.0.0', false, 3, false],
    ['0.0.0.0', true, 0, false],
    ['0.0.0.0', true, 1, true],
    ['192.168.1.5', false, 0, false],
    ['gateway.example', true, 2, true],
    ['localhost.evil.example', false, 0, false],
    ['127.0.0.1.nip.io', false, 0, false],
  ])('%s, keys enforced: %s, %i virtual keys', (host, enforceAuthOnInference, virtualKeys, allowed) => {
    const refusal = exposed({ host, enforceAuthOnInference, virtualKeys })
    expect(refusal === undefined).toBe(allowed)
    if (refusal !== undefined) expect(refusal).toContain('enforce_auth_on_inference')
  })

  it.each([
    ['::ffff:127.0.0.1', true],
    ['127.8.9.10', true],
    ['10.0.0.1', false],
  ])('%s is loopback: %s', (address, expected) => expect(isLoopback(address)).toBe(expected))
})
