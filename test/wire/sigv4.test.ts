import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signV4 } from '../../src/wire/sigv4.ts'
import { checkSignature } from '../support/cloud/aws-signature.ts'

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const SCOPE = { service: 'service', region: 'us-east-1' }
const NOW = Date.UTC(2015, 7, 30, 12, 36)
const HOST = { host: 'example.amazonaws.com' }
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const LONG_TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

/** Of AWS's own signing test suite, by the names that its cases have there. */
const SUITE: [name: string, request: { method?: string; path: string; headers?: object; body?: string; token?: string }, signature: string][] = [
  ['get-vanilla-query', { path: '/' }, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', { method: 'POST', path: '/' }, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  ['get-vanilla-with-session-token', { path: '/', token: '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267' }, '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8'],
  ['post-sts-header-before', { method: 'POST', path: '/', token: LONG_TOKEN }, '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead'],
  ['post-x-www-form-urlencoded', { method: 'POST', path: '/', body: 'Param1=value1', headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '13', 'x-amz-content-sha256': '9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e' } }, 'd3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b'],
  ['get-header-value-trim', { path: '/', headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' } }, 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736'],
  ['get-unreserved', { path: `/${UNRESERVED}` }, '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f'],
  ['get-utf8', { path: '/ሴ' }, '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  ['get-space-normalized', { path: '/example space/' }, '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741'],
  ['get-slashes-normalized', { path: '//example//' }, '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84'],
  ['get-slash-pointless-dot-normalized', { path: '/./example' }, 'ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5'],
  ['get-relative-relative-normalized', { path: '/example1/example2/../..' }, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-vanilla-empty-query-key', { path: '/?Param1=value1' }, 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb'],
  ['get-vanilla-query-order-key-case', { path: '/?Param2=value2&Param1=value1' }, 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'],
  ['get-vanilla-query-order-encoded', { path: '/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1' }, '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac'],
  ['get-vanilla-query-unreserved', { path: `/?${UNRESERVED}=${UNRESERVED}` }, '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197'],
  ['get-vanilla-utf8-query', { path: '/?ሴ=bar' }, '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04'],
] // prettier-ignore

it.each(SUITE)('AWS suite: %s', (_name, { method = 'GET', path, headers, body = '', token }, signature) => {
  const keys = token === undefined ? KEYS : { ...KEYS, sessionToken: token }
  const request = { method, path, headers: { ...HOST, ...headers }, body: Buffer.from(body) }
  const signed = signV4(request, keys, SCOPE, NOW)
  expect(signed['authorization']).toContain(`Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request`)
  expect(signed['authorization']?.split('Signature=')[1]).toBe(signature)
  expect(signed).toMatchObject({
    'x-amz-date': '20150830T123600Z',
    ...(token && { 'x-amz-security-token': token }),
  })
})

describe('signatures of one identity', () => {
  const BEDROCK = { service: 'bedrock', region: 'us-east-1' }
  const POST = {
    method: 'POST',
    path: '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream',
    headers: { host: 'bedrock-runtime.us-east-1.amazonaws.com', 'content-type': 'application/json' },
    body: Buffer.from('{"messages":[]}'),
  }
  const check = (signed: Record<string, string>, request = POST) =>
    checkSignature({ ...request, headers: { ...request.headers, ...signed } }, (id) =>
      id === KEYS.accessKeyId ? KEYS.secretAccessKey : undefined,
    )

  it('are right on the next day, too, and in another region', () => {
    const at = (nowMs: number, scope = BEDROCK) => check(signV4(POST, KEYS, scope, nowMs))
    expect(at(NOW)).toMatchObject({ region: 'us-east-1', service: 'bedrock', date: '20150830' })
    expect(at(NOW + 86_400_000)).toMatchObject({ date: '20150831' })
    expect(at(NOW, { ...BEDROCK, region: 'eu-west-1' })).toMatchObject({ region: 'eu-west-1' })
    for (let day = 0; day < 40; day++) at(NOW + day * 86_400_000)
    expect(at(NOW)).toMatchObject({ date: '20150830' })
  })

  it.each([
    ['another path', { path: '/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse-stream' }],
    ['another body', { body: Buffer.from('{"messages":[{}]}') }],
    ['another method', { method: 'GET' }],
    ['another host', { headers: { ...POST.headers, host: 'bedrock-runtime.eu-west-1.amazonaws.com' } }],
  ])('are wrong for %s', (_name, changes) => {
    const signed = signV4(POST, KEYS, BEDROCK, NOW)
    expect(() => check(signed, { ...POST, ...changes })).toThrow('SignatureDoesNotMatch')
  })

  it('are what a server computes that knows only the wire, whatever is sent', () => {
    const segment = fc.stringMatching(/^(?:[\w.~!$&'()*+,;=:@-]|%[2-7][0-9A-F])*$/)
    const pair = fc.tuple(segment, fc.option(segment)).map(([name, value]) => {
      const clean = (text: string) => text.replace(/[=&]/g, '')
      return value === null ? clean(name) : `${clean(name)}=${clean(value)}`
    })
    const sent = fc.record({
      segments: fc.array(segment, { maxLength: 5 }),
      pairs: fc.array(pair, { maxLength: 5 }),
      value: fc.string({ unit: fc.constantFrom('a', ' ', '"', '/') }),
      body: fc.uint8Array({ maxLength: 64 }),
    })
    fc.assert(
      fc.property(sent, ({ segments, pairs, value, body }) => {
        const path = `/${segments.join('/')}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`
        const request = { ...POST, path, headers: { ...POST.headers, 'x-amz-test': value }, body: Buffer.from(body) } // prettier-ignore
        expect(check(signV4(request, KEYS, BEDROCK, NOW), request)).toMatchObject({ service: 'bedrock' })
      }),
      { numRuns: 500 },
    )
  })
})

it('the checking server is itself right: it accepts a signature made step by step as AWS documents it', () => {
  const sha = (text: string) => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const canonical = `GET\n/a%253Ab\nb=1\nhost:h\nx-amz-date:20260102T030405Z\n\nhost;x-amz-date\n${sha('')}`
  const scope = '20260102/eu-west-1/bedrock/aws4_request'
  const text = `AWS4-HMAC-SHA256\n20260102T030405Z\n${scope}\n${sha(canonical)}`
  const key = ['eu-west-1', 'bedrock', 'aws4_request'].reduce(hmac, hmac('AWS4secret', '20260102'))
  const authorization = `AWS4-HMAC-SHA256 Credential=ID/${scope}, SignedHeaders=host;x-amz-date, Signature=${hmac(key, text).toString('hex')}`
  const headers = { host: 'h', 'x-amz-date': '20260102T030405Z', authorization }
  const request = { method: 'GET', path: '/a%3Ab?b=1', headers, body: Buffer.alloc(0) }
  expect(checkSignature(request, () => 'secret')).toMatchObject({ accessKeyId: 'ID', region: 'eu-west-1' })
  expect(() => checkSignature({ ...request, path: '/a%3Ab?b=2' }, () => 'secret')).toThrow(
    'SignatureDoesNotMatch',
  )
})
