import { createHash } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GatewayError } from '../../message/error.ts'
import type { AwsIdentity } from '../authorization.ts'
import type { AwsFiles, Section } from './aws-files.ts'
import { awsDomain } from '../../wire/aws-domain.ts'
import { identityOf } from './aws-identity.ts'
import { goodUntil } from './credential-cache.ts'
import type { Fetched } from './credential-cache.ts'
import { readIfThere, unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import { askService, malformed, numberIn, parseFields, readFields, textIn, tokenIn } from './token-service.ts'
import type { Fields } from './token-service.ts'

/** A login that ends sooner is renewed first. */
const RENEW_EARLY_MS = 5 * 60_000

interface Login {
  name: string
  region: string
  /** Of the file in which `aws sso login` leaves its token. */
  path: string
}

/** The keys of a role in IAM Identity Center, with the login that `aws sso login` left in its cache. */
export async function fetchSso(
  profileName: string,
  profile: Section,
  files: AwsFiles,
  surroundings: Surroundings,
): Promise<Fetched<AwsIdentity>> {
  const sessionName = profile.get('sso_session')
  const session = sessionName === undefined ? profile : files.ssoSessions.get(sessionName)
  const required = (section: Section | undefined, field: string): string => {
    const value = section?.get(field)
    if (value === undefined) throw unauthenticated(`The AWS profile ${profileName} has no ${field}`)
    return value
  }
  const id = sessionName ?? required(session, 'sso_start_url')
  const login = {
    name: profileName,
    region: required(session, 'sso_region'),
    path: join(surroundings.homeDirectory, '.aws', 'sso', 'cache', `${sha1(id)}.json`),
  }
  const token = await accessToken(login, surroundings)
  const url = serviceUrl(
    'AWS_ENDPOINT_URL_SSO',
    'portal.sso',
    login.region,
    '/federation/credentials',
    surroundings,
  )
  url.searchParams.set('account_id', required(profile, 'sso_account_id'))
  url.searchParams.set('role_name', required(profile, 'sso_role_name'))
  const question = {
    method: 'GET',
    url,
    headers: { 'x-amz-sso_bearer_token': token },
    operatorNamed: variable(surroundings, 'AWS_ENDPOINT_URL_SSO') !== undefined,
  } as const
  const who = `the login of the AWS profile ${profileName}`
  const answer = await askService(surroundings, question, who, () => logInAgain(login))
  return readRole(readFields(answer, url.host), url.host, surroundings)
}

function readRole(answer: Fields, host: string, surroundings: Surroundings): Fetched<AwsIdentity> {
  const { roleCredentials } = answer
  if (typeof roleCredentials !== 'object' || roleCredentials === null) throw malformed(host)
  const fields = roleCredentials as Fields
  const read = (name: string) => tokenIn(fields, name, host)
  const identity = identityOf(read('accessKeyId'), read('secretAccessKey'), read('sessionToken'))
  const expiration = numberIn(fields, 'expiration')
  if (expiration === undefined) throw malformed(host)
  return goodUntil(identity, expiration, surroundings.now())
}

async function accessToken(login: Login, surroundings: Surroundings): Promise<string> {
  const text = await readIfThere(login.path)
  const cached = text === undefined ? undefined : parseFields(text)
  const token = cached && textIn(cached, 'accessToken')
  if (cached === undefined || token === undefined) throw ended(login)
  const leftMs = Date.parse(textIn(cached, 'expiresAt') ?? '') - surroundings.now()
  if (leftMs > RENEW_EARLY_MS) return token
  try {
    return await renew(cached, login, surroundings)
  } catch (error) {
    if (leftMs > 0) return token
    throw error
  }
}

/** A login of the newer kind can be renewed for weeks. The new one goes into the file, because it replaces the old. */
async function renew(cached: Fields, login: Login, surroundings: Surroundings): Promise<string> {
  const [clientId, clientSecret, refreshToken] = ['clientId', 'clientSecret', 'refreshToken'].map((name) =>
    textIn(cached, name),
  )
  if (clientId === undefined || clientSecret === undefined || refreshToken === undefined) throw ended(login)
  const url = serviceUrl('AWS_ENDPOINT_URL_SSO_OIDC', 'oidc', login.region, '/token', surroundings)
  const question = {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ clientId, clientSecret, refreshToken, grantType: 'refresh_token' }),
    operatorNamed: variable(surroundings, 'AWS_ENDPOINT_URL_SSO_OIDC') !== undefined,
  } as const
  const who = `to renew the login of the AWS profile ${login.name}`
  const answer = await askService(surroundings, question, who, () => logInAgain(login))
  const fields = readFields(answer, url.host)
  const renewedToken = tokenIn(fields, 'accessToken', url.host)
  const expiresAt = new Date(surroundings.now() + (numberIn(fields, 'expiresIn') ?? 0) * 1000).toISOString()
  const renewed = {
    ...cached,
    accessToken: renewedToken,
    expiresAt,
    refreshToken: textIn(fields, 'refreshToken') ?? refreshToken,
  }
  try {
    await writeFile(`${login.path}.new`, JSON.stringify(renewed, null, 2), { mode: 0o600 })
    await rename(`${login.path}.new`, login.path)
  } catch {
    // A home that cannot be written to: this token is good all the same, until it ends.
  }
  return renewedToken
}

function serviceUrl(
  name: string,
  service: string,
  region: string,
  path: string,
  surroundings: Surroundings,
): URL {
  const url = URL.parse(
    path,
    variable(surroundings, name) ?? `https://${service}.${region}.${awsDomain(region)}`,
  )
  if (url === null) throw unauthenticated(`${name} is no address`)
  return url
}

function logInAgain({ name }: Login): string {
  return `run \`aws sso login --profile ${name}\``
}

function ended(login: Login): GatewayError {
  return unauthenticated(`The login of the AWS profile ${login.name} has ended: ${logInAgain(login)}`)
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
