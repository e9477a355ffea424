import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { AuthorizedKey, CloudSettings } from '../../../src/providers/authorization.ts'
import { homeWith, newCredentials } from '../../support/cloud/credentials.ts'
import { json, startService } from '../../support/cloud/service.ts'
import type { Reply, Service } from '../../support/cloud/service.ts'
import { opened } from '../../support/upstream.ts'

const SECRET = 'S3cr3t.of-the_operator'
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }) // prettier-ignore

const AZURE = { kind: 'azure', endpoint: 'https://a.example', apiVersion: 'v', scopes: ['https://a/.default'] } as const // prettier-ignore
const ENTRA = { ...AZURE, clientId: 'app', clientSecret: SECRET, tenantId: 't' }
const VERTEX = { kind: 'vertex', projectId: 'p', region: 'r' } as const
const ACCOUNT = { type: 'service_account', client_email: 'a@b', private_key: privateKey }
const LOGIN = { type: 'authorized_user', client_id: 'c', client_secret: SECRET, refresh_token: SECRET }
const EXTERNAL = { type: 'external_account', audience: 'a', subject_token_type: 's', credential_source: { file: 'package.json' } } // prettier-ignore
const BEDROCK = { kind: 'bedrock', region: 'us-east-1' } as const
const ROLE = { ...BEDROCK, accessKey: 'AKID', secretKey: SECRET, sessionToken: SECRET, roleArn: 'arn:aws:iam::123456789012:role/r' } // prettier-ignore
const SSO_CONFIG = '[default]\nsso_start_url=x\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=r'
const SSO_CACHE = '.aws/sso/cache/11f6ad8ec52a2984abaafd7c3b516503785c2072.json'
const SSO_LOGIN = JSON.stringify({ accessToken: SECRET, expiresAt: '2030-01-01T00:00:00Z' })

/** Every way to credentials: its settings, and the variables that lead it to a service at an address. */
const WAYS: [name: string, cloud: (url: string) => CloudSettings, variables: (url: string) => Record<string, string>][] = [
  ['Entra', () => ENTRA, (url) => ({ AZURE_AUTHORITY_HOST: url })],
  ['the metadata service of Azure', () => AZURE, (url) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: url })],
  ['App Service', () => AZURE, (url) => ({ IDENTITY_ENDPOINT: `${url}/msi`, IDENTITY_HEADER: SECRET })],
  ['Google, for an account', () => ({ ...VERTEX, serviceAccountJson: JSON.stringify(ACCOUNT) }), (url) => ({ CLOUDSDK_AUTH_TOKEN_HOST: url })],
  ['Google, for a login', () => ({ ...VERTEX, serviceAccountJson: JSON.stringify(LOGIN) }), (url) => ({ CLOUDSDK_AUTH_TOKEN_HOST: url })],
  ['Google, for an external account', (url) => ({ ...VERTEX, serviceAccountJson: JSON.stringify({ ...EXTERNAL, token_url: url }) }), (url) => ({ CLOUDSDK_AUTH_TOKEN_HOST: url })],
  ['the metadata server of Google', () => VERTEX, (url) => ({ GCE_METADATA_HOST: new URL(url).host })],
  ['STS', () => ROLE, (url) => ({ AWS_ENDPOINT_URL_STS: url })],
  ['the metadata service of AWS', () => BEDROCK, (url) => ({ AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url })],
  ['the agent of a container', () => BEDROCK, (url) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: SECRET })],
  ['IAM Identity Center', () => BEDROCK, (url) => ({ AWS_ENDPOINT_URL_SSO: url })],
] // prettier-ignore

type Way = (typeof WAYS)[number]

/** A service that answers as it is told, and one attempt to get credentials from it. */
async function meet([name, cloud, variables]: Way, as: Reply | 'hang', timeoutMs = 5_000) {
  const service = opened(await startService(() => ({ status: 404 })))
  service.misbehave(as)
  const home = homeWith(name.startsWith('IAM') ? { '.aws/config': SSO_CONFIG, [SSO_CACHE]: SSO_LOGIN } : {})
  const made = newCredentials({ environment: variables(service.url), home, timeoutMs })
  const key: AuthorizedKey = { id: 'k', value: '', cloud: cloud(service.url) }
  const fetch = async (): Promise<unknown> => {
    const { credentials } = made
    const { kind } = key.cloud!
    return kind === 'azure' ? credentials.azure(key) : kind === 'vertex' ? credentials.google(key) : credentials.aws(key) // prettier-ignore
  }
  return { service, fetch, ...made }
}

const HTML = '<!DOCTYPE html><html><body>Sign in to the network</body></html>'
const FLAVOR = { 'metadata-flavor': 'Google' }

const ANSWERS: [title: string, as: Reply | 'hang'][] = [
  ['a page of HTML', { body: HTML, headers: { 'content-type': 'text/html' } }],
  ['a page of HTML as a failure', { status: 502, body: HTML }],
  ['nothing', {}],
  ['nothing in JSON', json({})],
  ['a list', { body: '[]' }],
  ['half of JSON', { body: '{"access_token":"' }],
  ['a token that is a number', json({ access_token: 5, AccessKeyId: 5, Code: 'Success', roleCredentials: 5 })],
  ['a token with a line break', json({ access_token: 'a\r\nx-evil: 1', expires_in: 3600 })],
  ['a token of other letters', json({ access_token: 'токен', expires_in: 3600 })],
  ['keys without their secret', json({ AccessKeyId: 'a', Code: 'Success', Expiration: '2030-01-01T00:00:00Z' })],
  ['keys with an end that is no time', json({ AccessKeyId: 'a', SecretAccessKey: 'b', Code: 'Success', Expiration: 'soon', roleCredentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c', expiration: 'soon' } })],
  ['XML without keys', { body: '<AssumeRoleResponse><Credentials></Credentials></AssumeRoleResponse>' }],
  ['XML with an end that is no time', { body: '<r><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken><Expiration>x</Expiration></r>' }],
  ['more than it may', { body: `{"access_token":"${'x'.repeat(100_000)}"}` }],
  ['that it is busy', { status: 429, body: '{}' }],
  ['that it fails', { status: 500, body: '{}' }],
  ['a refusal without reason', { status: 400 }],
  ['a refusal in HTML', { status: 403, body: HTML }],
  ['a redirect', { status: 302, headers: { location: 'http://169.254.169.254/' } }],
  ['a status that HTTP does not have', { status: 999 }],
  ['never', 'hang'],
] // prettier-ignore

/** Everything that a log or a client could show of an error. */
function shown(error: unknown): string {
  const { stack, message } = error as Error
  return [stack, message, JSON.stringify(error), inspect(error, { depth: 20, showHidden: true })].join('\n')
}

describe.each(WAYS)('%s', (...way) => {
  it.each(ANSWERS)('answers %s: an error of the table that says who', async (_title, as) => {
    const reply = as === 'hang' ? as : { ...as, headers: { ...FLAVOR, ...as.headers } }
    const { fetch } = await meet(way, reply, as === 'hang' ? 60 : 5_000)
    const error = await fetch().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(GatewayError)
    expect(['upstream_unavailable', 'upstream_unauthenticated']).toContain((error as GatewayError).kind)
    expect((error as GatewayError).message).toMatch(/127\.0\.0\.1|There are no|An AWS access key/)
    expect(shown(error)).not.toContain(SECRET)
  })

  it.each([
    ['fails', { status: 503 }],
    ['limits', { status: 429 }],
  ])('that %s may do better later: the next call asks again', async (_title, as) => {
    const { fetch, service } = await meet(way, { ...as, headers: FLAVOR })
    for (let attempt = 1; attempt <= 2; attempt++) {
      await expect(fetch()).rejects.toMatchObject({ kind: 'upstream_unavailable' })
      expect(service.requests.length).toBeGreaterThanOrEqual(attempt)
    }
  })

  it('that repeats what it was sent: no secret is in an error, nor in a report', async () => {
    const { fetch, service, reports } = await meet(way, {})
    const secrets = () => [SECRET, ...service.requests.map(({ body }) => Buffer.from(body).toString()).filter((text) => text.length > 20)] // prettier-ignore
    const echo = (seen: Service['requests']) => seen.map(({ path, headers, body }) => `${path} ${JSON.stringify(headers)} ${Buffer.from(body).toString()} ${SECRET}`).join() // prettier-ignore
    const place = fc.constantFrom(
      'error',
      'error_description',
      'message',
      'access_token',
      'AccessKeyId',
      'Code',
    )
    const forms = [
      (field: string, text: string) => JSON.stringify({ [field]: text }),
      (_field: string, text: string) => text,
      (field: string, text: string) => `<Error><${field}>${text}</${field}></Error>`,
      (_field: string, text: string) => `{"error":{"code":"${text}`,
    ]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 400, 401, 403, 500), place, fc.constantFrom(...forms), fc.boolean(), async (status, field, form, whole) => {
        const text = whole ? echo(service.requests) : SECRET
        service.misbehave({ status, headers: FLAVOR, body: form(field, text) })
        const error = await fetch().catch((thrown: unknown) => thrown)
        // A token that is the secret would be one: only errors are looked at.
        if (error instanceof GatewayError) for (const secret of secrets()) expect(shown(error)).not.toContain(secret)
      }),
      { numRuns: 40 },
    ) // prettier-ignore
    expect(inspect(reports, { depth: 20 })).not.toContain(SECRET)
  })
})
