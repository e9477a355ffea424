import { createHash, createHmac } from 'node:crypto'

import type { Access, Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'

/** How far a request's clock may be off. */
const SKEW_MS = 5 * 60_000

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/**
 * Checks an AWS signature, version 4, by computing it anew from what arrived: a body, path or header that was
 * changed behind the signer's back does not fit any more.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function checkSignature(
  request: RecordedRequest,
  service: string,
  access: Access,
): Refusal | undefined {
  const { headers } = request
  const found = AUTHORIZATION.exec(headers.authorization ?? '')
  if (!found) {
    const parts = ['Credential', 'Signature', 'SignedHeaders']
    const message = parts.map((part) => `Authorization header requires '${part}' parameter.`).join(' ')
    return denied('IncompleteSignatureException', message)
  }
  const [, accessKeyId = '', day = '', region = '', scope = '', signedHeaders = '', signature] = found
  const owner = access.awsSecret(accessKeyId)
  const token = owner?.sessionToken
  if (!owner || headers['x-amz-security-token'] !== token) {
    return denied('UnrecognizedClientException', 'The security token included in the request is invalid.')
  }
  if (scope !== service) {
    return mismatch(`Credential should be scoped to correct service: '${service}'. `)
  }
  const names = signedHeaders.split(';')
  const unsigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))].find(
    (name) => !names.includes(name),
  )
  if (unsigned) {
    const words = unsigned === 'host' ? "'Host' or ':authority'" : `'${unsigned}'`
    return mismatch(`${words} must be a 'SignedHeader' in the AWS Authorization.`)
  }
  const late = checkTime(headers['x-amz-date'] ?? '', day)
  if (late) return late
  const scoped = `${day}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scoped, sha256(canonical(request, names))].join(
    '\n',
  )
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${owner.secret}`, day))
  if (hmac(key, text).toString('hex') === signature) return undefined
  return mismatch(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  )
}

function canonical({ method, url, path, headers, bodyBytes }: RecordedRequest, names: string[]): string {
  const query = [...new URLSearchParams(url.split('?')[1] ?? '')]
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join('&')
  const values = names
    .map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}\n`)
    .join('')
  // Every service but S3 escapes a path that is escaped already once more.
  const twice = path.split('/').map(escaped).join('/')
  return [method, twice, query, values, names.join(';'), sha256(bodyBytes)].join('\n')
}

function checkTime(stamp: string, day: string): Refusal | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(stamp)
  if (!parts || !stamp.startsWith(day)) {
    return mismatch(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.`,
    )
  }
  const [, year, month, date, hour, minute, second] = parts
  const at = Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`)
  const now = Date.now()
  if (Math.abs(now - at) <= SKEW_MS) return undefined
  const earliest = stampOf(now - SKEW_MS)
  return mismatch(`Signature expired: ${stamp} is now earlier than ${earliest} (${stampOf(now)} - 5 min.)`)
}

const stampOf = (time: number) => new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')

const mismatch = (message: string) => denied('InvalidSignatureException', message)

const denied = (type: string, message: string): Refusal => ({ status: 403, type, message })

const escaped = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.codePointAt(0)!.toString(16).toUpperCase()}`,
  )

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
