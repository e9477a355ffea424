import { formOf, json, Refusal, startService } from './service.ts'
import type { Service } from './service.ts'

const COGNITIVE = 'https://cognitiveservices.azure.com'

export interface AzureService extends Service {
  /** Tokens that were given out, and are good. */
  readonly tokens: ReadonlySet<string>
}

export interface EntraOptions {
  tenantId: string
  clientId: string
  clientSecret?: string
  /** The token of a workload that the application trusts. */
  federated?: string
  scope?: string
  lifetimeSeconds?: number
}

/** Entra's token endpoint, for applications. Its refusals repeat what was sent, as the real ones can. */
export async function startEntra(options: EntraOptions): Promise<AzureService> {
  const tokens = new Set<string>()
  const service = await startService((request) => {
    const form = formOf(request)
    if (request.path !== `/${options.tenantId}/oauth2/v2.0/token`)
      throw refused('invalid_request', `AADSTS90002: Tenant '${request.path}' not found.`)
    if (form.get('grant_type') !== 'client_credentials')
      throw refused('unsupported_grant_type', 'AADSTS70003: The app requested an unsupported grant type')
    if (form.get('client_id') !== options.clientId)
      throw refused(
        'unauthorized_client',
        `AADSTS700016: Application '${form.get('client_id')}' was not found`,
      )
    if (form.get('scope') !== (options.scope ?? `${COGNITIVE}/.default`))
      throw refused(
        'invalid_scope',
        `AADSTS70011: The provided value for scope ${form.get('scope')} is not valid`,
      )
    checkProof(form, options)
    return json({ token_type: 'Bearer', ...lifetimes(options), access_token: issue(tokens, 'entra') })
  })
  return Object.assign(service, { tokens })
}

function checkProof(form: URLSearchParams, { clientSecret, federated }: EntraOptions): void {
  if (form.has('client_assertion')) {
    if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      throw refused('invalid_request', 'AADSTS900144: client_assertion_type is missing')
    if (federated === undefined || form.get('client_assertion') !== federated)
      throw refused('invalid_client', `AADSTS70021: No matching federated identity record found for ${form.get('client_assertion')}`, 401) // prettier-ignore
  } else if (clientSecret === undefined || form.get('client_secret') !== clientSecret) {
    throw refused('invalid_client', `AADSTS7000215: Invalid client secret provided: ${form.get('client_secret')}`, 401) // prettier-ignore
  }
}

export interface IdentityOptions {
  /** Which identity is assigned, where not that of the system. */
  clientId?: string
  /** App Service: the secret that its variable holds. Absent: a virtual machine. */
  secret?: string
  lifetimeSeconds?: number
  now?: () => number
}

/** The managed identity of a virtual machine, or with a secret that of App Service. */
export async function startIdentity(options: IdentityOptions = {}): Promise<AzureService> {
  const { clientId, secret, now = Date.now } = options
  const tokens = new Set<string>()
  const service = await startService(({ method, path, headers }) => {
    const url = new URL(path, 'http://identity')
    const own = secret === undefined ? '/metadata/identity/oauth2/token' : '/msi/token'
    const version = secret === undefined ? '2018-02-01' : '2019-08-01'
    if (method !== 'GET' || url.pathname !== own) throw new Refusal({ status: 404 })
    if (secret === undefined ? headers['metadata'] !== 'true' : headers['x-identity-header'] !== secret)
      throw refused('bad_request_102', 'Required metadata header not specified')
    if (url.searchParams.get('api-version') !== version || url.searchParams.get('resource') !== COGNITIVE)
      throw refused('invalid_resource', 'AADSTS500011: The resource principal was not found')
    if ((url.searchParams.get('client_id') ?? undefined) !== clientId)
      throw refused('invalid_request', 'Identity not found')
    const { expires_in: seconds } = lifetimes(options)
    const token = { access_token: issue(tokens, 'identity'), resource: COGNITIVE, token_type: 'Bearer' }
    const on = Math.floor(now() / 1000) + seconds
    // One writes a lifetime as text, the other only when it ends.
    return json(
      secret === undefined ? { ...token, expires_in: String(seconds) } : { ...token, expires_on: String(on) },
    )
  })
  return Object.assign(service, { tokens })
}

function issue(tokens: Set<string>, kind: string): string {
  const token = `eyJ0eXAi.${kind}.${tokens.size + 1}`
  tokens.add(token)
  return token
}

function lifetimes({ lifetimeSeconds = 3599 }: { lifetimeSeconds?: number }) {
  return { expires_in: lifetimeSeconds, ext_expires_in: lifetimeSeconds }
}

function refused(error: string, description: string, status = 400): Refusal {
  return new Refusal(json({ error, error_description: `${description} Trace ID: 0 Timestamp: now` }, status))
}
