import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AzureSettings } from '../../../src/providers/authorization.ts'
import { startEntra, startIdentity } from '../../support/cloud/azure.ts'
import type { EntraOptions } from '../../support/cloud/azure.ts'
import { homeWith, keyOf, newCredentials } from '../../support/cloud/credentials.ts'
import { opened } from '../../support/upstream.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APPLICATION = { tenantId: TENANT, clientId: 'app-1', clientSecret: 'aBc8Q~secret/of+the=app' }
const AZURE: AzureSettings = {
  kind: 'azure',
  endpoint: 'https://mine.openai.azure.com',
  apiVersion: '2024-10-21',
  scopes: ['https://cognitiveservices.azure.com/.default'],
}

const entra = async (options: Partial<EntraOptions> = {}) =>
  opened(await startEntra({ ...APPLICATION, ...options }))

describe('an Entra application', () => {
  it('of the settings is let in', async () => {
    const service = await entra()
    const { credentials } = newCredentials({ environment: { AZURE_AUTHORITY_HOST: service.url } })
    const headers = await credentials.azure(keyOf({ ...AZURE, ...APPLICATION }))
    expect(headers).toEqual({ authorization: `Bearer ${[...service.tokens][0]}` })
  })

  it('of the environment is let in', async () => {
    const service = await entra()
    const environment = { AZURE_AUTHORITY_HOST: `${service.url}/`, AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: 'app-1', AZURE_CLIENT_SECRET: APPLICATION.clientSecret } // prettier-ignore
    const headers = await newCredentials({ environment }).credentials.azure(keyOf(AZURE))
    expect(headers).toEqual({ authorization: `Bearer ${[...service.tokens][0]}` })
  })

  it('with other scopes asks for them', async () => {
    const service = await entra({ scope: 'https://ai.azure.com/.default' })
    const { credentials } = newCredentials({ environment: { AZURE_AUTHORITY_HOST: service.url } })
    await credentials.azure(keyOf({ ...AZURE, ...APPLICATION, scopes: ['https://ai.azure.com/.default'] }))
    expect(service.tokens.size).toBe(1)
  })

  it('gets its token anew before the old one ends', async () => {
    const service = await entra({ lifetimeSeconds: 3600 })
    const { credentials, clock } = newCredentials({ environment: { AZURE_AUTHORITY_HOST: service.url } })
    const key = keyOf({ ...AZURE, ...APPLICATION })
    const first = await credentials.azure(key)
    clock.pass(54)
    expect(credentials.azure(key)).toBe(first)
    clock.pass(2)
    expect(credentials.azure(key)).toBe(first)
    await expect.poll(() => credentials.azure(key)).not.toBe(first)
    expect(service.requests).toHaveLength(2)
  })

  it('is asked for once by a hundred calls, and again when its settings change', async () => {
    const service = await entra()
    const { credentials } = newCredentials({ environment: { AZURE_AUTHORITY_HOST: service.url } })
    const compiled = () => keyOf({ ...AZURE, ...APPLICATION })
    await Promise.all(Array.from({ length: 100 }, async () => credentials.azure(compiled())))
    expect(service.requests).toHaveLength(1)
    credentials.keepOnly([compiled()])
    expect(credentials.azure(compiled())).not.toBeInstanceOf(Promise)
    credentials.keepOnly([])
    await credentials.azure(compiled())
    expect(service.requests).toHaveLength(2)
  })
})

describe('a workload identity', () => {
  it('shows the token of its file, as it is now', async () => {
    const service = await entra({ federated: 'eyJ.workload.1' })
    const home = homeWith({ token: 'eyJ.workload.1\n' })
    const environment = { AZURE_AUTHORITY_HOST: service.url, AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: 'app-1', AZURE_FEDERATED_TOKEN_FILE: join(home, 'token') } // prettier-ignore
    await newCredentials({ environment }).credentials.azure(keyOf(AZURE))
    expect(service.tokens.size).toBe(1)
  })
})

describe('a managed identity', () => {
  it.each([
    ['of the system', {}, {}],
    ['of the settings', { clientId: 'id-1' }, { clientId: 'id-1' }],
  ])('of a virtual machine, %s', async (_title, settings, options) => {
    const service = opened(await startIdentity(options))
    const environment = { AZURE_POD_IDENTITY_AUTHORITY_HOST: service.url }
    const { credentials } = newCredentials({ environment })
    expect(await credentials.azure(keyOf({ ...AZURE, ...settings }))).toEqual({
      authorization: `Bearer ${[...service.tokens][0]}`,
    })
  })

  it('of App Service, until the time that it says', async () => {
    const { clock } = newCredentials()
    const service = opened(await startIdentity({ secret: 's3cret', now: clock.now, lifetimeSeconds: 7200 }))
    const environment = { IDENTITY_ENDPOINT: `${service.url}/msi/token`, IDENTITY_HEADER: 's3cret' }
    const { credentials } = newCredentials({ environment, clock })
    await credentials.azure(keyOf(AZURE))
    clock.pass(110)
    expect(credentials.azure(keyOf(AZURE))).toEqual({ authorization: `Bearer ${[...service.tokens][0]}` })
    clock.pass(15)
    await expect
      .poll(() => credentials.azure(keyOf(AZURE)))
      .toEqual({ authorization: 'Bearer eyJ0eXAi.identity.2' })
  })
})

const REFUSALS: [title: string, settings: object, environment: object, message: RegExp][] = [
  ['a wrong secret', { ...APPLICATION, clientSecret: 'wrong-secret-1' }, {}, /^127\.0\.0\.1:\d+ refuses the application of azure_key_config with status 401: the client secret is wrong; .*\(AADSTS7000215\)\.$/],
  ['another application', { ...APPLICATION, clientId: 'app-2' }, {}, /no such application \(AADSTS700016\)/],
  ['another tenant', { ...APPLICATION, tenantId: 'other' }, {}, /no such tenant \(AADSTS90002\)/],
  ['another scope', { ...APPLICATION, scopes: ['https://x.example/.default'] }, {}, /scope \(AADSTS70011\)/],
  ['a workload that is not trusted', {}, { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: 'app-1', AZURE_FEDERATED_TOKEN_FILE: 'package.json' }, /refuses the workload identity of AZURE_FEDERATED_TOKEN_FILE .*AADSTS70021/],
  ['a token file that is not there', {}, { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: 'app-1', AZURE_FEDERATED_TOKEN_FILE: '/nowhere/token' }, /AZURE_FEDERATED_TOKEN_FILE names \/nowhere\/token, which is not there/],
  ['an authority that is no address', APPLICATION, { AZURE_AUTHORITY_HOST: 'login' }, /AZURE_AUTHORITY_HOST is no http/],
  ['nothing at all', {}, {}, /^There are no Azure credentials: the key has no value, .*no managed identity\.$/],
] // prettier-ignore

it.each(REFUSALS)('%s is a refusal that says so', async (_title, settings, environment, message) => {
  const service = await entra()
  const { credentials } = newCredentials({
    environment: { AZURE_AUTHORITY_HOST: service.url, ...environment },
  })
  const fetched = Promise.resolve(credentials.azure(keyOf({ ...AZURE, ...settings })))
  await expect(fetched).rejects.toMatchObject({
    kind: 'upstream_unauthenticated',
    message: expect.stringMatching(message),
  })
})

it('an identity that is not assigned is a refusal that says so', async () => {
  const service = opened(await startIdentity({ clientId: 'id-1' }))
  const { credentials } = newCredentials({ environment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: service.url } })
  await expect(credentials.azure(keyOf({ ...AZURE, clientId: 'id-2' }))).rejects.toThrow(
    /refuses the managed identity of id-2 with status 400: nothing of that identity is assigned to this machine/,
  )
})
