import type { Upstream } from '../wire/egress.ts'

/** A request as it will be sent, to be let in. */
export interface SignableRequest {
  readonly method: string
  readonly origin: string
  /** From the root of the origin, with its query. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What of a provider key lets a request in. */
export interface AuthorizedKey {
  readonly id: string
  /** The API key; empty where there is none. */
  readonly value: string
  readonly cloud?: CloudSettings | undefined
  /** The way to its provider, which is the way to its token services, too. */
  readonly reach?: { readonly upstream: Pick<Upstream, 'proxyUrl' | 'caCertificatePem'> }
}

/** Headers that let the request in; a promise only where a token must be fetched first. */
export type Authorize = (
  request: SignableRequest,
  key: AuthorizedKey,
  credentials: CloudCredentials,
) => Record<string, string> | Promise<Record<string, string>>

/** Where a cloud's key belongs to, and what signs for it. Everything is resolved; nothing here may be logged. */
export type CloudSettings = AzureSettings | VertexSettings | BedrockSettings

export interface AzureSettings {
  readonly kind: 'azure'
  /** Base URL of the resource, without a trailing slash. */
  readonly endpoint: string
  readonly apiVersion: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly tenantId?: string
  readonly scopes: readonly string[]
}

export interface VertexSettings {
  readonly kind: 'vertex'
  readonly projectId: string
  readonly projectNumber?: string
  /** `global`, a region (`us-east5`), or a multi-region (`us`, `eu`). */
  readonly region: string
  readonly serviceAccountJson?: string
}

export interface BedrockSettings {
  readonly kind: 'bedrock'
  readonly region: string
  readonly accessKey?: string
  readonly secretKey?: string
  readonly sessionToken?: string
  readonly roleArn?: string
  readonly externalId?: string
  readonly sessionName?: string
  /** Put before a deployment's id, with a slash: `arn:aws:bedrock:us-east-1:123456789012:inference-profile`. */
  readonly arn?: string
}

/**
 * Tokens of clouds, fetched once and kept until they end. One that has to be fetched is a promise. Throws and rejects
 * with a `GatewayError`: `upstream_unauthenticated` says what is missing, `upstream_unavailable` what fails.
 */
export interface CloudCredentials {
  /** Headers of a Google service account, or of what the machine itself is logged in as. */
  google(key: AuthorizedKey): Record<string, string> | Promise<Record<string, string>>
  /** Headers of an Entra application, or of the machine's managed identity. */
  azure(key: AuthorizedKey): Record<string, string> | Promise<Record<string, string>>
  aws(key: AuthorizedKey): AwsIdentity | Promise<AwsIdentity>
  /** The upstream refused what this key was let in with: the next call takes something fresh. */
  distrust(key: AuthorizedKey): void
}

/** What signs a request to AWS. */
export interface AwsIdentity {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}
