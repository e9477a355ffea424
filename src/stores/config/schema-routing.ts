import * as z from 'zod/mini'
import { accepted, amount, block, choice, flag, list, required, served, text, whole } from './fields.ts'
import { optionalText } from './schema-limits.ts'

/** `governance.routing_rules`: where calls go. */

const target = block({
  provider: served(optionalText, 'Provider; absent: the one that was asked for.'),
  model: served(optionalText, 'Model; absent: the one that was asked for.'),
  key_id: served(optionalText, 'The one provider key to use.'),
  provider_key_name: served(optionalText, 'The same by its name.'),
  weight: served(amount, 'Share of the calls. All 0: equal shares.', 1),
})

const fallback = z.union(
  [
    z.string(),
    block({
      provider: served(optionalText, 'Provider.'),
      model: served(optionalText, 'Model; absent: the one that was asked for.'),
      key_id: served(optionalText, 'The one provider key to use.'),
      provider_key_name: served(optionalText, 'The same by its name.'),
    }),
  ],
  { error: '"provider/model" or an object with both' },
)

export const routingRule = block({
  id: served(text, 'Stable id. Absent: its name.'),
  name: served(text, 'Name shown in logs. Absent: its id.'),
  description: accepted(z.nullable(text), 'For people.'),
  enabled: served(flag, 'false: skipped.', true),
  cel_expression: served(optionalText, 'When the rule applies, in CEL; empty or absent: always.'),
  targets: served(list(target), 'Where matching calls go, by weight.'),
  provider: served(text, 'Older form of one target.'),
  model: served(text, 'Older form of one target.'),
  fallbacks: served(
    z.nullable(list(fallback)),
    'Targets to try after a failure, in order, instead of those of the request.',
  ),
  scope: served(
    choice(['global', 'team', 'customer', 'virtual_key']),
    'Whose calls it applies to. Narrow scopes come first: virtual key, team, customer, global.',
    'global',
  ),
  scope_id: served(optionalText, 'Which team, customer or virtual key.'),
  priority: served(whole(Number.MIN_SAFE_INTEGER), 'Within a scope, lower numbers come first.', 0),
  query: accepted(z.unknown(), "State of a dashboard's editor; ignored."),
})

export const modelConfig = {
  id: served(text, 'Stable id. Absent: made of model, provider and scope.'),
  model_name: required(text, 'Model, in any spelling; `*`: all.'),
  provider: served(optionalText, 'Provider; absent: any.'),
  scope: served(choice(['global', 'team', 'customer', 'virtual_key']), 'Whose calls it binds.', 'global'),
  scope_id: served(optionalText, 'Which team, customer or virtual key.'),
}

export type RoutingRuleSettings = z.infer<typeof routingRule>
