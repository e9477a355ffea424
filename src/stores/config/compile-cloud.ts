import type { CloudSettings } from '../../providers/authorization.ts'
import { missing } from './compile-network.ts'
import { resolve } from './environment.ts'
import type { EnvironmentText } from './fields.ts'
import type { Environment } from './registry.ts'
import type { ProviderKeySettings } from './schema-providers.ts'

/** Azure's version of its API for deployments, where the key names none. */
const AZURE_API_VERSION = '2024-10-21'
const AZURE_SCOPE = 'https://cognitiveservices.azure.com/.default'

/** Where a key of a cloud belongs to, with its references resolved; or why it cannot be used. */
export function compileCloud(
  kind: CloudSettings['kind'],
  settings: ProviderKeySettings,
  environment: Environment,
): CloudSettings | string {
  try {
    const read = (text: EnvironmentText | undefined) => readText(text, environment)
    return kind === 'azure'
      ? azure(settings, read)
      : kind === 'vertex'
        ? vertex(settings, read)
        : bedrock(settings, read)
  } catch (error) {
    if (error instanceof UnusableKey) return error.message
    throw error
  }
}

type Read = (text: EnvironmentText | undefined) => string | undefined

class UnusableKey extends Error {}

function readText(text: EnvironmentText | undefined, environment: Environment): string | undefined {
  const { value, reference } = resolve(text, environment)
  if (value === undefined) throw new UnusableKey(missing(reference))
  return value === '' ? undefined : value
}

function required(value: string | undefined, field: string): string {
  if (value === undefined) throw new UnusableKey(`it has no ${field}`)
  return value
}

/** The object without the fields that are undefined. */
function given<T extends Record<string, string | undefined>>(fields: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

function azure({ azure_key_config: config = {} }: ProviderKeySettings, read: Read): CloudSettings {
  const endpoint = required(read(config.endpoint), 'azure_key_config.endpoint').replace(/\/+$/, '')
  return {
    kind: 'azure',
    endpoint: /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`,
    apiVersion: read(config.api_version) ?? AZURE_API_VERSION,
    scopes: config.scopes ?? [AZURE_SCOPE],
    ...given({
      clientId: read(config.client_id),
      clientSecret: read(config.client_secret),
      tenantId: read(config.tenant_id),
    }),
  }
}

function vertex({ vertex_key_config: config = {} }: ProviderKeySettings, read: Read): CloudSettings {
  return {
    kind: 'vertex',
    projectId: required(read(config.project_id), 'vertex_key_config.project_id'),
    region: required(read(config.region), 'vertex_key_config.region'),
    ...given({
      projectNumber: read(config.project_number),
      serviceAccountJson: read(config.auth_credentials),
    }),
  }
}

function bedrock({ bedrock_key_config: config = {} }: ProviderKeySettings, read: Read): CloudSettings {
  const accessKey = read(config.access_key)
  const secretKey = read(config.secret_key)
  if ((accessKey === undefined) !== (secretKey === undefined))
    throw new UnusableKey('it has only one of bedrock_key_config.access_key and secret_key')
  return {
    kind: 'bedrock',
    region: required(read(config.region), 'bedrock_key_config.region'),
    ...given({
      accessKey,
      secretKey,
      sessionToken: read(config.session_token),
      roleArn: read(config.role_arn),
      externalId: read(config.external_id),
      sessionName: read(config.session_name),
      arn: read(config.arn),
    }),
  }
}
