import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { CloudSettings } from '../../../src/providers/authorization.ts'
import { compileCloud } from '../../../src/stores/config/compile-cloud.ts'
import type { Environment } from '../../../src/stores/config/registry.ts'

type Kind = CloudSettings['kind']

const compile = (kind: Kind, config: object | undefined, environment: Environment = {}) =>
  compileCloud(kind, { [`${kind}_key_config`]: config }, environment)

const ENDPOINT = 'https://mine.openai.azure.com'
const ENTRA = { endpoint: ENDPOINT, client_id: 'app', client_secret: 's~1', tenant_id: '72f9-88bf' }
const ACCOUNT = JSON.stringify({ type: 'service_account', project_id: 'own-project', client_email: 'a@b.c' })
const PLACE = { project_id: 'my-project', region: 'us-east5' }
const KEYS = { access_key: 'AKIDEXAMPLE', secret_key: 's/e+c' }
const ROLE = 'arn:aws:iam::123456789012:role/team/gateway'
const PROFILES = 'arn:aws:bedrock:eu-central-1:123456789012:inference-profile'

const USABLE: [title: string, kind: Kind, config: object | undefined, expected: object][] = [
  ['an API key of Azure', 'azure', { endpoint: `${ENDPOINT}/` }, { kind: 'azure', endpoint: ENDPOINT, apiVersion: '2024-10-21', scopes: ['https://cognitiveservices.azure.com/.default'] }],
  ['an endpoint without its scheme', 'azure', { endpoint: 'mine.openai.azure.com' }, { endpoint: ENDPOINT }],
  ['an endpoint by reference', 'azure', { endpoint: 'env.A' }, { endpoint: ENDPOINT }],
  ['an Entra application', 'azure', ENTRA, { clientId: 'app', clientSecret: 's~1', tenantId: '72f9-88bf' }],
  ['a managed identity of its own id', 'azure', { endpoint: ENDPOINT, client_id: 'app' }, { clientId: 'app' }],
  ['a version and scopes', 'azure', { endpoint: ENDPOINT, api_version: '2025-04-01-preview', scopes: ['https://ai.azure.com/.default'] }, { apiVersion: '2025-04-01-preview', scopes: ['https://ai.azure.com/.default'] }],
  ['no scopes', 'azure', { endpoint: ENDPOINT, scopes: [] }, { scopes: ['https://cognitiveservices.azure.com/.default'] }],
  ['what this machine is at Google', 'vertex', PLACE, { kind: 'vertex', projectId: 'my-project', region: 'us-east5' }],
  ['a service account', 'vertex', { ...PLACE, auth_credentials: ACCOUNT }, { projectId: 'my-project', serviceAccountJson: ACCOUNT }],
  ['a service account, of whose project it is', 'vertex', { region: 'global', auth_credentials: 'env.B' }, { projectId: 'own-project', region: 'global', serviceAccountJson: ACCOUNT }],
  ['the number of a project', 'vertex', { ...PLACE, project_number: '42' }, { projectNumber: '42' }],
  ['keys of AWS', 'bedrock', { ...KEYS, session_token: 't', region: 'eu-west-1' }, { kind: 'bedrock', region: 'eu-west-1', accessKey: 'AKIDEXAMPLE', secretKey: 's/e+c', sessionToken: 't' }],
  ['a role', 'bedrock', { region: 'us-west-2', role_arn: ROLE, external_id: 'x 1', session_name: 'team@a' }, { roleArn: ROLE, externalId: 'x 1', sessionName: 'team@a' }],
  ['a prefix of profiles, and its region', 'bedrock', { arn: `${PROFILES}/` }, { arn: PROFILES, region: 'eu-central-1' }],
  ['nothing at all', 'bedrock', undefined, { kind: 'bedrock', region: 'us-east-1' }],
] // prettier-ignore

it.each(USABLE)('a key with %s is usable', (_title, kind, config, expected) => {
  expect(compile(kind, config, { A: ENDPOINT, B: ACCOUNT })).toMatchObject(expected)
})

it.each([
  ['AWS_REGION', { AWS_REGION: 'eu-north-1', AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-north-1'],
  ['AWS_DEFAULT_REGION', { AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-west-3'],
])('a Bedrock key without region takes it from %s', (_name, environment, region) => {
  expect(compile('bedrock', KEYS, environment)).toMatchObject({ region })
  expect(compile('bedrock', { region: 'us-west-2' }, environment)).toMatchObject({ region: 'us-west-2' })
})

it('leaves out what is not there', () => {
  expect(compile('bedrock', { region: 'us-west-2', access_key: '', secret_key: '' })).toEqual({
    kind: 'bedrock',
    region: 'us-west-2',
  })
})

const UNUSABLE: [title: string, kind: Kind, config: object | undefined, reason: RegExp][] = [
  ['Azure without an address', 'azure', undefined, /^it has no azure_key_config\.endpoint$/],
  ['Azure at no address', 'azure', { endpoint: 'https://' }, /^its azure_key_config\.endpoint is not an address/],
  ['Azure at a file', 'azure', { endpoint: 'file:///etc/passwd' }, /endpoint is not an address/],
  ['Azure at an address that is not set', 'azure', { endpoint: 'env.NONE' }, /^the environment has no NONE$/],
  ['a secret without application', 'azure', { ...ENTRA, client_id: '' }, /client_secret is of no use without client_id$/],
  ['a secret alone', 'azure', { endpoint: ENDPOINT, client_secret: 's~1' }, /without client_id and tenant_id$/],
  ['a tenant that leads elsewhere', 'azure', { ...ENTRA, tenant_id: '../common' }, /tenant_id is not the id or the domain/],
  ['a version that is none', 'azure', { endpoint: ENDPOINT, api_version: '1&x=y' }, /api_version is not a version/],
  ['Vertex without project', 'vertex', { region: 'us-east5' }, /^it has no vertex_key_config\.project_id$/],
  ['Vertex without region', 'vertex', { project_id: 'p' }, /^it has no vertex_key_config\.region$/],
  ['a region that is a host', 'vertex', { ...PLACE, region: 'evil.example/' }, /region is not the name of a region/],
  ['a project that is a path', 'vertex', { ...PLACE, project_id: 'a/../b' }, /project_id is not the id of a project/],
  ['a project in the account that is a path', 'vertex', { region: 'us', auth_credentials: '{"project_id":"a/b"}' }, /project_id is not the id/],
  ['an account that is a path', 'vertex', { ...PLACE, auth_credentials: '/etc/key.json' }, /auth_credentials is not a JSON object/],
  ['an account that is a list', 'vertex', { ...PLACE, auth_credentials: '[]' }, /auth_credentials is not a JSON object/],
  ['an access key alone', 'bedrock', { access_key: 'AKID' }, /access_key is of no use without secret_key$/],
  ['a secret key alone', 'bedrock', { secret_key: 's/e+c' }, /secret_key is of no use without access_key$/],
  ['a session token alone', 'bedrock', { session_token: 't' }, /session_token is of no use without access_key$/],
  ['an access key with a line break', 'bedrock', { ...KEYS, access_key: 'AK\nID' }, /access_key is not letters and digits/],
  ['an external id without role', 'bedrock', { external_id: 'x' }, /external_id is of no use without role_arn$/],
  ['a role that is a name', 'bedrock', { role_arn: 'gateway' }, /role_arn is not the ARN of a role/],
  ['a region that is a host', 'bedrock', { region: 'evil.example' }, /region is not the name of a region/],
  ['a prefix that is no ARN', 'bedrock', { arn: 'inference-profile' }, /arn is not an ARN/],
  ['a session name with spaces', 'bedrock', { role_arn: ROLE, session_name: 'a b' }, /session_name is not 2 to 64/],
] // prettier-ignore

it.each(UNUSABLE)('%s is not usable, and the reason names the field', (_title, kind, config, reason) => {
  expect(compile(kind, config)).toMatch(reason)
})

const text = fc.oneof(fc.string(), fc.constantFrom('a', 'env.A', '{}', 'us-east-1', ROLE, ENDPOINT))
const config = fc.dictionary(
  fc.constantFrom('endpoint', 'client_id', 'client_secret', 'tenant_id', 'project_id', 'region', 'auth_credentials', 'access_key', 'secret_key', 'session_token', 'arn', 'role_arn', 'external_id', 'session_name'), // prettier-ignore
  text,
)

it('whatever is written gives settings or a reason, and a secret is in no reason', () => {
  fc.assert(
    fc.property(fc.constantFrom<Kind>('azure', 'vertex', 'bedrock'), config, (kind, written) => {
      const secret = 'S3CR3T-VALUE'
      const withSecret = Object.fromEntries(Object.keys(written).map((name, index) => [name, index % 2 === 0 ? `${secret}\n` : written[name]])) // prettier-ignore
      for (const each of [written, withSecret]) {
        const compiled = compile(kind, each)
        if (typeof compiled === 'string') expect(compiled).not.toContain(secret)
        else expect(compiled.kind).toBe(kind)
      }
    }),
  )
})
