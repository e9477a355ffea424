import type { Offers } from '../operations/operation.ts'
import type { OperationId } from '../protocols/endpoint.ts'
import type { ProtocolId } from '../protocols/protocol.ts'
import { anthropic } from './anthropic.ts'
import { azure } from './azure.ts'
import { bedrock } from './bedrock.ts'
import { cohere } from './cohere.ts'
import { compatibleProviders, selfHosted } from './compatible.ts'
import { gemini } from './gemini.ts'
import { mediaProviders } from './media.ts'
import type { Provider, Surface, SurfacePaths } from './provider.ts'
import { vertex } from './vertex.ts'

/** Every provider known by name. */
export const PROVIDERS: ReadonlyMap<string, Provider> = new Map(
  [anthropic, azure, bedrock, cohere, gemini, vertex, ...compatibleProviders, ...mediaProviders].map(
    (provider) => [provider.id, provider],
  ),
)

/** What `custom_provider_config.base_provider_type` may name in this version. */
export const CUSTOM_BASE_TYPES = [
  'openai',
  'anthropic',
  'gemini',
  'bedrock',
  'cohere',
  'huggingface',
] as const

/**
 * A provider that the operator describes: the wire of a known one at another address. It keeps no quirk of the
 * known one's own service, and never takes login tokens.
 */
export function customProvider(
  id: string,
  baseType: (typeof CUSTOM_BASE_TYPES)[number],
  options: CustomOptions,
): Provider {
  const base = PROVIDERS.get(baseType)
  if (base === undefined) throw new Error(`no provider ${baseType}`)
  return {
    id,
    surfaces: surfacesOf(base, options),
    operations: withPaths(base.operations, options.operationPaths),
    authorize: base.authorize,
    ...(options.keyless === true ? { keyless: true } : {}),
  }
}

/** A server that speaks OpenAI's API seldom has its Responses; an operator who knows better says so. */
function surfacesOf({ id, surfaces }: Provider, { apis, paths = {} }: CustomOptions): Surface[] {
  const [best] = surfaces
  const offered = apis ?? [id === 'openai' ? 'openai-chat' : best!.protocol.id]
  return surfaces
    .filter(({ protocol }) => offered.includes(protocol.id))
    .map((surface) => ({
      ...surface,
      paths: { ...surface.paths, ...paths[surface.protocol.id] },
      quirks: id === 'openai' ? selfHosted() : {},
    }))
}

export interface CustomOptions {
  keyless?: boolean
  /** The wire APIs that it has. Absent: the plain one of its kind. */
  apis?: readonly ProtocolId[]
  /** Paths other than the known one's. */
  paths?: { readonly [Api in ProtocolId]?: Partial<SurfacePaths> }
  /** The same of what it does beside conversations. */
  operationPaths?: { readonly [operation in OperationId]?: string }
}

/** What the operator says stands at another path is there in the API of its kind. */
function withPaths(offers: Offers = {}, paths: CustomOptions['operationPaths'] = {}): Offers {
  const changed = Object.entries(paths).flatMap(([operation, path]) => {
    const known = offers[operation as OperationId]
    return known === undefined ? [] : [[operation, known.map((offer) => ({ ...offer, path }))] as const]
  })
  return { ...offers, ...Object.fromEntries(changed) }
}
