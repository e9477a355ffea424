import { anthropic } from './anthropic.ts'
import { compatibleProviders, selfHosted } from './compatible.ts'
import type { Provider, SurfacePaths } from './provider.ts'

/** Every provider known by name. */
export const PROVIDERS: ReadonlyMap<string, Provider> = new Map(
  [anthropic, ...compatibleProviders].map((provider) => [provider.id, provider]),
)

/** What `custom_provider_config.base_provider_type` may name in this version. */
export const CUSTOM_BASE_TYPES = ['openai', 'anthropic'] as const

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
    surfaces: base.surfaces.map((surface) => ({
      ...surface,
      paths: { ...surface.paths, ...options.paths },
      quirks: baseType === 'openai' ? selfHosted() : {},
    })),
    authorize: base.authorize,
    ...(options.keyless === true ? { keyless: true } : {}),
  }
}

export interface CustomOptions {
  keyless?: boolean
  paths?: Partial<SurfacePaths>
}
