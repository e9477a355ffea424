import type { AwsIdentity } from '../authorization.ts'
import { signV4 } from '../../wire/sigv4.ts'
import { awsDomain } from '../../wire/aws-domain.ts'
import { identityOf } from './aws-identity.ts'
import { goodUntil } from './credential-cache.ts'
import type { Fetched } from './credential-cache.ts'
import { form } from './oauth.ts'
import { unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import { askService, malformed } from './token-service.ts'

export interface Role {
  readonly roleArn: string
  readonly externalId?: string | undefined
  /** As CloudTrail shows the calls. */
  readonly sessionName?: string | undefined
  readonly durationSeconds?: number | undefined
  /** Where the role is named, for whom it has to be mended. */
  readonly place: string
}

const API_VERSION = '2011-06-15'
/** The longest that a role which was reached through another role may be taken for. */
const SESSION_SECONDS = 3600
const SESSION_NAME = 'signalbox'

const REFUSALS: Readonly<Record<string, string>> = {
  AccessDenied: 'who asks may not take it: its trust policy names others, or wants another external id',
  ExpiredToken: 'the keys that ask for it have expired',
  ExpiredTokenException: 'the token that asks for it has expired',
  InvalidClientTokenId: 'it does not know the access key',
  InvalidIdentityToken: 'it does not trust the token: its issuer is no identity provider of the account',
  IDPRejectedClaim: 'the identity provider refuses the token',
  RegionDisabledException: 'the account has switched this region off',
  RequestExpired: 'the clock of this machine is wrong',
  SignatureDoesNotMatch: 'the secret key does not belong to the access key',
  UnrecognizedClientException: 'it does not know the access key',
  ValidationError: 'the role, its session name or its duration is not in the form that it takes',
}

/** Takes a role with keys. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function assumeRole(
  role: Role,
  identity: AwsIdentity,
  region: string,
  surroundings: Surroundings,
): Promise<Fetched<AwsIdentity>> {
  const external: Record<string, string> =
    role.externalId === undefined ? {} : { ExternalId: role.externalId }
  return askSts(
    { Action: 'AssumeRole', ...sessionOf(role), ...external },
    role,
    identity,
    region,
    surroundings,
  )
}

/** Takes a role with a token of another house, such as that of a Kubernetes service account. */
export function assumeRoleWithWebIdentity(
  role: Role,
  token: string,
  region: string,
  surroundings: Surroundings,
): Promise<Fetched<AwsIdentity>> {
  const asked = { Action: 'AssumeRoleWithWebIdentity', ...sessionOf(role), WebIdentityToken: token }
  return askSts(asked, role, undefined, region, surroundings)
}

function sessionOf({ roleArn, sessionName, durationSeconds }: Role): Record<string, string> {
  return {
    Version: API_VERSION,
    RoleArn: roleArn,
    RoleSessionName: sessionName ?? SESSION_NAME,
    DurationSeconds: String(durationSeconds ?? SESSION_SECONDS),
  }
}

async function askSts(
  fields: Record<string, string>,
  { place }: Role,
  identity: AwsIdentity | undefined,
  region: string,
  surroundings: Surroundings,
): Promise<Fetched<AwsIdentity>> {
  const named = variable(surroundings, 'AWS_ENDPOINT_URL_STS')
  const url = URL.parse(named ?? `https://sts.${region}.${awsDomain(region)}/`)
  if (url === null) throw unauthenticated('AWS_ENDPOINT_URL_STS is no address')
  const { headers, body } = form(fields)
  const toSign = {
    method: 'POST',
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host },
    body: Buffer.from(body),
  }
  const signature =
    identity === undefined ? {} : signV4(toSign, identity, { service: 'sts', region }, surroundings.now())
  const question = {
    method: 'POST',
    url,
    operatorNamed: named !== undefined,
    headers: { ...headers, ...signature },
    body,
  } as const
  const answer = await askService(surroundings, question, `the role of ${place}`, readStsRefusal)
  return readCredentials(answer.text, url.host, surroundings.now())
}

/** Its messages repeat the signed request, session token included, so only codes that are known count. */
function readStsRefusal(xml: string): string | undefined {
  const code = textOf(xml, 'Code') ?? ''
  return Object.hasOwn(REFUSALS, code) ? `${REFUSALS[code]} (${code})` : undefined
}

function readCredentials(xml: string, host: string, nowMs: number): Fetched<AwsIdentity> {
  const read = (name: string): string => {
    const text = textOf(xml, name)
    if (text === undefined) throw malformed(host)
    return text
  }
  const expiresAtMs = Date.parse(read('Expiration'))
  if (Number.isNaN(expiresAtMs)) throw malformed(host)
  const identity = identityOf(read('AccessKeyId'), read('SecretAccessKey'), read('SessionToken'))
  return goodUntil(identity, expiresAtMs, nowMs)
}

/** The text of an element that comes once and holds no markup: all that is read of the XML is of that kind. */
function textOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([^<>&\\s]+)\\s*</${name}>`).exec(xml)?.[1]
}
