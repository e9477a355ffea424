import * as z from 'zod/mini'
import {
  accepted,
  amount,
  block,
  choice,
  count,
  environmentText,
  flag,
  list,
  name,
  open,
  required,
  served,
  text,
  texts,
  unenforced,
  whole,
} from './fields.ts'

/** The `governance` part of `config.json`; see `schema.ts`. */

/** Nullable, because exports of the admin API write `null` where nothing is set. */
const id = z.nullable(text)

const budget = block({
  id: accepted(text, 'Stable id.'),
  max_limit: accepted(amount, 'US dollars in a period.'),
  max_budget: accepted(amount, 'Short form of `max_limit`.'),
  reset_duration: accepted(text, 'Length of the period: `1h`, `1d`, `1w`, `1M`, `1Y`.'),
  budget_duration: accepted(text, 'Short form of `reset_duration`.'),
  current_usage: accepted(amount, 'Dollars spent in the period.'),
  last_reset: accepted(text, 'Start of the period.'),
  calendar_aligned: accepted(flag, 'Periods begin with the calendar day, week, month or year.'),
})

const rateLimit = block({
  id: accepted(text, 'Stable id.'),
  token_max_limit: accepted(z.nullable(count), 'Tokens in a period.'),
  token_reset_duration: accepted(id, 'Length of the period for tokens.'),
  token_current_usage: accepted(count, 'Tokens used in the period.'),
  token_last_reset: accepted(id, 'Start of the period for tokens.'),
  request_max_limit: accepted(z.nullable(count), 'Requests in a period.'),
  request_reset_duration: accepted(id, 'Length of the period for requests.'),
  request_current_usage: accepted(count, 'Requests made in the period.'),
  request_last_reset: accepted(id, 'Start of the period for requests.'),
})

const providerGrant = block({
  id: accepted(
    z.nullable(z.union([z.string(), z.number()], { error: 'a string or a number' })),
    'Stable id.',
  ),
  provider: accepted(text, 'Name of the provider.'),
  weight: accepted(z.nullable(amount), 'Share of the calls; `null`: used only by name and as a fallback.'),
  allowed_models: accepted(texts, 'Models that may be called.'),
  allowed_keys: accepted(texts, 'Names of the provider keys that may be used.'),
  key_ids: accepted(texts, 'Ids of the provider keys that may be used; `["*"]`: all.'),
  keys: accepted(list(open), 'The same as objects with `key_id` or `name`.'),
  budget_id: accepted(id, 'Budget of this provider.'),
  rate_limit_id: accepted(id, 'Rate limit of this provider.'),
  budget: accepted(budget, 'Budget, in place.'),
  budgets: accepted(list(budget), 'Budgets, in place.'),
  rate_limit: accepted(rateLimit, 'Rate limit, in place.'),
})

const toolGrant = block({
  mcp_client_name: accepted(text, 'Name of the MCP client.'),
  mcp_client_id: accepted(z.union([z.string(), z.number()], { error: 'a number or a string' }), 'Its id.'),
  tools_to_execute: accepted(texts, 'Tools that may be called; `["*"]`: all.'),
})

const virtualKey = block({
  id: required(name, 'Stable id.'),
  name: required(name, 'Name shown in logs.'),
  value: served(environmentText, 'What callers send, or `env.NAME`. Absent: the key cannot be used.'),
  is_active: served(flag, 'false: callers with this key are refused.', true),
  description: accepted(z.nullable(text), 'For people.'),
  team_id: accepted(id, 'Team that the key belongs to.'),
  customer_id: accepted(id, 'Customer that the key belongs to, where it has no team.'),
  budget_id: unenforced(id, 'Budget of the key.'),
  budget: unenforced(budget, 'Budget, in place.'),
  budgets: unenforced(list(budget), 'Budgets, in place.'),
  rate_limit_id: unenforced(id, 'Rate limit of the key.'),
  rate_limit: unenforced(rateLimit, 'Rate limit, in place.'),
  provider_configs: unenforced(
    list(providerGrant),
    'Providers and models that the key may use, with weights.',
  ),
  mcp_configs: unenforced(list(toolGrant), 'MCP tools that the key may use.'),
})

const routingRule = block({
  id: accepted(text, 'Stable id.'),
  name: accepted(text, 'Name shown in logs.'),
  description: accepted(text, 'For people.'),
  enabled: accepted(flag, 'false: skipped.'),
  cel_expression: accepted(text, 'When the rule applies; empty or absent: always.'),
  targets: accepted(
    list(
      block({
        provider: accepted(z.nullable(text), "Provider; absent: the request's own."),
        model: accepted(z.nullable(text), "Model; absent: the request's own."),
        key_id: accepted(z.nullable(text), 'The one provider key to use.'),
        weight: accepted(amount, 'Share of the calls.'),
      }),
    ),
    'Where matching calls go.',
  ),
  provider: accepted(text, 'Older form of one target.'),
  model: accepted(text, 'Older form of one target.'),
  fallbacks: accepted(
    list(z.union([z.string(), z.looseObject({})], { error: '"provider/model" or an object with both' })),
    'Targets to try after a failure, in order.',
  ),
  scope: accepted(choice(['global', 'team', 'customer', 'virtual_key']), 'Whose calls it applies to.'),
  scope_id: accepted(id, 'Which team, customer or virtual key.'),
  priority: accepted(whole(Number.MIN_SAFE_INTEGER), 'Lower numbers come first.'),
  query: accepted(z.unknown(), "State of a dashboard's editor; ignored."),
})

export const adminAuthentication = block({
  admin_username: accepted(environmentText, 'Name of the administrator.'),
  admin_password: accepted(environmentText, 'Password, plain or as a bcrypt hash.'),
  is_enabled: accepted(flag, 'true: the admin API and the dashboard ask for the password.'),
  disable_auth_on_inference: accepted(flag, 'true: inference does not ask for it.'),
})

export const governanceSettings = block({
  virtual_keys: served(list(virtualKey), 'Keys that callers of this gateway send.', []),
  budgets: unenforced(list(budget), 'Spending limits, referred to by id.'),
  rate_limits: unenforced(list(rateLimit), 'Token and request limits, referred to by id.'),
  customers: unenforced(
    list(
      block({
        id: accepted(text, 'Stable id.'),
        name: accepted(text, 'Name shown in logs.'),
        budget_id: accepted(id, 'Budget of the customer.'),
        rate_limit_id: accepted(id, 'Rate limit of the customer.'),
      }),
    ),
    'Customers, with their limits.',
  ),
  teams: unenforced(
    list(
      block({
        id: accepted(text, 'Stable id.'),
        name: accepted(text, 'Name shown in logs.'),
        customer_id: accepted(id, 'Customer that the team belongs to.'),
        budget_id: accepted(id, 'Budget of the team.'),
        rate_limit_id: accepted(id, 'Rate limit of the team.'),
        profile: accepted(z.unknown(), 'Facts about the team.'),
        config: accepted(z.unknown(), 'Settings of the team.'),
        claims: accepted(z.unknown(), 'Claims of an identity provider that lead to the team.'),
      }),
    ),
    'Teams, with their limits.',
  ),
  routing_rules: accepted(list(routingRule), 'Rules that choose provider and model.'),
  model_configs: unenforced(
    list(
      block({
        id: accepted(text, 'Stable id.'),
        model_name: accepted(text, 'Model.'),
        provider: accepted(z.nullable(text), 'Provider; absent: any.'),
        budget_id: accepted(id, 'Budget of the model.'),
        rate_limit_id: accepted(id, 'Rate limit of the model.'),
      }),
    ),
    'Limits of models.',
  ),
  providers: unenforced(
    list(
      block({
        name: accepted(text, 'Provider.'),
        budget_id: accepted(id, 'Budget of the provider.'),
        rate_limit_id: accepted(id, 'Rate limit of the provider.'),
        send_back_raw_request: accepted(flag, "Put the provider's request into `extra_fields`."),
        send_back_raw_response: accepted(flag, "Put the provider's answer into `extra_fields`."),
        store_raw_request_response: accepted(flag, 'Keep both in the log only.'),
      }),
    ),
    'Limits of providers.',
  ),
  auth_config: unenforced(adminAuthentication, 'Password of the admin API and the dashboard.'),
  pricing_overrides: served(list(open), 'Prices of models, over the catalogue’s: see costs.md.'),
})
