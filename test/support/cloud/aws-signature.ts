import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** A request as its server sees it. */
export interface SeenRequest {
  method: string
  /** As on the wire, with its query. */
  path: string
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Uint8Array
}

export interface Signer {
  accessKeyId: string
  /** YYYYMMDD */
  date: string
  region: string
  service: string
  /** Milliseconds since 1970. */
  signedAtMs: number
}

/** A refusal of AWS, by the code that its services answer with. */
export class SignatureRefusal extends Error {
  readonly code: string

  constructor(code: string, why: string) {
    super(`${code}: ${why}`)
    this.code = code
  }
}

const FORM =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/**
 * Checks a Signature Version 4 as AWS does, from nothing but the bytes on the wire; written from the documentation
 * and on purpose not from `src/`. Throws a {@link SignatureRefusal}.
 */
export function checkSignature(
  request: SeenRequest,
  secretOf: (accessKeyId: string) => string | undefined,
): Signer {
  const { headers } = request
  const authorization = one(headers['authorization'])
  if (authorization === '')
    throw new SignatureRefusal('MissingAuthenticationToken', 'no authorization header')
  const form = FORM.exec(authorization)
  if (form === null)
    throw new SignatureRefusal('IncompleteSignature', 'not in the form of Signature Version 4')
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] = form
  const time = one(headers['x-amz-date'])
  if (!/^\d{8}T\d{6}Z$/.test(time) || !time.startsWith(date))
    throw new SignatureRefusal('IncompleteSignature', 'x-amz-date is not of the day in the scope')
  requireSigned(headers, names.split(';'))
  const secret = secretOf(accessKeyId)
  if (secret === undefined) throw new SignatureRefusal('UnrecognizedClientException', 'no such access key')

  const sent = createHash('sha256').update(request.body).digest('hex')
  const lines = [request.method, ...resource(request.path)]
  for (const name of names.split(';')) {
    lines.push(`${name}:${one(headers[name]).trim().split(/ +/).join(' ')}`)
  }
  lines.push('', names, sent)
  const canonical = createHash('sha256').update(lines.join('\n')).digest('hex')
  const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const day = mac(`AWS4${secret}`, date)
  const key = mac(mac(mac(day, region), service), 'aws4_request')
  const expected = mac(
    key,
    `AWS4-HMAC-SHA256\n${time}\n${date}/${region}/${service}/aws4_request\n${canonical}`,
  )
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex')))
    throw new SignatureRefusal('SignatureDoesNotMatch', `canonical request was\n${lines.join('\n')}`)
  const signedAt = time.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')
  return { accessKeyId, date, region, service, signedAtMs: Date.parse(signedAt) }
}

/** `host` and everything of Amazon's own must be signed, in order and each once. */
function requireSigned(headers: SeenRequest['headers'], names: readonly string[]): void {
  if (names.join(';') !== [...new Set(names)].toSorted().join(';'))
    throw new SignatureRefusal('IncompleteSignature', 'SignedHeaders are not sorted')
  const required = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
  const unsigned = required.filter((name) => !names.includes(name))
  if (unsigned.length > 0)
    throw new SignatureRefusal('SignatureDoesNotMatch', `${unsigned.join(', ')} must be signed`)
  const absent = names.filter((name) => headers[name] === undefined)
  if (absent.length > 0)
    throw new SignatureRefusal('SignatureDoesNotMatch', `${absent.join(', ')} did not come`)
}

/** Path and query as they are hashed. */
function resource(path: string): [string, string] {
  const [raw = '', query = ''] = path.split(/\?(.*)/s)
  // The path is resolved as a file system would, then encoded once more than it was sent.
  const stack: string[] = []
  for (const part of raw.split('/').filter((segment) => !['', '.'].includes(segment))) {
    if (part === '..') stack.pop()
    else stack.push(strict(part))
  }
  const tail = raw.endsWith('/') && stack.length > 0 ? '/' : ''
  const pairs = query
    .split('&')
    .filter(Boolean)
    .map((pair) => pair.split(/=(.*)/s).slice(0, 2))
    .map(([name = '', value = '']) => ({ name: strict(unescaped(name)), value: strict(unescaped(value)) }))
    .toSorted((a, b) => order(a.name, b.name) || order(a.value, b.value))
  return [`/${stack.join('/')}${tail}`, pairs.map(({ name, value }) => `${name}=${value}`).join('&')]
}

const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

function unescaped(text: string): string {
  return URL.canParse(`x:?${text}`) && !/%(?![0-9a-f]{2})/i.test(text) ? decodeURIComponent(text) : text
}

function strict(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

function one(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}
