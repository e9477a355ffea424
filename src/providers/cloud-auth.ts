import { signV4 } from '../wire/sigv4.ts'
import type { Authorize, AwsIdentity, SignableRequest } from './authorization.ts'

/** Hosts of Bedrock say their service and region; those of private endpoints do not. */
const BEDROCK_HOST = /^(bedrock[a-z-]*)\.([a-z]{2}[a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)/
/** The one service that does not sign by the name `bedrock`. */
const MANTLE = 'bedrock-mantle'

/** A Bedrock API key as it is, else a signature. https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html */
export const authorizeAws: Authorize = (request, key, credentials) => {
  if (key.value !== '') return { authorization: `Bearer ${key.value}` }
  const region = key.cloud?.kind === 'bedrock' ? key.cloud.region : ''
  const identity = credentials.aws(key)
  return identity instanceof Promise
    ? identity.then((fetched) => sign(request, fetched, region))
    : sign(request, identity, region)
}

/** Proxies on the way change other headers; what is not signed they may. */
function sign(request: SignableRequest, identity: AwsIdentity, region: string): Record<string, string> {
  const { host } = new URL(request.origin)
  const headers: Record<string, string> = { host }
  for (const name in request.headers) {
    if (name === 'content-type' || name.startsWith('x-amz-')) headers[name] = request.headers[name]!
  }
  const [, service = '', hostRegion = region] = BEDROCK_HOST.exec(host) ?? []
  const scope = { service: service === MANTLE ? MANTLE : 'bedrock', region: hostRegion }
  return signV4({ ...request, headers }, identity, scope, Date.now())
}

/** A service account, else an API key of Vertex in express mode, else what the machine is logged in as. */
export const authorizeGoogle: Authorize = (_request, key, credentials) => {
  const account = key.cloud?.kind === 'vertex' ? key.cloud.serviceAccountJson : undefined
  return account === undefined && key.value !== '' ? { 'x-goog-api-key': key.value } : credentials.google(key)
}

/**
 * An Entra application, else an API key, else a managed identity. Claude in Foundry takes its key in Anthropic's
 * header, everything else in Azure's.
 */
export const authorizeAzure: Authorize = (request, key, credentials) => {
  const secret = key.cloud?.kind === 'azure' ? key.cloud.clientSecret : undefined
  if (secret !== undefined || key.value === '') return credentials.azure(key)
  const name = request.path.includes('/anthropic/') ? 'x-api-key' : 'api-key'
  return { [name]: key.value }
}
