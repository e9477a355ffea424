import { describe, expect, it } from 'vitest'
import type { CloudSettings } from '../../../src/providers/authorization.ts'
import { CachedCredentials } from '../../../src/providers/credentials/cached-credentials.ts'
import type { Egress, EgressRequest, Upstream } from '../../../src/wire/egress.ts'
import { GatewayError } from '../../../src/message/error.ts'
import { homeWith } from '../../support/cloud/credentials.ts'

interface Dialled {
  upstream: Upstream
  request: EgressRequest
}

/** A dialler that writes down where it should go, and finds nothing there. */
function noWay(): { egress: Egress; dialled: Dialled[] } {
  const dialled: Dialled[] = []
  const dispatch: Egress['dispatch'] = (upstream, request, handler) => {
    dialled.push({ upstream, request })
    queueMicrotask(() => handler.onError(new GatewayError('upstream_unreachable', 'nothing is there')))
    return { abort: () => undefined, resume: () => undefined }
  }
  return { egress: { dispatch } as Egress, dialled }
}

const PROXY = { proxyUrl: 'http://proxy.example:3128', caCertificatePem: '-----BEGIN CERTIFICATE-----' }
const PLACE = 'credentials'

const AZURE = { kind: 'azure', endpoint: 'https://a.example', apiVersion: 'v', scopes: ['https://cognitiveservices.azure.com/.default'] } as const // prettier-ignore
const ENTRA = { ...AZURE, clientId: 'a', clientSecret: 'b', tenantId: 'c' }
const LOGIN = JSON.stringify({
  type: 'authorized_user',
  client_id: 'c',
  client_secret: 's',
  refresh_token: 'r',
})
const VERTEX = { kind: 'vertex', projectId: 'p', region: 'us-east5' } as const
const ROLE = { kind: 'bedrock', region: 'us-east-1', accessKey: 'AKID', secretKey: 's', roleArn: 'arn:aws:iam::123456789012:role/r' } as const // prettier-ignore

async function dialledBy(cloud: CloudSettings, environment: Record<string, string> = {}, upstream = PROXY) {
  const { egress, dialled } = noWay()
  const credentials = new CachedCredentials({ egress, environment, homeDirectory: homeWith(), report: () => undefined }) // prettier-ignore
  const key = { id: PLACE, value: '', cloud, reach: { upstream } }
  const fetch = async (): Promise<unknown> =>
    cloud.kind === 'azure' ? credentials.azure(key) : cloud.kind === 'vertex' ? credentials.google(key) : credentials.aws(key) // prettier-ignore
  await expect(fetch()).rejects.toBeInstanceOf(GatewayError)
  return dialled
}

const SERVICES: [url: string, cloud: CloudSettings, environment: Record<string, string>][] = [
  ['https://login.microsoftonline.com/c/oauth2/v2.0/token', ENTRA, {}],
  ['https://login.microsoftonline.us/c/oauth2/v2.0/token', ENTRA, { AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/' }],
  ['https://oauth2.googleapis.com/token', { ...VERTEX, serviceAccountJson: LOGIN }, {}],
  ['https://sts.us-east-1.amazonaws.com/', ROLE, {}],
  ['https://sts.cn-north-1.amazonaws.com.cn/', { ...ROLE, region: 'cn-north-1' }, {}],
  ['https://sts.us-gov-west-1.amazonaws.com/', { ...ROLE, region: 'us-gov-west-1' }, {}],
] // prettier-ignore

it.each(SERVICES)('%s is asked through the proxy of the provider', async (url, cloud, environment) => {
  const [first] = await dialledBy(cloud, environment)
  expect(first!.upstream.origin + first!.request.path).toBe(url)
  expect(first!.upstream).toMatchObject({ ...PROXY, insecureSkipVerify: false })
  expect(first!.upstream.metadataService).toBeUndefined()
  expect(first!.upstream.operatorNamed).toBe(Object.keys(environment).length > 0)
})

it('without a proxy, the authority of a private endpoint is not that of the token service', async () => {
  const upstream = {
    proxyUrl: undefined,
    caCertificatePem: PROXY.caCertificatePem,
  } as unknown as typeof PROXY
  const [first] = await dialledBy(ENTRA, {}, upstream)
  expect(first!.upstream).toMatchObject({ proxyUrl: undefined, caCertificatePem: undefined })
})

const MACHINE: [url: string, cloud: CloudSettings, environment: Record<string, string>][] = [
  ['http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com', AZURE, {}],
  ['http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform', VERTEX, {}],
  ['http://169.254.169.254/latest/api/token', { kind: 'bedrock', region: 'us-east-1' }, {}],
  ['http://[fd00:ec2::254]/latest/api/token', { kind: 'bedrock', region: 'us-east-1' }, { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6' }],
  ['http://169.254.170.2/v2/credentials/1', { kind: 'bedrock', region: 'us-east-1' }, { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/1' }],
] // prettier-ignore

it.each(MACHINE)('%s is asked without one', async (url, cloud, environment) => {
  const [first] = await dialledBy(cloud, environment)
  expect(first!.upstream.origin + first!.request.path).toBe(url)
  expect(first!.upstream).toMatchObject({
    proxyUrl: undefined,
    metadataService: true,
    connectTimeoutMs: 1000,
  })
})

describe('a key without settings of its cloud', () => {
  it.each(['google', 'azure', 'aws'] as const)('has no credentials: %s', (cloud) => {
    const credentials = new CachedCredentials({ ...noWay(), environment: {}, report: () => undefined })
    expect(() => credentials[cloud]({ id: 'k', value: '' })).toThrow(
      /^The key k has no (vertex|azure|bedrock)_key_config\.$/,
    )
    credentials.distrust({ id: 'k', value: '' })
    credentials.keepOnly([{ id: 'k', value: '' }])
  })
})
