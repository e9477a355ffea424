import { describe, expect, it } from 'vitest'
import { authorizeAws, authorizeAzure, authorizeGoogle } from '../../src/providers/cloud-auth.ts'
import type {
  Authorize,
  AuthorizedKey,
  CloudCredentials,
  CloudSettings,
} from '../../src/providers/authorization.ts'
import { AwsAccounts } from '../support/cloud/aws-accounts.ts'

const AZURE = { kind: 'azure', endpoint: 'https://a.example', apiVersion: 'v', scopes: [] } as const
const APPLICATION = { ...AZURE, clientId: 'a', clientSecret: 'b', tenantId: 'c' }
const VERTEX = { kind: 'vertex', projectId: 'p', region: 'r' } as const
const BEDROCK = { kind: 'bedrock', region: 'us-west-2' } as const

const TOKEN = { authorization: 'Bearer token' }
const CREDENTIALS: CloudCredentials = {
  google: () => TOKEN,
  azure: () => TOKEN,
  aws: () => ({ accessKeyId: 'AKID', secretAccessKey: 'secret' }),
  distrust: () => undefined,
}
const POST = {
  method: 'POST',
  origin: 'https://bedrock-runtime.us-east-1.amazonaws.com',
  path: '/model/anthropic.claude-v2%3A1/invoke',
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{}'),
}

const HEADERS: [title: string, authorize: Authorize, cloud: CloudSettings | undefined, value: string, path: string, expected: object][] = [
  ['Azure: an API key', authorizeAzure, AZURE, 'k', '/openai/deployments/d/chat/completions', { 'api-key': 'k' }],
  ['Azure: an API key for Claude', authorizeAzure, AZURE, 'k', '/anthropic/v1/messages', { 'x-api-key': 'k' }],
  ['Azure: an application before an API key', authorizeAzure, APPLICATION, 'k', '/openai', TOKEN],
  ['Azure: an API key before a managed identity', authorizeAzure, { ...AZURE, clientId: 'id' }, 'k', '/openai', { 'api-key': 'k' }],
  ['Azure: a managed identity', authorizeAzure, AZURE, '', '/openai', TOKEN],
  ['Google: an API key', authorizeGoogle, VERTEX, 'k', '/v1/publishers', { 'x-goog-api-key': 'k' }],
  ['Google: an API key without a project', authorizeGoogle, undefined, 'k', '/v1/publishers', { 'x-goog-api-key': 'k' }],
  ['Google: an account before an API key', authorizeGoogle, { ...VERTEX, serviceAccountJson: '{}' }, 'k', '/v1', TOKEN],
  ['Google: what the machine is', authorizeGoogle, VERTEX, '', '/v1', TOKEN],
  ['AWS: a Bedrock API key', authorizeAws, BEDROCK, 'k', '/model', { authorization: 'Bearer k' }],
] // prettier-ignore

it.each(HEADERS)('%s', (_title, authorize, cloud, value, path, expected) => {
  expect(authorize({ ...POST, path }, { id: 'k', value, cloud }, CREDENTIALS)).toEqual(expected)
})

describe('a signature for AWS', () => {
  const KEY: AuthorizedKey = { id: 'k', value: '', cloud: BEDROCK }

  /** Checks as the service at this host would. */
  const check = async (request: typeof POST, credentials: CloudCredentials, accounts: AwsAccounts, scope: { service: string; region: string }) => {
    const headers = { ...request.headers, ...(await authorizeAws(request, KEY, credentials)) }
    return accounts.check({ ...request, headers: { ...headers, host: new URL(request.origin).host } }, scope)
  } // prettier-ignore

  const HOSTS: [origin: string, service: string, region: string][] = [
    ['https://bedrock-runtime.us-east-1.amazonaws.com', 'bedrock', 'us-east-1'],
    ['https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com', 'bedrock', 'us-gov-west-1'],
    ['https://bedrock-runtime.cn-north-1.amazonaws.com.cn', 'bedrock', 'cn-north-1'],
    ['https://bedrock-agent-runtime.eu-west-1.amazonaws.com', 'bedrock', 'eu-west-1'],
    ['https://bedrock-mantle.us-east-2.api.aws', 'bedrock-mantle', 'us-east-2'],
    ['https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com', 'bedrock', 'us-west-2'],
    ['http://127.0.0.1:8080', 'bedrock', 'us-west-2'],
  ]
  it.each(HOSTS)('to %s is of the service %s in %s', async (origin, service, region) => {
    const accounts = new AwsAccounts()
    accounts.add({ accessKeyId: 'AKID', secretAccessKey: 'secret' })
    await expect(
      check({ ...POST, origin }, CREDENTIALS, accounts, { service, region }),
    ).resolves.toBeDefined()
  })

  it.each([
    '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream',
    '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-v2%3A1/invoke',
    '/model/a%20b(c)!*/invoke?x=1&a%3D=%2F',
  ])('of %s is right, with the token of a session', async (path) => {
    const accounts = new AwsAccounts()
    const { accessKeyId, secretAccessKey, sessionToken } = accounts.issue(3600)
    const credentials = { ...CREDENTIALS, aws: () => ({ accessKeyId, secretAccessKey, sessionToken }) }
    await check({ ...POST, path }, credentials, accounts, { service: 'bedrock', region: 'us-east-1' })
  })

  it('waits for keys that have to be fetched, and only for them', async () => {
    const accounts = new AwsAccounts()
    accounts.add({ accessKeyId: 'AKID', secretAccessKey: 'secret' })
    const waiting = { ...CREDENTIALS, aws: async () => ({ accessKeyId: 'AKID', secretAccessKey: 'secret' }) }
    expect(authorizeAws(POST, KEY, waiting)).toBeInstanceOf(Promise)
    expect(authorizeAws(POST, KEY, CREDENTIALS)).not.toBeInstanceOf(Promise)
    await check(POST, waiting, accounts, { service: 'bedrock', region: 'us-east-1' })
  })

  it('does not cover what a proxy may change', () => {
    const headers = { ...POST.headers, 'accept-encoding': 'identity', 'user-agent': 'x', 'x-amzn-bedrock-trace': 'ENABLED', 'x-amz-test': '1' } // prettier-ignore
    const signed = authorizeAws({ ...POST, headers }, KEY, CREDENTIALS)
    expect(signed).toMatchObject({
      authorization: expect.stringContaining('SignedHeaders=content-type;host;x-amz-date;x-amz-test,'),
    })
  })
})
