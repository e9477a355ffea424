import type {
  AzureSettings,
  BedrockSettings,
  CloudSettings,
  VertexSettings,
} from '../../providers/authorization.ts'
import { missing } from './compile-network.ts'
import { readVariable, resolve } from './environment.ts'
import type { EnvironmentText } from './fields.ts'
import { isHeaderText, isWebAddress } from './forms.ts'
import type { Environment } from './registry.ts'
import type { ProviderKeySettings } from './schema-providers.ts'

/** Azure's version of its API for deployments, where the key names none. */
const AZURE_API_VERSION = '2024-10-21'
const AZURE_SCOPE = 'https://cognitiveservices.azure.com/.default'
/** Where nothing names a region: as in Bifrost. */
const DEFAULT_AWS_REGION = 'us-east-1'

/** Where a key of a cloud belongs to, with its references resolved; or why it cannot be used. */
export function compileCloud(
  kind: CloudSettings['kind'],
  settings: ProviderKeySettings,
  environment: Environment,
): CloudSettings | string {
  try {
    return COMPILERS[kind](settings, environment)
  } catch (error) {
    if (error instanceof UnusableKey) return error.message
    throw error
  }
}

const COMPILERS = { azure, vertex, bedrock }

class UnusableKey extends Error {}

/** Forms of what becomes part of an address, a path or a header. Values are not shown: they may be in the wrong place. */
const FORMS = {
  region: [/^[a-z][a-z0-9-]*$/, 'the name of a region, such as "us-east-1"'],
  project: [/^[a-z0-9][a-z0-9.:-]*$/i, 'the id of a project'],
  project_number: [/^\d+$/, 'a number'],
  tenant: [/^[a-z0-9][a-z0-9.-]*$/i, 'the id or the domain of a tenant'],
  version: [/^[\w.-]+$/, 'a version of the API, such as "2024-10-21"'],
  access_key: [/^\w+$/, 'letters and digits'],
  arn: [/^arn:[\w-]+:[\w-]+:[\w-]*:\d*:\S+$/, 'an ARN, such as "arn:aws:bedrock:us-east-1:123456789012:inference-profile"'],
  role_arn: [/^arn:[\w-]+:iam::\d{12}:role\/\S+$/, 'the ARN of a role, such as "arn:aws:iam::123456789012:role/name"'],
  session_name: [/^[\w+=,.@-]{2,64}$/, '2 to 64 letters, digits and "+=,.@-"'],
} as const satisfies Record<string, readonly [RegExp, string]> // prettier-ignore

/** Reads the fields of one block: `undefined` for what is not there. */
class Reader {
  readonly #block: string
  readonly #environment: Environment

  constructor(block: string, environment: Environment) {
    this.#block = block
    this.#environment = environment
  }

  text(field: string, written: EnvironmentText | undefined, form?: keyof typeof FORMS): string | undefined {
    const { value, reference } = resolve(written, this.#environment)
    if (value === undefined) throw new UnusableKey(missing(reference))
    if (value === '') return undefined
    if (form !== undefined && !FORMS[form][0].test(value)) this.wrong(field, FORMS[form][1])
    return value
  }

  required(field: string, value: string | undefined): string {
    if (value === undefined) throw new UnusableKey(`it has no ${this.#block}.${field}`)
    return value
  }

  /** Fields that are good for nothing alone. */
  together(whole: string, fields: Readonly<Record<string, string | undefined>>): void {
    const absent = Object.keys(fields).filter((field) => fields[field] === undefined)
    if (absent.length > 0) {
      throw new UnusableKey(`${this.#block}.${whole} is of no use without ${absent.join(' and ')}`)
    }
  }

  wrong(field: string, expected: string): never {
    throw new UnusableKey(`its ${this.#block}.${field} is not ${expected}`)
  }
}

/** The object without the fields that are undefined. */
function given<T extends Record<string, string | undefined>>(fields: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

function azure(
  { azure_key_config: config = {} }: ProviderKeySettings,
  environment: Environment,
): AzureSettings {
  const read = new Reader('azure_key_config', environment)
  const written = read.required('endpoint', read.text('endpoint', config.endpoint))
  const endpoint = (written.includes('://') ? written : `https://${written}`).replace(/\/+$/, '')
  if (!isWebAddress(endpoint)) read.wrong('endpoint', 'an address, such as "https://name.openai.azure.com"')
  const clientId = read.text('client_id', config.client_id)
  const clientSecret = read.text('client_secret', config.client_secret)
  const tenantId = read.text('tenant_id', config.tenant_id, 'tenant')
  if (clientSecret !== undefined) read.together('client_secret', { client_id: clientId, tenant_id: tenantId })
  const scopes = (config.scopes ?? []).filter((scope) => scope !== '')
  return {
    kind: 'azure',
    endpoint,
    apiVersion: read.text('api_version', config.api_version, 'version') ?? AZURE_API_VERSION,
    scopes: scopes.length === 0 ? [AZURE_SCOPE] : scopes,
    ...given({ clientId, clientSecret, tenantId }),
  }
}

function vertex(
  { vertex_key_config: config = {} }: ProviderKeySettings,
  environment: Environment,
): VertexSettings {
  const read = new Reader('vertex_key_config', environment)
  const serviceAccountJson = read.text('auth_credentials', config.auth_credentials)
  const account = serviceAccountJson === undefined ? {} : parseObject(serviceAccountJson)
  if (account === undefined)
    return read.wrong('auth_credentials', 'a JSON object, as Google gives it out for a service account')
  const ownProject = typeof account['project_id'] === 'string' ? account['project_id'] : undefined
  const projectId =
    read.text('project_id', config.project_id, 'project') ??
    read.text('auth_credentials.project_id', ownProject, 'project')
  return {
    kind: 'vertex',
    projectId: read.required('project_id', projectId),
    region: read.required('region', read.text('region', config.region, 'region')),
    ...given({
      projectNumber: read.text('project_number', config.project_number, 'project_number'),
      serviceAccountJson,
    }),
  }
}

function bedrock(
  { bedrock_key_config: config = {} }: ProviderKeySettings,
  environment: Environment,
): BedrockSettings {
  const read = new Reader('bedrock_key_config', environment)
  const accessKey = read.text('access_key', config.access_key, 'access_key')
  const secretKey = read.text('secret_key', config.secret_key)
  const sessionToken = read.text('session_token', config.session_token)
  if (sessionToken !== undefined && !isHeaderText(sessionToken))
    read.wrong('session_token', 'text that a header can hold')
  if (accessKey !== undefined) read.together('access_key', { secret_key: secretKey })
  if (secretKey !== undefined) read.together('secret_key', { access_key: accessKey })
  if (sessionToken !== undefined) read.together('session_token', { access_key: accessKey })
  const roleArn = read.text('role_arn', config.role_arn, 'role_arn')
  const externalId = read.text('external_id', config.external_id)
  if (externalId !== undefined) read.together('external_id', { role_arn: roleArn })
  const arn = read.text('arn', config.arn, 'arn')?.replace(/\/+$/, '')
  const region =
    read.text('region', config.region, 'region') ??
    (arn?.split(':')[3] || undefined) ??
    readVariable('AWS_REGION', environment) ??
    readVariable('AWS_DEFAULT_REGION', environment) ??
    DEFAULT_AWS_REGION
  return {
    kind: 'bedrock',
    region,
    ...given({
      accessKey,
      secretKey,
      sessionToken,
      roleArn,
      externalId,
      sessionName: read.text('session_name', config.session_name, 'session_name'),
      arn,
    }),
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
