import type { AzureSettings } from '../authorization.ts'
import type { Fetched } from './credential-cache.ts'
import { form, readAccessToken, readOAuthRefusal } from './oauth.ts'
import { readNamed, unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import { accepted, askMachine, askService } from './token-service.ts'
import type { TokenQuestion } from './token-service.ts'

const PUBLIC_AUTHORITY = 'https://login.microsoftonline.com'
const METADATA = 'http://169.254.169.254'

/** What an application shows Entra to be let in. */
interface Application {
  clientId: string
  tenantId: string
  proof: Record<string, string>
  /** What is refused when it is. */
  who: string
}

/**
 * A token of Entra: of the application in the settings, else of the one in the environment, else of what the
 * platform says that this machine is. By hand: @azure/identity has 46 packages and takes 170 ms to load.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export async function fetchAzure(
  settings: AzureSettings,
  surroundings: Surroundings,
): Promise<Fetched<string>> {
  const application = await findApplication(settings, surroundings)
  return application === undefined
    ? fromPlatform(settings, surroundings)
    : fromEntra(application, settings.scopes, surroundings)
}

async function findApplication(
  settings: AzureSettings,
  surroundings: Surroundings,
): Promise<Application | undefined> {
  const { clientSecret } = settings
  const clientId = settings.clientId ?? variable(surroundings, 'AZURE_CLIENT_ID')
  const tenantId = settings.tenantId ?? variable(surroundings, 'AZURE_TENANT_ID')
  if (clientId === undefined || tenantId === undefined) return undefined
  if (clientSecret !== undefined) {
    const who = 'the application of azure_key_config'
    return { clientId, tenantId, proof: { client_secret: clientSecret }, who }
  }
  const secret = variable(surroundings, 'AZURE_CLIENT_SECRET')
  if (secret !== undefined && settings.clientId === undefined)
    return { clientId, tenantId, proof: { client_secret: secret }, who: 'the application of AZURE_CLIENT_ID' }
  const tokenFile = variable(surroundings, 'AZURE_FEDERATED_TOKEN_FILE')
  if (tokenFile === undefined) return undefined
  const proof = {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    // Kubernetes writes another into the file before this one ends.
    client_assertion: await readNamed(tokenFile, 'AZURE_FEDERATED_TOKEN_FILE'),
  }
  return { clientId, tenantId, proof, who: 'the workload identity of AZURE_FEDERATED_TOKEN_FILE' }
}

async function fromEntra(
  { clientId, tenantId, proof, who }: Application,
  scopes: readonly string[],
  surroundings: Surroundings,
): Promise<Fetched<string>> {
  const named = variable(surroundings, 'AZURE_AUTHORITY_HOST')
  const authority = readUrl(named ?? PUBLIC_AUTHORITY, 'AZURE_AUTHORITY_HOST')
  const url = new URL(`${authority.pathname.replace(/\/+$/, '')}/${tenantId}/oauth2/v2.0/token`, authority)
  const asked = { grant_type: 'client_credentials', client_id: clientId, scope: scopes.join(' '), ...proof }
  const question = { method: 'POST', url, operatorNamed: named !== undefined, ...form(asked) } as const
  const answer = await askService(surroundings, question, who, readOAuthRefusal)
  return readAccessToken(answer, url.host, surroundings.now())
}

/** A managed identity: of App Service and its like where its variables are set, else of a virtual machine. */
async function fromPlatform(
  { clientId, scopes }: AzureSettings,
  surroundings: Surroundings,
): Promise<Fetched<string>> {
  const id = clientId ?? variable(surroundings, 'AZURE_CLIENT_ID')
  const question = platformQuestion(surroundings)
  question.url.searchParams.set('resource', (scopes[0] ?? '').replace(/\/\.default$/, ''))
  if (id !== undefined) question.url.searchParams.set('client_id', id)
  const answer = await askMachine(surroundings, question)
  if (answer === undefined) {
    throw unauthenticated(
      'There are no Azure credentials: the key has no value, azure_key_config has no client_id, client_secret and tenant_id, ' +
        'AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE are not set, and there is no managed identity',
    )
  }
  const { host } = question.url
  const identity = `the managed identity${id === undefined ? '' : ` of ${id}`}`
  return readAccessToken(accepted(answer, host, identity, readOAuthRefusal), host, surroundings.now())
}

function platformQuestion(surroundings: Surroundings): TokenQuestion {
  const endpoint = variable(surroundings, 'IDENTITY_ENDPOINT')
  const secret = variable(surroundings, 'IDENTITY_HEADER')
  if (endpoint !== undefined && secret !== undefined) {
    const url = readUrl(endpoint, 'IDENTITY_ENDPOINT')
    url.searchParams.set('api-version', '2019-08-01')
    return { method: 'GET', url, headers: { 'x-identity-header': secret } }
  }
  const named = variable(surroundings, 'AZURE_POD_IDENTITY_AUTHORITY_HOST')
  const host = readUrl(named ?? METADATA, 'AZURE_POD_IDENTITY_AUTHORITY_HOST')
  const url = new URL('/metadata/identity/oauth2/token?api-version=2018-02-01', host)
  return { method: 'GET', url, headers: { metadata: 'true' } }
}

function readUrl(text: string, name: string): URL {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw unauthenticated(`${name} is no http:// or https:// address`)
}
