import { createPrivateKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import type { VertexSettings } from '../authorization.ts'
import type { Fetched } from './credential-cache.ts'
import { fromExternalAccount, fromImpersonation } from './google-external.ts'
import { GOOGLE_SCOPE, requiredText, tokenUrl } from './google-file.ts'
import type { GoogleFile } from './google-file.ts'
import { form, readAccessToken, readOAuthRefusal } from './oauth.ts'
import { readIfThere, readNamed, unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import { accepted, askMachine, askService, parseFields, textIn } from './token-service.ts'

const TOKEN_LIFETIME_SECONDS = 3600
const METADATA_HOST = '169.254.169.254'

type Headers = Record<string, string>

/**
 * Headers of the service account in the settings, or of the application default credentials.
 *
 * By hand: google-auth-library brings 23 packages, takes 32 ms to load and dials by itself.
 * https://cloud.google.com/docs/authentication/application-default-credentials
 */
export async function fetchGoogle(
  settings: VertexSettings,
  surroundings: Surroundings,
): Promise<Fetched<Headers>> {
  const file = await findFile(settings, surroundings)
  const token = file === undefined ? await fromMetadata(surroundings) : await fromFile(file, surroundings)
  // Google's own users have no project: without this header their calls are refused.
  const payer =
    variable(surroundings, 'GOOGLE_CLOUD_QUOTA_PROJECT') ??
    (file === undefined ? undefined : textIn(file.fields, 'quota_project_id'))
  const project: Headers = payer === undefined ? {} : { 'x-goog-user-project': payer }
  return { ...token, value: { authorization: `Bearer ${token.value}`, ...project } }
}

async function findFile(
  { serviceAccountJson }: VertexSettings,
  surroundings: Surroundings,
): Promise<GoogleFile | undefined> {
  if (serviceAccountJson !== undefined)
    return readFile(serviceAccountJson, 'vertex_key_config.auth_credentials')
  const named = variable(surroundings, 'GOOGLE_APPLICATION_CREDENTIALS')
  if (named !== undefined) return readFile(await readNamed(named, 'GOOGLE_APPLICATION_CREDENTIALS'), named)
  const path = wellKnownPath(surroundings)
  const text = await readIfThere(path)
  return text === undefined ? undefined : readFile(text, path)
}

/** Where `gcloud auth application-default login` writes. */
function wellKnownPath(surroundings: Surroundings): string {
  const roaming = variable(surroundings, 'APPDATA')
  const folder =
    variable(surroundings, 'CLOUDSDK_CONFIG') ??
    (process.platform === 'win32' && roaming !== undefined
      ? join(roaming, 'gcloud')
      : join(surroundings.homeDirectory, '.config', 'gcloud'))
  return join(folder, 'application_default_credentials.json')
}

function readFile(text: string, origin: string): GoogleFile {
  const fields = parseFields(text)
  if (fields === undefined) throw unauthenticated(`${origin} is no JSON object with Google credentials`)
  return { fields, origin }
}

/** The token that a file of any type leads to. */
async function fromFile(file: GoogleFile, surroundings: Surroundings): Promise<Fetched<string>> {
  const type = textIn(file.fields, 'type')
  if (type === 'service_account') return fromServiceAccount(file, surroundings)
  if (type === 'authorized_user') return fromUser(file, surroundings)
  if (type === 'external_account') return fromExternalAccount(file, surroundings)
  if (type === 'impersonated_service_account') return fromImpersonation(file, surroundings, fromFile)
  throw unauthenticated(
    `${file.origin} has no "type" that is known: expected service_account, authorized_user, external_account or impersonated_service_account`,
  )
}

/** RFC 7523: a claim, signed by the account, against a token. */
async function fromServiceAccount(file: GoogleFile, surroundings: Surroundings): Promise<Fetched<string>> {
  const { url, operatorNamed } = tokenUrl(file, 'token_uri', surroundings)
  const issuedAt = Math.floor(surroundings.now() / 1000)
  const claims = {
    iss: requiredText(file, 'client_email'),
    scope: GOOGLE_SCOPE,
    aud: url.href,
    iat: issuedAt,
    exp: issuedAt + TOKEN_LIFETIME_SECONDS,
  }
  const header = { alg: 'RS256', typ: 'JWT', kid: textIn(file.fields, 'private_key_id') }
  const unsigned = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = sign('RSA-SHA256', Buffer.from(unsigned), privateKey(file)).toString('base64url')
  const asked = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: `${unsigned}.${signature}`,
  }
  const question = { method: 'POST', url, operatorNamed, ...form(asked) } as const
  const answer = await askService(
    surroundings,
    question,
    `the service account of ${file.origin}`,
    readOAuthRefusal,
  )
  return readAccessToken(answer, url.host, surroundings.now())
}

function privateKey(file: GoogleFile): KeyObject {
  try {
    return createPrivateKey(requiredText(file, 'private_key'))
  } catch {
    throw unauthenticated(`The private_key in ${file.origin} is no private key in PEM form`)
  }
}

/** Somebody's own login. */
async function fromUser(file: GoogleFile, surroundings: Surroundings): Promise<Fetched<string>> {
  const { url, operatorNamed } = tokenUrl(file, 'token_uri', surroundings)
  const asked = {
    grant_type: 'refresh_token',
    client_id: requiredText(file, 'client_id'),
    client_secret: requiredText(file, 'client_secret'),
    refresh_token: requiredText(file, 'refresh_token'),
  }
  const question = { method: 'POST', url, operatorNamed, ...form(asked) } as const
  const readRefusal = (text: string) =>
    `${readOAuthRefusal(text) ?? 'no reason is given'}; \`gcloud auth application-default login\` makes another`
  const answer = await askService(surroundings, question, `the login of ${file.origin}`, readRefusal)
  return readAccessToken(answer, url.host, surroundings.now())
}

/** The service account of this virtual machine, container or function. */
async function fromMetadata(surroundings: Surroundings): Promise<Fetched<string>> {
  const host = variable(surroundings, 'GCE_METADATA_HOST') ?? METADATA_HOST
  const url = URL.parse(`http://${host}/computeMetadata/v1/instance/service-accounts/default/token`)
  if (url === null) throw unauthenticated('GCE_METADATA_HOST is no name of a host')
  url.searchParams.set('scopes', GOOGLE_SCOPE)
  const headers = { 'metadata-flavor': 'Google' }
  const answer = await askMachine(surroundings, { method: 'GET', url, headers })
  // On other clouds something else answers at this address; only Google's says that it is Google's.
  if (answer === undefined || answer.headers['metadata-flavor'] !== 'Google') {
    throw unauthenticated(
      'There are no Google credentials: vertex_key_config.auth_credentials is empty, GOOGLE_APPLICATION_CREDENTIALS is not set, ' +
        `${wellKnownPath(surroundings)} is not there, and no metadata server of Google answers`,
    )
  }
  const who = 'the service account of this machine'
  const answered = accepted(answer, url.host, who, readOAuthRefusal)
  return readAccessToken(answered, url.host, surroundings.now())
}
