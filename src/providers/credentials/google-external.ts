import { signV4 } from '../../wire/sigv4.ts'
import { goodUntil } from './credential-cache.ts'
import type { Fetched } from './credential-cache.ts'
import { GOOGLE_SCOPE, requiredText, tokenUrl } from './google-file.ts'
import type { GoogleFile } from './google-file.ts'
import { form, readAccessToken, readOAuthRefusal } from './oauth.ts'
import { readNamed, unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import {
  accepted,
  askMachine,
  askService,
  parseFields,
  readFields,
  textIn,
  timeIn,
  tokenIn,
} from './token-service.ts'
import type { Fields } from './token-service.ts'

/**
 * Workload identity federation (AIP-4117): a token of another house against one of Google's.
 * https://google.aip.dev/auth/4117
 */
export async function fromExternalAccount(
  file: GoogleFile,
  surroundings: Surroundings,
): Promise<Fetched<string>> {
  const { url, operatorNamed } = tokenUrl(file, 'token_url', surroundings)
  const asked = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: requiredText(file, 'audience'),
    scope: GOOGLE_SCOPE,
    subject_token_type: requiredText(file, 'subject_token_type'),
    subject_token: await subjectToken(file, surroundings),
  }
  const question = { method: 'POST', url, operatorNamed, ...form(asked) } as const
  const who = `the external account of ${file.origin}`
  const answer = await askService(surroundings, question, who, readOAuthRefusal)
  const token = readAccessToken(answer, url.host, surroundings.now())
  if (textIn(file.fields, 'service_account_impersonation_url') === undefined) return token
  return impersonate(file, token.value, surroundings)
}

/** An account that another one may act as: what `gcloud auth application-default login --impersonate-service-account` writes. */
export async function fromImpersonation(
  file: GoogleFile,
  surroundings: Surroundings,
  fromFile: (file: GoogleFile, surroundings: Surroundings) => Promise<Fetched<string>>,
): Promise<Fetched<string>> {
  const fields = fieldsIn(file.fields, 'source_credentials')
  const origin = `source_credentials in ${file.origin}`
  if (textIn(fields, 'type') === 'impersonated_service_account')
    throw unauthenticated(`The ${origin} are impersonated themselves; name the others in "delegates"`)
  const source = await fromFile({ fields, origin }, surroundings)
  return impersonate(file, source.value, surroundings)
}

async function impersonate(
  file: GoogleFile,
  token: string,
  surroundings: Surroundings,
): Promise<Fetched<string>> {
  const { url, operatorNamed } = tokenUrl(file, 'service_account_impersonation_url', surroundings)
  const { delegates } = file.fields
  const question = {
    method: 'POST',
    url,
    operatorNamed,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ scope: [GOOGLE_SCOPE], lifetime: '3600s', delegates }),
  } as const
  const who = `the service account that ${file.origin} impersonates`
  const answer = await askService(
    surroundings,
    question,
    who,
    () => 'it lacks roles/iam.serviceAccountTokenCreator',
  )
  const fields = readFields(answer, url.host)
  const value = tokenIn(fields, 'accessToken', url.host)
  return goodUntil(value, timeIn(fields, 'expireTime', url.host), surroundings.now())
}

/** The token of the other house: from a file, from an address, or of AWS. */
async function subjectToken(file: GoogleFile, surroundings: Surroundings): Promise<string> {
  const source = fieldsIn(file.fields, 'credential_source')
  const place = `credential_source in ${file.origin}`
  const path = textIn(source, 'file')
  if (path !== undefined) return readSubject(await readNamed(path, `The ${place}`), source, place)
  if (textIn(source, 'environment_id')?.startsWith('aws') === true)
    return awsSubject(file, source, surroundings)
  const url = URL.parse(textIn(source, 'url') ?? '')
  if (url !== null && /^https?:$/.test(url.protocol)) {
    const headers = Object.entries(fieldsIn(source, 'headers'))
    const question = { method: 'GET', url, headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), String(value)])) } as const // prettier-ignore
    const answer = await askMachine(surroundings, question)
    if (answer === undefined) throw unauthenticated(`${url.host}, which the ${place} names, does not answer`)
    return readSubject(accepted(answer, url.host, 'to give a token', () => undefined).text, source, place)
  }
  throw unauthenticated(
    `The ${place} has no file, no url and no environment_id of AWS; programs and certificates are not asked for tokens`,
  )
}

/** Plain text, or a field of JSON. */
function readSubject(text: string, source: Fields, place: string): string {
  const format = fieldsIn(source, 'format')
  const fields = textIn(format, 'type') === 'json' ? parseFields(text) : undefined
  const token =
    fields === undefined ? text.trim() : textIn(fields, textIn(format, 'subject_token_field_name') ?? '')
  if (token === undefined || token === '')
    throw unauthenticated(`The ${place} leads to something without a token`)
  return token
}

/** A request to AWS that says who signed it, made and not sent: Google sends it. */
async function awsSubject(file: GoogleFile, source: Fields, surroundings: Surroundings): Promise<string> {
  const region = variable(surroundings, 'AWS_REGION') ?? variable(surroundings, 'AWS_DEFAULT_REGION')
  if (region === undefined) throw unauthenticated(`AWS_REGION is not set, which ${file.origin} needs`)
  const { fetchDefaultAws } = await import('./aws-chain.ts')
  const { value: identity } = await fetchDefaultAws(region, surroundings)
  const template = textIn(source, 'regional_cred_verification_url') ?? ''
  const url = URL.parse(template.replaceAll('{region}', region))
  if (url === null)
    throw unauthenticated(`The regional_cred_verification_url in ${file.origin} is no address`)
  const headers = { host: url.host, 'x-goog-cloud-target-resource': requiredText(file, 'audience') }
  const request = { method: 'POST', path: url.pathname + url.search, headers, body: Buffer.alloc(0) }
  const signed = { ...headers, ...signV4(request, identity, { service: 'sts', region }, surroundings.now()) }
  const list = Object.entries(signed).map(([key, value]) => ({ key, value }))
  return encodeURIComponent(JSON.stringify({ url: url.href, method: 'POST', headers: list }))
}

function fieldsIn(fields: Fields, name: string): Fields {
  const value = fields[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}
