import * as z from 'zod/mini'
import { GOVERNANCE_DEFAULTS, LIST_SEMANTICS } from './defaults.ts'
import {
  accepted,
  amount,
  block,
  choice,
  environmentText,
  flag,
  list,
  name,
  open,
  required,
  served,
  text,
  texts,
} from './fields.ts'
import { budgets, limits, optionalText, percent, rateLimits } from './schema-limits.ts'
import { modelConfig, routingRule } from './schema-routing.ts'

/** The `governance` part of `config.json`; see `schema.ts`. */

const providerGrant = block({
  id: accepted(
    z.nullable(z.union([z.string(), z.number()], { error: 'a string or a number' })),
    'Stable id.',
  ),
  provider: required(name, 'Name of the provider.'),
  weight: served(z.nullable(amount), 'Share of the calls; `null`: used only by name and as a fallback.', 1),
  model: served(text, 'Short form: what calls for any other model become at this provider.'),
  allowed_models: served(
    z.nullable(texts),
    'Models that may be called: names, `regex:` and an expression, `["*"]` all, `[]` none.',
  ),
  blacklisted_models: served(z.nullable(texts), 'Models that may not, whatever is allowed.'),
  key_ids: served(z.nullable(texts), 'Ids or names of the provider keys to use; `["*"]` all, `[]` none.'),
  allowed_keys: served(z.nullable(texts), 'The same in the words of Bifrost 1.4.'),
  keys: served(z.nullable(list(open)), 'The same as objects with `key_id`, `id` or `name`.'),
  ...limits,
})

const toolGrant = block({
  mcp_client_name: accepted(text, 'Name of the MCP client.'),
  mcp_client_id: accepted(z.union([z.string(), z.number()], { error: 'a number or a string' }), 'Its id.'),
  tools_to_execute: accepted(texts, 'Tools that may be called; `["*"]`: all.'),
})

const virtualKey = block({
  id: required(name, 'Stable id.'),
  name: required(name, 'Name shown in logs.'),
  value: served(
    environmentText,
    'What callers send, or `env.NAME`. Absent: made up at the first start and shown once; only a hash is kept.',
  ),
  is_active: served(flag, 'false: callers with this key are refused.', true),
  expires_at: served(optionalText, 'From then on callers with this key are refused: `2027-01-31T00:00:00Z`.'),
  description: served(z.nullable(text), 'For people.'),
  team_id: served(optionalText, 'Team that the key belongs to.'),
  customer_id: served(optionalText, 'Customer that the key belongs to, where it has no team.'),
  ...limits,
  provider_configs: served(
    z.nullable(list(providerGrant)),
    'Providers and models that the key may use, with weights. `[]`: none; absent: all.',
  ),
  providers: served(list(providerGrant), 'Short form of `provider_configs`.'),
  allow_all_providers: served(flag, 'true: providers that are not listed may be used, too.', false),
  balance: served(
    choice(['weighted', 'heaviest_first']),
    'Own setting: providers are drawn by weight, or tried in the order of their weights.',
    'weighted',
  ),
  disable_content_logging: served(z.nullable(flag), 'For calls of this key; `null`: as `client` says.'),
  mcp_configs: accepted(z.nullable(list(toolGrant)), 'MCP tools that the key may use.'),
})

export const adminAuthentication = block({
  admin_username: served(environmentText, 'Name of the administrator.'),
  admin_password: served(environmentText, 'Password, plain or as a scrypt hash: `$scrypt$ln=15,r=8,p=3$…`.'),
  is_enabled: served(flag, 'true: the admin API asks for the password.', false),
  disable_auth_on_inference: served(
    flag,
    'false: where the admin API asks for the password, callers of models need a virtual key, unless `client.enforce_auth_on_inference` says otherwise. The password itself is not taken for inference.',
    false,
  ),
})

export const governanceSettings = block({
  list_semantics: served(
    choice(LIST_SEMANTICS),
    'Own setting: what lists of models, provider keys and providers of a virtual key mean when they are empty.',
    LIST_SEMANTICS[0],
  ),
  time_zone: served(
    text,
    'Own setting: zone whose days and months calendar-aligned periods follow.',
    GOVERNANCE_DEFAULTS.time_zone,
  ),
  soft_limit_percent: served(
    percent,
    'Own setting: for budgets that do not say.',
    GOVERNANCE_DEFAULTS.soft_limit_percent,
  ),
  virtual_keys: served(list(virtualKey), 'Keys that callers of this gateway send.', []),
  budgets: served(budgets, 'Spending limits, referred to by id.'),
  rate_limits: served(rateLimits, 'Token and request limits, referred to by id.'),
  customers: served(
    list(
      block({
        id: required(name, 'Stable id.'),
        name: served(text, 'Name shown in logs. Absent: the id.'),
        ...limits,
      }),
    ),
    'Customers, with their limits.',
  ),
  teams: served(
    list(
      block({
        id: required(name, 'Stable id.'),
        name: served(text, 'Name shown in logs. Absent: the id.'),
        customer_id: served(optionalText, 'Customer that the team belongs to.'),
        ...limits,
        profile: accepted(z.unknown(), 'Facts about the team.'),
        config: accepted(z.unknown(), 'Settings of the team.'),
        claims: accepted(z.unknown(), 'Claims of an identity provider that lead to the team.'),
      }),
    ),
    'Teams, with their limits.',
  ),
  routing_rules: served(list(routingRule), 'Rules that choose provider and model.'),
  model_configs: served(list(block({ ...modelConfig, ...limits })), 'Limits of models.'),
  providers: served(
    list(
      block({
        name: required(name, 'Provider.'),
        ...limits,
        send_back_raw_request: accepted(flag, "Put the provider's request into `extra_fields`."),
        send_back_raw_response: accepted(flag, "Put the provider's answer into `extra_fields`."),
        store_raw_request_response: accepted(flag, 'Keep both in the log only.'),
      }),
    ),
    'Limits of providers.',
  ),
  auth_config: served(adminAuthentication, 'Password of the admin API and the dashboard.'),
  pricing_overrides: served(list(open), 'Prices of models, over the catalogue’s: see costs.md.'),
})

export type GovernanceSettings = z.infer<typeof governanceSettings>
export type VirtualKeySettings = z.infer<typeof virtualKey>
export type GrantSettings = z.infer<typeof providerGrant>
