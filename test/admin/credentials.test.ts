/** What a request shows of who asks, and from where. */
import { describe, expect, it } from 'vitest'
import { cookie, shown } from '../../src/admin/credentials.ts'
import type { Shown } from '../../src/admin/credentials.ts'
import { hashPassword, isPassword, isSame } from '../../src/admin/password.ts'
import { asksForItself, throttleKey } from '../../src/admin/peer.ts'
import { parseScryptHash } from '../../src/rules/administrator.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('what is shown', () => {
  it.each<[headers: Record<string, string>, expected: Shown]>([
    [{}, { type: 'none' }],
    [{ authorization: 'Bearer abc' }, { type: 'bearer', token: 'abc' }],
    [{ authorization: 'bearer  abc ' }, { type: 'bearer', token: 'abc' }],
    [
      { authorization: `Basic ${base64('ann:pass:word')}` },
      { type: 'password', username: 'ann', password: 'pass:word' },
    ],
    [
      { authorization: `Basic ${base64('änn:pässwörd')}` },
      { type: 'password', username: 'änn', password: 'pässwörd' },
    ],
    [{ authorization: `Basic ${base64('nobody')}` }, { type: 'foreign' }],
    [{ authorization: `Basic ${base64(':password')}` }, { type: 'foreign' }],
    [{ authorization: 'Basic %%%' }, { type: 'foreign' }],
    [{ authorization: 'Basic /+8=' }, { type: 'foreign' }],
    [{ authorization: '' }, { type: 'foreign' }],
    [{ authorization: 'Bearer' }, { type: 'foreign' }],
    [{ authorization: 'Bearer a b' }, { type: 'foreign' }],
    [{ authorization: 'Digest username="ann"' }, { type: 'foreign' }],
    [{ 'x-bifrost-setup-token': 't' }, { type: 'setup-token', token: 't' }],
    [{ cookie: 'token=abc' }, { type: 'cookies', session: 'abc', setup: undefined }],
    [
      { cookie: 'a=1; token=abc;bifrost_setup_session = d ; b' },
      { type: 'cookies', session: 'abc', setup: 'd' },
    ],
    // A neighbour's page can only add one behind it.
    [{ cookie: 'token=ours; token=theirs' }, { type: 'cookies', session: 'ours', setup: undefined }],
    [{ cookie: 'xtoken=abc; =token; tokens=1' }, { type: 'none' }],
    [{ 'x-bf-vk': 'sk-bf-x' }, { type: 'foreign' }],
    [{ 'x-api-key': '' }, { type: 'foreign' }],
    [{ 'x-goog-api-key': 'x' }, { type: 'foreign' }],
    [{ 'api-key': 'x' }, { type: 'foreign' }],
    // Whoever sends the first means it, whatever else there is.
    [
      { authorization: 'Bearer abc', cookie: 'token=def', 'x-bf-vk': 'x' },
      { type: 'bearer', token: 'abc' },
    ],
    [
      { cookie: 'token=def', 'x-bf-vk': 'x' },
      { type: 'cookies', session: 'def', setup: undefined },
    ],
  ])('%j', (headers, expected) => {
    expect(shown({ headers })).toEqual(expected)
  })

  it('a cookie is for no script, no other site, and with TLS for TLS alone', () => {
    expect(cookie('token', 'abc', 60, false)).toBe('token=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60')
    expect(cookie('token', 'abc', 60, true)).toMatch(/; Secure$/)
  })
})

describe('where it comes from', () => {
  it.each<[peer: string, headers: Record<string, string>, own: boolean, counted: string]>([
    ['127.0.0.1', {}, true, '127.0.0.1'],
    ['::1', {}, true, '0:0:0:0'],
    ['::ffff:127.0.0.1', {}, true, '127.0.0.1'],
    ['192.168.1.2', {}, false, '192.168.1.2'],
    ['::ffff:192.168.1.2', {}, false, '192.168.1.2'],
    ['2001:db8:1:2:3:4:5:6', {}, false, '2001:db8:1:2'],
    ['2001:db8:1:2::9', {}, false, '2001:db8:1:2'],
    ['2001:0db8:0001:0002::', {}, false, '2001:db8:1:2'],
    ['2001:db8::9', {}, false, '2001:db8:0:0'],
    ['fe80::1%eth0', {}, false, 'fe80:0:0:0'],
    ['127.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, false, '203.0.113.9'],
    // What stands before the last was written by whoever asked the proxy.
    ['127.0.0.1', { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' }, false, '203.0.113.9'],
    ['127.0.0.1', { 'x-forwarded-for': 'unknown' }, false, '127.0.0.1'],
    ['192.168.1.2', { 'x-forwarded-for': '203.0.113.9' }, false, '192.168.1.2'],
    ['127.0.0.1', { forwarded: 'for=203.0.113.9' }, false, '127.0.0.1'],
    ['', {}, false, ''],
  ])('%s with %j: asks for itself: %s, counted as %s', (peer, headers, own, counted) => {
    expect(asksForItself({ peer, headers })).toBe(own)
    expect(throttleKey({ peer, headers })).toBe(counted)
  })
})

describe('passwords', { timeout: 60_000 }, () => {
  it('I17 are kept salted, and found again', async () => {
    const [one, other] = [await hashPassword('Correct-horse-7'), await hashPassword('Correct-horse-7')]
    expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(one).not.toBe(other)
    expect(await isPassword('Correct-horse-7', one)).toBe(true)
    expect(await isPassword('Correct-horse-8', one)).toBe(false)
    expect(await isPassword('', one)).toBe(false)
    expect(await isPassword(one, one)).toBe(false)
    // The same letters, composed and not.
    expect(await isPassword('\u00e9Aa-345678901', await hashPassword('e\u0301Aa-345678901'))).toBe(true)
  })

  it.each([
    ['', undefined],
    ['$scrypt$ln=15,r=8,p=3$AAAAAAAAAAA$', undefined],
    // Hours of work, or gigabytes, for each try.
    [`$scrypt$ln=30,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`, undefined],
    [`$scrypt$ln=15,r=99,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`, undefined],
    [`$scrypt$ln=0,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`, undefined],
    [`$argon2id$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`, undefined],
    [`$scrypt$ln=14,r=8,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}`, { ln: 14, r: 8, p: 1 }],
  ])('%.40s: %j', (text, expected) => {
    const hash = parseScryptHash(text)
    if (expected === undefined) expect(hash).toBeUndefined()
    else expect(hash).toMatchObject(expected)
  })

  it.each([
    ['', '', true],
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'aa', false],
    ['', 'a', false],
    ['x'.repeat(5000), 'x'.repeat(5000), true],
  ])('I8 %.5j and %.5j are compared whatever their lengths are: %s', (one, other, expected) => {
    expect(isSame(one, other)).toBe(expected)
  })
})
