import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AwsIdentity, BedrockSettings } from '../../../src/providers/authorization.ts'
import { AwsAccounts } from '../../support/cloud/aws-accounts.ts'
import { startContainerAgent, startInstanceMetadata } from '../../support/cloud/aws-metadata.ts'
import { startSso } from '../../support/cloud/aws-sso.ts'
import type { SsoOptions } from '../../support/cloud/aws-sso.ts'
import { startSts } from '../../support/cloud/aws-sts.ts'
import { Clock, homeWith, keyOf, newCredentials } from '../../support/cloud/credentials.ts'
import { opened } from '../../support/upstream.ts'

const BEDROCK: BedrockSettings = { kind: 'bedrock', region: 'us-east-1' }
const ROLE = 'arn:aws:iam::123456789012:role/gateway'
const OTHER_ROLE = 'arn:aws:iam::123456789012:role/other'
const OWN = { accessKeyId: 'AKIAOWNEXAMPLE', secretAccessKey: 'own/secret+of/the/user' }
const OWN_SETTINGS = { accessKey: OWN.accessKeyId, secretKey: OWN.secretAccessKey }
const OWN_VARIABLES = { AWS_ACCESS_KEY_ID: OWN.accessKeyId, AWS_SECRET_ACCESS_KEY: OWN.secretAccessKey }
const OWN_PROFILE = `aws_access_key_id = ${OWN.accessKeyId}\naws_secret_access_key=${OWN.secretAccessKey}`

async function aws() {
  const clock = new Clock()
  const accounts = new AwsAccounts(clock.now)
  accounts.add(OWN)
  const roles = { [ROLE]: { externalId: 'partner 7', webIdentity: 'eyJ.pod' }, [OTHER_ROLE]: {} }
  const sts = opened(await startSts({ accounts, roles }))
  const environment = { AWS_ENDPOINT_URL_STS: sts.url }
  return { clock, accounts, sts, environment }
}

/** What the credentials of a machine are, by the form of their keys. */
async function identityWith(
  options: Parameters<typeof newCredentials>[0],
  settings: object = {},
): Promise<AwsIdentity> {
  return newCredentials(options).credentials.aws(keyOf({ ...BEDROCK, ...settings }))
}

const session = (number: number) => ({
  accessKeyId: `ASIA${number}EXAMPLE`,
  secretAccessKey: `secret/of+the/${number}th`,
  sessionToken: `FwoGZXIvYXdzE//token/${number}+of/a+role==`,
})

describe('keys', () => {
  it.each([
    ['of the settings', { ...OWN_SETTINGS, sessionToken: 't' }, OWN_VARIABLES, { ...OWN, sessionToken: 't' }],
    ['of the settings, of a person', OWN_SETTINGS, { AWS_SESSION_TOKEN: 't' }, OWN],
    ['of the environment', {}, { ...OWN_VARIABLES, AWS_SESSION_TOKEN: 't' }, { ...OWN, sessionToken: 't' }],
  ])('%s', async (_title, settings, environment, expected) => {
    expect(await identityWith({ environment }, settings)).toEqual(expected)
  })

  it('of the settings stay the same object, so that their signing keys are kept', async () => {
    const { credentials, clock } = newCredentials()
    const key = keyOf({ ...BEDROCK, ...OWN_SETTINGS })
    const identity = await credentials.aws(key)
    clock.pass(1e6)
    expect(credentials.aws(key)).toBe(identity)
  })
})

describe('a role of the settings', () => {
  const settings = { ...OWN_SETTINGS, roleArn: ROLE, externalId: 'partner 7' }

  it('is taken with the keys beside it, signed, and with the external id', async () => {
    const { sts, ...machine } = await aws()
    expect(await identityWith(machine, settings)).toEqual(session(1))
    expect(sts.requests[0]?.headers['authorization']).toContain(
      `Credential=${OWN.accessKeyId}/20260102/us-east-1/sts/`,
    )
    expect(new URLSearchParams(Buffer.from(sts.requests[0]!.body).toString()).get('RoleSessionName')).toBe(
      'signalbox',
    )
  })

  it('is taken with what the machine has', async () => {
    const machine = await aws()
    const environment = { ...machine.environment, ...OWN_VARIABLES }
    expect(await identityWith({ ...machine, environment }, { roleArn: OTHER_ROLE, sessionName: 'team@a' })).toEqual(session(1)) // prettier-ignore
    expect(new URLSearchParams(Buffer.from(machine.sts.requests[0]!.body).toString()).get('RoleSessionName')).toBe('team@a') // prettier-ignore
  })

  it('is taken again before it ends, beside the calls', async () => {
    const machine = await aws()
    const { credentials } = newCredentials(machine)
    const key = keyOf({ ...BEDROCK, ...settings })
    const first = await credentials.aws(key)
    machine.clock.pass(56)
    expect(credentials.aws(key)).toBe(first)
    await expect.poll(() => credentials.aws(key)).toEqual(session(2))
    machine.clock.pass(59.9)
    expect(await credentials.aws(key)).toEqual(session(3))
  })

  const REFUSALS: [title: string, changes: object, message: RegExp][] = [
    ['another external id', { externalId: 'partner 8' }, /refuses the role of bedrock_key_config\.role_arn with status 403: .*external id \(AccessDenied\)/],
    ['no external id', { externalId: undefined }, /\(AccessDenied\)/],
    ['a role that is not there', { roleArn: `${ROLE}2` }, /\(AccessDenied\)/],
    ['a wrong secret', { secretKey: 'wrong' }, /the secret key does not belong to the access key \(SignatureDoesNotMatch\)/],
    ['an access key that is not there', { accessKey: 'AKIANOBODY' }, /it does not know the access key \(UnrecognizedClientException\)/],
    ['a session that is not there', { sessionToken: 'other' }, /\(InvalidClientTokenId\)/],
  ] // prettier-ignore

  it.each(REFUSALS)('with %s is a refusal that says so', async (_title, changes, message) => {
    await expect(identityWith(await aws(), { ...settings, ...changes })).rejects.toMatchObject({
      kind: 'upstream_unauthenticated',
      message: expect.stringMatching(message),
    })
  })
})

describe('a web identity', () => {
  it('of the environment is traded for a role, unsigned', async () => {
    const machine = await aws()
    const home = homeWith({ token: 'eyJ.pod\n' })
    const environment = { ...machine.environment, AWS_WEB_IDENTITY_TOKEN_FILE: join(home, 'token'), AWS_ROLE_ARN: ROLE, AWS_ROLE_SESSION_NAME: 'pod' } // prettier-ignore
    expect(await identityWith({ ...machine, environment })).toEqual(session(1))
    await expect(
      identityWith({ ...machine, environment: { ...environment, AWS_ROLE_ARN: OTHER_ROLE } }),
    ).rejects.toThrow('refuses the role of AWS_ROLE_ARN with status 400: it does not trust the token')
  })
})

describe('the shared files', () => {
  const FOUND: [title: string, files: { config?: string; credentials?: string }, profile: string | undefined, expected: AwsIdentity][] = [
    ['keys of default', { credentials: `[default]\n${OWN_PROFILE}` }, undefined, OWN],
    ['keys in the config', { config: `[default]\nregion = eu-west-1\n${OWN_PROFILE}` }, undefined, OWN],
    ['keys of a profile, with a session', { config: '[profile work]\naws_access_key_id=x', credentials: `[work]\n${OWN_PROFILE}\naws_session_token = t` }, 'work', { ...OWN, sessionToken: 't' }],
    ['a name with a space, and remarks', { config: `# mine\n[profile "my work"] # here\n; no\n${OWN_PROFILE} # not this\n` }, 'my work', OWN],
    ['settings below a setting', { config: `[default]\ns3 =\n  aws_access_key_id = no\n${OWN_PROFILE}` }, undefined, OWN],
    ['lines of Windows', { credentials: `[default]\r\n${OWN_PROFILE.replace('\n', '\r\n')}\r\n` }, undefined, OWN],
    ['a role from another profile', { config: `[profile a]\nrole_arn=${ROLE}\nexternal_id = partner 7\nsource_profile=b\nduration_seconds=900\n[profile b]\n${OWN_PROFILE}` }, 'a', session(1)],
    ['a role from a role', { config: `[profile a]\nrole_arn=${OTHER_ROLE}\nsource_profile=b\n[profile b]\nrole_arn=${OTHER_ROLE}\nsource_profile=c\n[profile c]\n${OWN_PROFILE}` }, 'a', session(2)],
    ['a role from its own keys', { config: `[profile a]\nrole_arn=${OTHER_ROLE}\nsource_profile=a\n${OWN_PROFILE}` }, 'a', session(1)],
    ['a role from the environment', { config: `[profile a]\nrole_arn=${OTHER_ROLE}\ncredential_source=Environment` }, 'a', session(1)],
  ] // prettier-ignore

  it.each(FOUND)('have %s', async (_title, { config = '', credentials = '' }, profile, expected) => {
    const machine = await aws()
    const home = homeWith({ '.aws/config': config, '.aws/credentials': credentials })
    const named = profile === undefined ? {} : { ...OWN_VARIABLES, AWS_PROFILE: profile }
    const environment = { ...machine.environment, ...named }
    expect(await identityWith({ ...machine, environment, home })).toEqual(expected)
  })

  it('are where variables say', async () => {
    const home = homeWith({ one: '[default]\nrole_arn=x', two: `[default]\n${OWN_PROFILE}` })
    const environment = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: join(home, 'two') }
    expect(await identityWith({ environment })).toEqual(OWN)
  })

  it('are read again after a minute: tools that log in write new keys into them', async () => {
    const home = homeWith({ '.aws/credentials': `[default]\n${OWN_PROFILE}` })
    const { credentials, clock } = newCredentials({ home })
    await credentials.aws(keyOf(BEDROCK))
    writeFileSync(join(home, '.aws/credentials'), `[default]\n${OWN_PROFILE}\naws_session_token = new`)
    clock.pass(0.9)
    expect(credentials.aws(keyOf(BEDROCK))).toEqual(OWN)
    clock.pass(0.2)
    await expect.poll(() => credentials.aws(keyOf(BEDROCK))).toEqual({ ...OWN, sessionToken: 'new' })
  })

  const WRONG: [title: string, config: string, profile: string | undefined, message: RegExp][] = [
    ['have no such profile', '', 'work', /have no profile work\.$/],
    ['have no such source', `[profile a]\nrole_arn=${ROLE}\nsource_profile=b`, 'a', /have no profile b\.$/],
    ['lead in a circle', `[profile a]\nrole_arn=${ROLE}\nsource_profile=b\n[profile b]\nrole_arn=${ROLE}\nsource_profile=a`, 'a', /profiles a, b, a take their roles from each other/],
    ['lead to themselves without keys', `[profile a]\nrole_arn=${ROLE}\nsource_profile=a`, 'a', /takes its role from itself, without keys/],
    ['have a role without source', `[profile a]\nrole_arn=${ROLE}`, 'a', /has a role_arn and no source/],
    ['have a role whose source has nothing', `[profile a]\nrole_arn=${ROLE}\nsource_profile=b\n[profile b]\nregion=x`, 'a', /from a source that has no credentials/],
    ['want a code', `[profile a]\nrole_arn=${ROLE}\nsource_profile=b\nmfa_serial=arn:aws:iam::1:mfa/x`, 'a', /wants a code of a device/],
    ['name a program', '[default]\ncredential_process = /bin/touch /tmp/started', undefined, /the gateway starts no programs/],
    ['have a profile with nothing', '[profile a]\nregion = x', 'a', /The AWS profile a has no credentials/],
    ['have a login that ended', '[profile a]\nsso_session=s\nsso_account_id=1\nsso_role_name=r\n[sso-session s]\nsso_region=us-east-1\nsso_start_url=https://x.awsapps.com/start', 'a', /login of the AWS profile a has ended: run `aws sso login --profile a`/],
    ['have a login without region', '[profile a]\nsso_session=s\nsso_account_id=1\nsso_role_name=r', 'a', /The AWS profile a has no sso_region/],
  ] // prettier-ignore

  it.each(WRONG)('%s: that is said', async (_title, config, profile, message) => {
    const machine = await aws()
    const environment = { ...machine.environment, ...(profile && { AWS_PROFILE: profile }) }
    const found = identityWith({ ...machine, environment, home: homeWith({ '.aws/config': config }) })
    await expect(found).rejects.toMatchObject({
      kind: 'upstream_unauthenticated',
      message: expect.stringMatching(message),
    })
  })
})

describe('a login of IAM Identity Center', () => {
  const CONFIG = `[default]
sso_session = my-sso
sso_account_id = 123456789012
sso_role_name = Developer
[sso-session my-sso]
sso_region = eu-west-1
sso_start_url = https://mine.awsapps.com/start
sso_registration_scopes = sso:account:access`
  const LEGACY = `[default]
sso_start_url = https://mine.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = Developer`
  const cacheFile = (id: string) => `.aws/sso/cache/${createHash('sha1').update(id).digest('hex')}.json`
  const RENEWABLE = { clientId: 'client', clientSecret: 'client-secret', refreshToken: 'refresh-1', startUrl: 'https://mine.awsapps.com/start' } // prettier-ignore

  async function sso(config: string, id: string, cached: object, service: Partial<SsoOptions> = {}) {
    const clock = new Clock()
    const accounts = new AwsAccounts(clock.now)
    const options = {
      accounts,
      accessToken: 'login-1',
      accountId: '123456789012',
      roleName: 'Developer',
      ...service,
    }
    const portal = opened(await startSso(options))
    const home = homeWith({ '.aws/config': config, [cacheFile(id)]: JSON.stringify(cached) })
    const environment = { AWS_ENDPOINT_URL_SSO: portal.url, AWS_ENDPOINT_URL_SSO_OIDC: portal.url }
    return { clock, portal, home, environment, cache: join(home, cacheFile(id)) }
  }
  const at = (clock: Clock, minutes: number) => new Date(clock.ms + minutes * 60_000).toISOString()
  const now = new Clock()

  it.each([
    ['of a session', CONFIG, 'my-sso'],
    ['of the older kind', LEGACY, 'https://mine.awsapps.com/start'],
  ])('%s gives keys of the role', async (_title, config, id) => {
    const machine = await sso(config, id, { accessToken: 'login-1', expiresAt: at(now, 60) })
    expect(await identityWith(machine)).toEqual(session(1))
  })

  it('is renewed when it has ended, and the new one left for the other tools', async () => {
    const machine = await sso(CONFIG, 'my-sso', { ...RENEWABLE, accessToken: 'old', expiresAt: at(now, -1) }, { refreshToken: 'refresh-1' }) // prettier-ignore
    expect(await identityWith(machine)).toEqual(session(1))
    expect(JSON.parse(readFileSync(machine.cache, 'utf8'))).toEqual({
      ...RENEWABLE,
      accessToken: 'renewed-login-1',
      refreshToken: 'renewal-1',
      expiresAt: at(machine.clock, 60),
    })
    expect(statSync(machine.cache).mode & 0o777).toBe(0o600)
  })

  it('that is about to end is used where it cannot be renewed', async () => {
    const cached = { ...RENEWABLE, accessToken: 'login-1', expiresAt: at(now, 3) }
    expect(await identityWith(await sso(CONFIG, 'my-sso', cached))).toEqual(session(1))
  })

  it.each([
    [
      'has ended',
      { accessToken: 'login-1', expiresAt: at(now, -1) },
      /has ended: run `aws sso login --profile default`/,
    ],
    [
      'was revoked',
      { accessToken: 'revoked', expiresAt: at(now, 60) },
      /refuses the login of the AWS profile default with status 401: run `aws sso login/,
    ],
    [
      'cannot be renewed',
      { ...RENEWABLE, accessToken: 'old', expiresAt: at(now, -1) },
      /refuses to renew the login of the AWS profile default with status 400: run `aws sso login/,
    ],
    ['is no login', { expiresAt: at(now, 60) }, /has ended: run/],
  ])('that %s says what to do', async (_title, cached, message) => {
    await expect(identityWith(await sso(CONFIG, 'my-sso', cached))).rejects.toThrow(message)
  })
})

describe('metadata', () => {
  it('of an instance gives keys of its role, against a session', async () => {
    const { accounts, clock } = await aws()
    const service = opened(await startInstanceMetadata(accounts, 'gateway role'))
    const environment = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: service.url }
    expect(await identityWith({ environment, clock })).toEqual(session(1))
    expect(service.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'PUT /latest/api/token',
      'GET /latest/meta-data/iam/security-credentials/',
      'GET /latest/meta-data/iam/security-credentials/gateway%20role',
    ])
  })

  it('of an instance is the source of a role in a profile', async () => {
    const machine = await aws()
    const service = opened(await startInstanceMetadata(machine.accounts, 'gateway'))
    const home = homeWith({ '.aws/config': `[default]\nrole_arn=${OTHER_ROLE}\ncredential_source=Ec2InstanceMetadata` }) // prettier-ignore
    const environment = { ...machine.environment, AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: service.url } // prettier-ignore
    expect(await identityWith({ ...machine, home, environment })).toEqual(session(2))
  })

  it.each([
    ['without role', undefined],
    ['that are switched off', 'gateway'],
  ])('of an instance %s are none', async (title, role) => {
    const { accounts } = await aws()
    const service = opened(await startInstanceMetadata(accounts, role))
    const off = title.includes('off') ? 'true' : 'false'
    const environment = { AWS_EC2_METADATA_DISABLED: off, AWS_EC2_METADATA_SERVICE_ENDPOINT: service.url }
    await expect(identityWith({ environment })).rejects.toThrow(
      /^There are no AWS credentials: bedrock_key_config has no/,
    )
  })

  it.each([
    ['a variable', { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'pod-token' }],
    ['a file', { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: 'token' }],
  ])(
    'of a container gives keys of its role, against the token of %s',
    async (_title, variables: Record<string, string>) => {
      const { accounts, clock } = await aws()
      const service = opened(await startContainerAgent(accounts, 'pod-token'))
      const home = homeWith({ token: 'pod-token\n' })
      const environment: Record<string, string> = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service.url}/v1/credentials`, ...variables } // prettier-ignore
      if ('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE' in variables)
        environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] = join(home, 'token')
      expect(await identityWith({ environment, clock })).toEqual(session(1))
      environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'] = 'other'
      delete environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
      await expect(identityWith({ environment, clock })).rejects.toThrow(
        /refuses the role of this container with status 401/,
      )
    },
  )

  it.each([
    'http://evil.example/creds',
    'http://127.0.0.1.evil.example/',
    'http://10.0.0.1/',
    'file:///etc/passwd',
    'x',
  ])('of a container is not asked at %s', async (address) => {
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: address,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 't',
    }
    await expect(identityWith({ environment })).rejects.toThrow(
      /neither https nor an address of the container agent/,
    )
  })
})
