import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { VertexSettings } from '../../../src/providers/authorization.ts'
import { AwsAccounts } from '../../support/cloud/aws-accounts.ts'
import { Clock, homeWith, keyOf, newCredentials } from '../../support/cloud/credentials.ts'
import { startGoogle, startGoogleMetadata } from '../../support/cloud/google.ts'
import type { GoogleOptions } from '../../support/cloud/google.ts'
import { json, startService } from '../../support/cloud/service.ts'
import { opened } from '../../support/upstream.ts'

const newKey = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
const { privateKey, publicKey } = newKey()
const EMAIL = 'gateway@my-project.iam.gserviceaccount.com'
const VERTEX: VertexSettings = { kind: 'vertex', projectId: 'my-project', region: 'us-east5' }

/** As Google gives it out. */
const ACCOUNT = {
  type: 'service_account',
  project_id: 'my-project',
  private_key_id: '4f3b',
  private_key: privateKey,
  client_email: EMAIL,
  client_id: '1',
  token_uri: 'https://oauth2.googleapis.com/token',
}
const LOGIN = {
  type: 'authorized_user',
  client_id: 'client.apps',
  client_secret: 'client-secret',
  refresh_token: '1//refresh',
  quota_project_id: 'who-pays',
}
const WELL_KNOWN = '.config/gcloud/application_default_credentials.json'
const AUDIENCE = '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q'
const IMPERSONATION =
  '/v1/projects/-/serviceAccounts/other@my-project.iam.gserviceaccount.com:generateAccessToken'

const google = async (options: GoogleOptions) =>
  opened(await startGoogle({ accounts: { [EMAIL]: publicKey }, logins: ['1//refresh'], ...options }))

const vertex = (file?: object) => keyOf(file === undefined ? VERTEX : { ...VERTEX, serviceAccountJson: JSON.stringify(file) }) // prettier-ignore

describe('a service account', () => {
  it('of the settings shows a claim that it signed, against a token', async () => {
    const clock = new Clock()
    const service = await google({ now: clock.now })
    const { credentials } = newCredentials({
      clock,
      environment: { CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token` },
    })
    const headers = await credentials.google(vertex(ACCOUNT))
    expect(headers).toEqual({ authorization: `Bearer ${[...service.tokens][0]}` })
    clock.pass(54)
    expect(credentials.google(vertex(ACCOUNT))).toBe(headers)
    clock.pass(5.9)
    expect(await credentials.google(vertex(ACCOUNT))).toEqual({ authorization: 'Bearer ya29.token-2' })
  })

  it('of GOOGLE_APPLICATION_CREDENTIALS', async () => {
    const clock = new Clock()
    const service = await google({ now: clock.now })
    const home = homeWith({ 'key.json': JSON.stringify(ACCOUNT), [WELL_KNOWN]: JSON.stringify(LOGIN) })
    const environment = { CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token`, GOOGLE_APPLICATION_CREDENTIALS: join(home, 'key.json') } // prettier-ignore
    const { credentials } = newCredentials({ clock, home, environment })
    expect(await credentials.google(vertex())).toEqual({ authorization: `Bearer ${[...service.tokens][0]}` })
  })
})

describe("somebody's own login", () => {
  it.each([
    ['says who pays', {}, 'who-pays'],
    ['lets the environment say who pays', { GOOGLE_CLOUD_QUOTA_PROJECT: 'other' }, 'other'],
  ])('as gcloud writes it %s', async (_title, more, payer) => {
    const service = await google({})
    const home = homeWith({ [WELL_KNOWN]: JSON.stringify(LOGIN) })
    const environment = { CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token`, ...more }
    const { credentials } = newCredentials({ home, environment })
    expect(await credentials.google(vertex())).toEqual({
      authorization: `Bearer ${[...service.tokens][0]}`,
      'x-goog-user-project': payer,
    })
  })

  it('is found where CLOUDSDK_CONFIG says', async () => {
    const service = await google({})
    const home = homeWith({ 'gcloud/application_default_credentials.json': JSON.stringify(LOGIN) })
    const environment = {
      CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token`,
      CLOUDSDK_CONFIG: join(home, 'gcloud'),
    }
    await newCredentials({ environment }).credentials.google(vertex())
    expect(service.tokens.size).toBe(1)
  })
})

describe('an impersonated account', () => {
  it('takes two steps', async () => {
    const service = await google({ impersonated: ['other@my-project.iam.gserviceaccount.com'] })
    const file = { type: 'impersonated_service_account', source_credentials: LOGIN, service_account_impersonation_url: service.url + IMPERSONATION } // prettier-ignore
    const { credentials } = newCredentials({
      environment: { CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token` },
    })
    expect(await credentials.google(vertex(file))).toEqual({ authorization: 'Bearer ya29.token-2' })
  })
})

describe('an external account', () => {
  const external = (url: string, source: object, more = {}) => ({
    type: 'external_account',
    audience: AUDIENCE,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${url}/v1/token`,
    credential_source: source,
    ...more,
  })
  const subjects = (token: string, audience: string) => token === 'eyJ.subject' && audience === AUDIENCE

  it.each([
    ['of a file', { file: 'plain' }],
    ['of JSON in a file', { file: 'json', format: { type: 'json', subject_token_field_name: 'id_token' } }],
    ['of an address', { url: '/plain', headers: { Metadata: 'true' } }],
    [
      'of JSON at an address',
      { url: '/json', format: { type: 'json', subject_token_field_name: 'id_token' } },
    ],
  ])('trades a token %s', async (_title, source: Record<string, unknown>) => {
    const service = await google({ subjects })
    const issuer = opened(
      await startService(({ path, headers }) =>
        path === '/json'
          ? json({ id_token: 'eyJ.subject' })
          : { body: headers['metadata'] === 'true' ? 'eyJ.subject' : '' },
      ),
    )
    const home = homeWith({ plain: 'eyJ.subject\n', json: '{"id_token":"eyJ.subject"}' })
    if (typeof source['file'] === 'string') source = { ...source, file: join(home, source['file']) }
    if (typeof source['url'] === 'string') source = { ...source, url: issuer.url + source['url'] }
    const { credentials } = newCredentials({
      environment: { CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token` },
    })
    expect(await credentials.google(vertex(external(service.url, source)))).toEqual({
      authorization: 'Bearer ya29.token-1',
    })
  })

  it('becomes a service account where the file names one', async () => {
    const service = await google({ subjects, impersonated: ['other@my-project.iam.gserviceaccount.com'] })
    const home = homeWith({ token: 'eyJ.subject' })
    const file = external(service.url, { file: join(home, 'token') }, { service_account_impersonation_url: service.url + IMPERSONATION }) // prettier-ignore
    const { credentials } = newCredentials({
      environment: { CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token` },
    })
    expect(await credentials.google(vertex(file))).toEqual({ authorization: 'Bearer ya29.token-2' })
  })

  it('of AWS shows a request that AWS would accept, and that names Google', async () => {
    const clock = new Clock()
    const accounts = new AwsAccounts(clock.now)
    const keys = accounts.issue(3600)
    const checkSubject = (token: string): boolean => {
      const { url, method, headers } = JSON.parse(decodeURIComponent(token)) as { url: string; method: string; headers: { key: string; value: string }[] } // prettier-ignore
      const { host, pathname, search } = new URL(url)
      const seen = Object.fromEntries(headers.map(({ key, value }) => [key, value]))
      accounts.check({ method, path: pathname + search, headers: seen, body: new Uint8Array() }, { service: 'sts', region: 'eu-west-1' }) // prettier-ignore
      return seen['x-goog-cloud-target-resource'] === AUDIENCE && host === 'sts.eu-west-1.amazonaws.com'
    }
    const service = await google({ subjects: checkSubject })
    const environment = {
      CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token`,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_SESSION_TOKEN: keys.sessionToken,
    }
    const source = {
      environment_id: 'aws1',
      regional_cred_verification_url:
        'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
    }
    const { credentials } = newCredentials({ clock, environment })
    await credentials.google(vertex(external(service.url, source)))
    expect(service.tokens.size).toBe(1)
  })
})

describe('the metadata server', () => {
  it('has the account of this machine', async () => {
    const service = opened(await startGoogleMetadata())
    const { credentials } = newCredentials({ environment: { GCE_METADATA_HOST: new URL(service.url).host } })
    expect(await credentials.google(vertex())).toEqual({ authorization: 'Bearer ya29.machine-1' })
  })

  it('of another cloud is not taken for it', async () => {
    const service = opened(await startService(() => json({ access_token: 'not-googles', expires_in: 60 })))
    const { credentials } = newCredentials({ environment: { GCE_METADATA_HOST: new URL(service.url).host } })
    await expect(credentials.google(vertex())).rejects.toThrow('There are no Google credentials')
  })
})

describe('a file that is no use', () => {
  const WRONG: [title: string, file: object, message: RegExp][] = [
    ['without type', {}, /auth_credentials has no "type" that is known: expected service_account, /],
    ['of a type that is not known', { type: 'gdch_service_account' }, /has no "type" that is known/],
    ['without key', { ...ACCOUNT, private_key: undefined }, /private_key in vertex_key_config\.auth_credentials is no private key/],
    ['with a key that is none', { ...ACCOUNT, private_key: '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----' }, /is no private key in PEM form/],
    ['without e-mail', { ...ACCOUNT, client_email: '' }, /auth_credentials has no client_email/],
    ['with the key of another', { ...ACCOUNT, private_key: newKey().privateKey }, /refuses the service account of vertex_key_config\.auth_credentials with status 400: .*\(invalid_grant\)/],
    ['of another account', { ...ACCOUNT, client_email: 'x@y.iam.gserviceaccount.com' }, /\(invalid_grant\)/],
    ['of a login that was revoked', { ...LOGIN, refresh_token: '1//revoked' }, /refuses the login of vertex_key_config\.auth_credentials with status 400: .*\(invalid_grant\); `gcloud auth application-default login` makes another/],
    ['of a login without secret', { ...LOGIN, client_secret: undefined }, /has no client_secret/],
    ['of an external account without audience', { type: 'external_account', token_url: 'https://sts.googleapis.com/v1/token' }, /has no audience/],
    ['of an external account that names a program', { type: 'external_account', audience: AUDIENCE, subject_token_type: 'x', token_url: 'https://sts.googleapis.com/v1/token', credential_source: { executable: { command: '/bin/true' } } }, /programs and certificates are not asked for tokens/],
    ['of an account impersonated twice', { type: 'impersonated_service_account', source_credentials: { type: 'impersonated_service_account' } }, /are impersonated themselves/],
  ] // prettier-ignore

  it.each(WRONG)('%s says so', async (_title, file, message) => {
    const clock = new Clock()
    const service = await google({ now: clock.now })
    const { credentials } = newCredentials({
      clock,
      environment: { CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token` },
    })
    await expect(credentials.google(vertex(file))).rejects.toMatchObject({
      kind: 'upstream_unauthenticated',
      message: expect.stringMatching(message),
    })
  })

  it('because it is not there says so', async () => {
    const { credentials } = newCredentials({
      environment: { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json' },
    })
    await expect(credentials.google(vertex())).rejects.toThrow(
      'GOOGLE_APPLICATION_CREDENTIALS names /nowhere/key.json, which is not there.',
    )
  })

  it('because there is none says where one could be', async () => {
    const { credentials } = newCredentials()
    await expect(credentials.google(vertex())).rejects.toThrow(
      /auth_credentials is empty, GOOGLE_APPLICATION_CREDENTIALS is not set, .*application_default_credentials\.json is not there/,
    )
  })
})

describe('a file that somebody else wrote', () => {
  const FOREIGN: [title: string, file: object][] = [
    ['token_uri', { ...ACCOUNT, token_uri: 'https://tokens.example/token' }],
    ['token_uri', { ...ACCOUNT, token_uri: 'http://oauth2.googleapis.com/token' }],
    ['token_uri', { ...ACCOUNT, token_uri: 'https://oauth2.googleapis.com.evil.example/token' }],
    ['token_uri', { ...ACCOUNT, token_uri: 'https://evilgoogleapis.com/token' }],
    ['token_uri', { ...ACCOUNT, token_uri: 'https://oauth2.googleapis.com:8443/token' }],
    ['token_uri', { ...ACCOUNT, token_uri: 'https://169.254.169.254/token' }],
    ['token_url', { type: 'external_account', audience: 'a', subject_token_type: 'b', token_url: 'https://sts.example/v1/token' }],
  ] // prettier-ignore

  it.each(FOREIGN)('does not send what it holds elsewhere: %s %#', async (field, file) => {
    const { credentials } = newCredentials()
    await expect(credentials.google(vertex(file))).rejects.toThrow(
      `The ${field} in vertex_key_config.auth_credentials is no https address of Google's`,
    )
  })

  it('does not impersonate elsewhere', async () => {
    const service = await google({})
    const file = { type: 'impersonated_service_account', source_credentials: LOGIN, service_account_impersonation_url: 'https://iam.example/x' } // prettier-ignore
    const { credentials } = newCredentials({
      environment: { CLOUDSDK_AUTH_TOKEN_HOST: `${service.url}/token` },
    })
    await expect(credentials.google(vertex(file))).rejects.toThrow('service_account_impersonation_url')
  })
})
