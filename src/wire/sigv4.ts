import { createHmac, hash } from 'node:crypto'

/** What signs a request to AWS. */
export interface SigningKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What a signature is good for, beside its day. */
export interface SigningScope {
  /** Signing name, which is often not that of the host: `bedrock` for `bedrock-runtime`. */
  readonly service: string
  readonly region: string
}

export interface UnsignedRequest {
  readonly method: string
  /** As it is sent: percent-encoded, with its query. */
  readonly path: string
  /** Those to be signed, names in lower case, `host` among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A signing key is good for a day; the keys of one identity are let go with it. */
const signingKeys = new WeakMap<SigningKeys, Map<string, Buffer>>()

/**
 * The headers that sign a request to AWS: `authorization`, `x-amz-date` and, with temporary keys,
 * `x-amz-security-token`. Signature Version 4 as every service but S3 checks it: the path is encoded once more than
 * it is sent, so `%3A` of a model id is signed as `%253A`.
 *
 * By hand, because the SDK's signer is asynchronous: a call whose keys are known would wait a turn for nothing. It
 * takes 35 µs for a body of 2 KB, this 20.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signV4(
  { method, path, headers, body }: UnsignedRequest,
  keys: SigningKeys,
  scope: SigningScope,
  nowMs: number,
): Record<string, string> {
  const time = new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, '')
  const added: Record<string, string> = { 'x-amz-date': time }
  if (keys.sessionToken !== undefined) added['x-amz-security-token'] = keys.sessionToken
  const signed = Object.entries({ ...headers, ...added }).toSorted(byName)
  const names = signed.map(([name]) => name).join(';')
  const at = path.indexOf('?')
  const canonical = [
    method,
    canonicalPath(at === -1 ? path : path.slice(0, at)),
    canonicalQuery(at === -1 ? '' : path.slice(at + 1)),
    ...signed.map(([name, value]) => `${name}:${value.trim().replace(/ {2,}/g, ' ')}`),
    '',
    names,
    hash('sha256', body, 'hex'),
  ].join('\n')
  const place = `${time.slice(0, 8)}/${scope.region}/${scope.service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', time, place, hash('sha256', canonical, 'hex')].join('\n')
  const signature = createHmac('sha256', signingKey(keys, place)).update(text).digest('hex')
  added['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${place}, SignedHeaders=${names}, Signature=${signature}`
  return added
}

function signingKey(keys: SigningKeys, place: string): Buffer {
  const known = signingKeys.get(keys)
  let key = known?.get(place)
  if (key === undefined) {
    const start = Buffer.from(`AWS4${keys.secretAccessKey}`)
    key = place.split('/').reduce((secret, part) => createHmac('sha256', secret).update(part).digest(), start)
    // Yesterday's are not needed again.
    if (known === undefined || known.size > 8) signingKeys.set(keys, new Map([[place, key]]))
    else known.set(place, key)
  }
  return key
}

function byName([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** AWS takes empty and dotted segments away before it checks. */
function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(encode(segment))
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${path.endsWith('/') ? '/' : ''}`
}

/** By encoded name, then by value: sorted as whole pairs, `a-b=` would come before `a=`. */
function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const at = pair.indexOf('=')
      return at === -1
        ? [encode(decode(pair)), '']
        : [encode(decode(pair.slice(0, at))), encode(decode(pair.slice(at + 1)))]
    })
  return pairs
    .toSorted(([leftName, left], [rightName, right]) =>
      leftName === rightName ? byName([left, ''], [right, '']) : byName([leftName, ''], [rightName, '']),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** Everything but RFC 3986's unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A `%` that encodes nothing stands for itself.
    return text
  }
}
