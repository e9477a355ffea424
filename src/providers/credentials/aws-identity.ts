import type { AwsIdentity } from '../authorization.ts'
import { goodUntil } from './credential-cache.ts'
import type { Fetched } from './credential-cache.ts'
import { unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import { malformed, textIn, timeIn } from './token-service.ts'
import type { Fields } from './token-service.ts'

/** Tools that log in write new keys into the same file; it is read again so often. */
const FILE_READ_AGAIN_MS = 60_000

/** Keys of a person, without an end that is known. */
export function lasting(identity: AwsIdentity, nowMs: number): Fetched<AwsIdentity> {
  return { value: identity, expiresAtMs: Infinity, refreshAtMs: nowMs + FILE_READ_AGAIN_MS }
}

/** Throws `upstream_unauthenticated` for keys that no header can hold. */
export function identityOf(
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken: string | undefined,
): AwsIdentity {
  if (!/^[\x21-\x7e]+$/.test(accessKeyId + (sessionToken ?? '')))
    throw unauthenticated('An AWS access key or session token has characters that none has')
  return sessionToken === undefined || sessionToken === ''
    ? { accessKeyId, secretAccessKey }
    : { accessKeyId, secretAccessKey, sessionToken }
}

/** Keys in the variables that every tool of AWS reads. */
export function fromEnvironment(surroundings: Surroundings): Fetched<AwsIdentity> | undefined {
  const accessKeyId = variable(surroundings, 'AWS_ACCESS_KEY_ID')
  const secretAccessKey = variable(surroundings, 'AWS_SECRET_ACCESS_KEY')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  const identity = identityOf(accessKeyId, secretAccessKey, variable(surroundings, 'AWS_SESSION_TOKEN'))
  return lasting(identity, surroundings.now())
}

/** Temporary keys, in the words of container and instance metadata. */
export function readIdentity(fields: Fields, host: string, nowMs: number): Fetched<AwsIdentity> {
  const accessKeyId = textIn(fields, 'AccessKeyId')
  const secretAccessKey = textIn(fields, 'SecretAccessKey')
  if (accessKeyId === undefined || secretAccessKey === undefined) throw malformed(host)
  const identity = identityOf(accessKeyId, secretAccessKey, textIn(fields, 'Token'))
  return textIn(fields, 'Expiration') === undefined
    ? lasting(identity, nowMs)
    : goodUntil(identity, timeIn(fields, 'Expiration', host), nowMs)
}
