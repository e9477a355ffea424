import { LISTED_KINDS } from '../stores/config-store/port.ts'
import type { ListedKind } from '../stores/config-store/port.ts'

/** How the API calls the objects of a kind. */
export interface ObjectNames {
  readonly kind: ListedKind
  /** Below `/api/governance`. */
  readonly path: string
  /** Of the id, in paths. */
  readonly parameter: string
  /** In answers and messages. */
  readonly one: string
  readonly many: string
  /** Other paths of the same. */
  readonly aliases: readonly string[]
}

const names = (
  kind: ListedKind,
  parameter: string,
  one: string,
  aliases: readonly string[] = [],
): ObjectNames => ({
  kind,
  path: `/api/governance/${LISTED_KINDS[kind]}`,
  parameter,
  one,
  many: `${one}s`,
  aliases,
})

/** In Bifrost's words; rules have moved to `/api/routing` there, and their old paths still answer. */
export const OBJECT_NAMES: readonly ObjectNames[] = [
  names('virtual_keys', 'vk_id', 'virtual_key'),
  names('teams', 'team_id', 'team'),
  names('customers', 'customer_id', 'customer'),
  names('budgets', 'budget_id', 'budget'),
  names('rate_limits', 'rate_limit_id', 'rate_limit'),
  names('routing_rules', 'rule_id', 'rule', ['/api/routing/rules', '/api/routing/routing-rules']),
  names('model_configs', 'mc_id', 'model_config'),
  names('providers', 'provider_name', 'provider'),
]
