import { readService } from '../message/usage.ts'
import type { ProtocolId } from '../protocols/protocol.ts'
import type { Prospect } from '../rules/budgets.ts'
import type { ConfiguredProvider } from '../stores/config/configuration.ts'
import { objectOf, textOf } from './prospect-fields.ts'
import type { Fields } from './prospect-fields.ts'

/** Asked for: never more than the ordinary service, whatever the account has. */
const ORDINARY = new Set(['standard_only', 'standard', 'default', 'flex', 'batch'])

/**
 * How the attempt may be served, in the words of the price lists. Who asks for nothing, or for `auto`, gets what the
 * account or its project is set to: priority at OpenAI and Anthropic, a place. Translation leaves all such fields out.
 */
export function servicesOf(
  of: Fields,
  protocol: ProtocolId,
  { provider: { surfaces } }: ConfiguredProvider,
): Pick<Prospect, 'services' | 'unaskedServices'> {
  const has = (id: ProtocolId) => surfaces.some((surface) => surface.protocol.id === id)
  const passes = has(protocol)
  const tier = tierOf(of, protocol)
  const asked = passes
    ? readService({ tier, speed: textOf(of, 'speed'), geography: textOf(of, 'inference_geo') })
    : undefined
  const words = [asked?.tier, asked?.speed, asked?.geography]
  const services = words.filter((word) => word !== undefined && word !== 'standard_only') as string[]
  const isSetAtProvider = (has('openai-responses') || has('anthropic')) && !has('bedrock-converse')
  const isOrdinary = passes && tier !== undefined && ORDINARY.has(tier)
  const unasked = [
    ...(isOrdinary || asked?.tier !== undefined || !isSetAtProvider ? [] : ['priority']),
    ...(asked?.geography === undefined ? ['us'] : []),
  ]
  return { services, unaskedServices: unasked }
}

function tierOf(of: Fields, protocol: ProtocolId): string | undefined {
  if (protocol !== 'bedrock-converse') return textOf(of, 'service_tier') ?? textOf(of, 'serviceTier')
  const tier = objectOf(of, 'serviceTier')
  return tier === undefined || tier === 'unreadable' ? undefined : textOf(tier, 'type')
}
