import { checkSignature, SignatureRefusal } from './aws-signature.ts'
import type { SeenRequest, Signer } from './aws-signature.ts'

export interface AccountKeys {
  accessKeyId: string
  secretAccessKey: string
  /** Of temporary keys: has to come with each request. */
  sessionToken?: string
  /** Milliseconds since 1970. */
  expiresAtMs?: number
}

/** AWS takes signatures that are so old or so early. */
const SKEW_MS = 5 * 60_000

/** All keys that there are; STS gives out more, and every service of AWS checks them. */
export class AwsAccounts {
  readonly #keys = new Map<string, AccountKeys>()
  readonly #now: () => number
  #issued = 0

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  add(keys: AccountKeys): AccountKeys {
    this.#keys.set(keys.accessKeyId, keys)
    return keys
  }

  /** Temporary keys, good for so long. */
  issue(seconds: number): Required<AccountKeys> {
    const number = ++this.#issued
    const keys = {
      accessKeyId: `ASIA${number}EXAMPLE`,
      secretAccessKey: `secret/of+the/${number}th`,
      sessionToken: `FwoGZXIvYXdzE//token/${number}+of/a+role==`,
      expiresAtMs: this.#now() + seconds * 1000,
    }
    this.add(keys)
    return keys
  }

  /** Who signed the request; throws a {@link SignatureRefusal}, as the service would answer. */
  check(request: SeenRequest, scope: { service: string; region?: string }): Signer {
    const signer = checkSignature(request, (id) => this.#keys.get(id)?.secretAccessKey)
    const keys = this.#keys.get(signer.accessKeyId)!
    const now = this.#now()
    if (signer.service !== scope.service || signer.region !== (scope.region ?? signer.region))
      throw new SignatureRefusal('SignatureDoesNotMatch', `scope should be ${JSON.stringify(scope)}`)
    if ((request.headers['x-amz-security-token'] ?? '') !== (keys.sessionToken ?? ''))
      throw new SignatureRefusal(
        'InvalidClientTokenId',
        'the security token included in the request is invalid',
      )
    if (keys.expiresAtMs !== undefined && now >= keys.expiresAtMs)
      throw new SignatureRefusal('ExpiredToken', 'the security token included in the request is expired')
    if (Math.abs(now - signer.signedAtMs) > SKEW_MS)
      throw new SignatureRefusal('RequestExpired', 'signature expired')
    return signer
  }
}
