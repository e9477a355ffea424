import { KINDS, openaiOperations } from '../../operations/endpoints.ts'
import type { OperationId } from '../../protocols/endpoint.ts'
import type { ProtocolId } from '../../protocols/protocol.ts'
import type { Provider, SurfacePaths } from '../../providers/provider.ts'
import { isWebAddress } from './forms.ts'
import type { Registry } from './registry.ts'
import type { CustomProviderSettings } from './schema-providers.ts'

/** The kinds of requests that ask a wire API for an answer, streamed or not, under the file's names for them. */
const ANSWERS: { readonly [Api in ProtocolId]?: readonly string[] } = {
  'openai-chat': ['chat_completion', 'chat_completion_stream'],
  'openai-responses': ['responses', 'responses_stream'],
}
/** APIs other than OpenAI's have one kind of answer; the file may call it either. */
const EITHER = [...ANSWERS['openai-chat']!, ...ANSWERS['openai-responses']!]

/** A provider of the operator's own, or why it is left out. */
export function compileCustom(
  id: string,
  custom: CustomProviderSettings,
  baseUrl: string,
  registry: Registry,
): Provider | string {
  const paths = compilePaths(custom, baseUrl)
  if (typeof paths === 'string') return paths
  const apis = allowedApis(custom)
  if (apis?.length === 0 && !allowsOperation(custom))
    return 'its allowed_requests leave out every kind of answer'
  const baseType = custom.base_provider_type as Parameters<Registry['customProvider']>[1]
  return registry.customProvider(id, baseType, {
    keyless: custom.is_key_less ?? false,
    paths: paths.apis,
    operationPaths: paths.operations,
    ...(apis === undefined ? {} : { apis }),
  })
}

/** Which of OpenAI's two APIs it has; undefined: as its kind has. */
function allowedApis({
  base_provider_type: base,
  allowed_requests: allowed,
}: CustomProviderSettings): ProtocolId[] | undefined {
  if (base !== 'openai' || allowed === undefined) return undefined
  return (['openai-responses', 'openai-chat'] as const).filter((api) =>
    ANSWERS[api]!.some((kind) => allowed[kind] === true),
  )
}

/** A server of embeddings has no answers, and needs none. */
function allowsOperation({ allowed_requests: allowed = {} }: CustomProviderSettings): boolean {
  return openaiOperations.some(({ kind }) => allowed[kind] === true || allowed[`${kind}_stream`] === true)
}

interface Paths {
  apis: { [Api in ProtocolId]?: Partial<SurfacePaths> }
  operations: { [operation in OperationId]?: string }
}

function compilePaths(custom: CustomProviderSettings, baseUrl: string): Paths | string {
  const overrides = custom.request_path_overrides ?? {}
  const paths: Paths = { apis: {}, operations: {} }
  for (const api of APIS) {
    const written = {
      generate: answerKinds(custom, api)
        .map((kind) => overrides[kind])
        .find(Boolean),
      countTokens: overrides['count_tokens'],
      models: overrides['list_models'],
    }
    const own = pathsBelow(baseUrl, written)
    if (typeof own === 'string') return own
    paths.apis[api] = own
  }
  const operations = Object.entries(KINDS).map(([operation, kind]) => [operation, overrides[kind]] as const)
  const own = pathsBelow(baseUrl, Object.fromEntries(operations))
  return typeof own === 'string' ? own : { ...paths, operations: own }
}

/** By name, those that are written; or why one of them cannot be. */
function pathsBelow(
  baseUrl: string,
  written: Readonly<Record<string, string | undefined>>,
): Record<string, string> | string {
  const own: Record<string, string> = {}
  for (const [name, override] of Object.entries(written)) {
    if (override === undefined || override === '') continue
    const path = pathBelow(baseUrl, override)
    if (path === undefined)
      return `its request path ${override.replace(/\/\/[^/@]*@/, '//…@')} is not below ${new URL(baseUrl).origin}`
    own[name] = path
  }
  return own
}

const APIS: readonly ProtocolId[] = ['anthropic', 'openai-chat', 'openai-responses']

function answerKinds(
  { base_provider_type: base }: CustomProviderSettings,
  api: ProtocolId,
): readonly string[] {
  return base === 'openai' ? (ANSWERS[api] ?? []) : EITHER
}

/** A whole URL as path of the answers says where a provider is that has no base URL. */
export function originOfOverride(custom: CustomProviderSettings | undefined): string | undefined {
  const override =
    custom === undefined
      ? undefined
      : EITHER.map((kind) => custom.request_path_overrides?.[kind]).find(Boolean)
  return override !== undefined && isWebAddress(override) ? new URL(override).origin : undefined
}

/** A path below the base URL, from a path or a whole URL; undefined when the URL leads elsewhere. */
function pathBelow(baseUrl: string, override: string): string | undefined {
  const url = URL.parse(override)
  if (url === null) return override.startsWith('/') ? override : `/${override}`
  const base = new URL(baseUrl)
  const prefix = base.pathname.replace(/\/+$/, '')
  if (url.origin !== base.origin || !url.pathname.startsWith(`${prefix}/`)) return undefined
  return url.pathname.slice(prefix.length)
}

/** Which kinds of requests may be sent; undefined: all. */
export function compileAllowed({
  allowed_requests: allowed,
}: CustomProviderSettings): ReadonlySet<string> | undefined {
  if (allowed === undefined) return undefined
  return new Set(Object.entries(allowed).flatMap(([kind, isAllowed]) => (isAllowed ? [kind] : [])))
}
