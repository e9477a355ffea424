import { describe, expect, it } from 'vitest'
import { refusal } from './support.ts'

const KEY = '"id": "k", "name": "k"'
const governance = (text: string) => `{"governance": {${text}}}`
const team = (text: string) => governance(`"teams": [{"id": "t", ${text}}]`)
const grant = (text: string) =>
  governance(`"virtual_keys": [{${KEY}, "provider_configs": [{"provider": "openai", ${text}}]}]`)
const rule = (text: string) => governance(`"routing_rules": [{"model": "m", ${text}}]`)
const B = '"max_limit": 1, "reset_duration": "1d"'
const DURATION =
  'a duration from 1s to 100Y, such as 30s, 5m, 1h, 1h30m, 1d, 1w, 1M (30 days), 1Q or 1Y (365 days)'

/** ▸ stands before the place that must be named. */
const PLACES: [title: string, marked: string, message: string][] = [
  ['money in words', team('"budget": {"max_limit": ▸"ten", "reset_duration": "1d"}'), 'governance.teams[0].budget.max_limit: found "ten", expected dollars: a number of at least 0'],
  ['less than nothing', team('"budget": {"max_limit": ▸-1, "reset_duration": "1d"}'), 'governance.teams[0].budget.max_limit: found -1, expected dollars: a number of at least 0'],
  ['a budget without amount', team('"budget": ▸{"reset_duration": "1d"}'), 'governance.teams[0].budget.max_limit: found nothing, expected US dollars in a period'],
  ['a budget without period', team('"budget": ▸{"max_limit": 1}'), 'governance.teams[0].budget.reset_duration: found nothing, expected the length of the period, such as "1M" or "monthly"'],
  ['a period that is none', team('"budget": {"max_limit": 1, "reset_duration": ▸"month"}'), `governance.teams[0].budget.reset_duration: found "month", expected ${DURATION}`],
  ['no time at all', team('"budget": {"max_limit": 1, "reset_duration": ▸"0s"}'), `governance.teams[0].budget.reset_duration: found "0s", expected ${DURATION}`],
  ['more than all', team(`"budget": {${B}, "soft_limit_percent": ▸101}`), 'governance.teams[0].budget.soft_limit_percent: found 101, expected a number from 0 to 100'],
  ['a reset at no time', team(`"budget": {${B}, "last_reset": ▸"yesterday"}`), 'governance.teams[0].budget.last_reset: found no moment, expected a moment such as "2026-11-01T00:00:00Z"'],
  ['a limit of nothing', team('"rate_limit": ▸{}'), 'governance.teams[0].rate_limit: found no limit, expected token_max_limit, request_max_limit or both'],
  ['a limit without period', team('"rate_limits": [▸{"token_max_limit": 1}]'), 'governance.teams[0].rate_limits[0].token_reset_duration: found nothing, expected the length of the period, such as "1m" or "1h"'],
  ['half a request', team('"rate_limit": {"request_max_limit": ▸0.5, "request_reset_duration": "1h"}'), 'governance.teams[0].rate_limit.request_max_limit: found 0.5, expected a whole number of at least 0'],
  ['a budget that is not there', team('"budget_id": ▸"b"'), 'governance.teams[0].budget_id: found "b", expected the id of one of governance.budgets'],
  ['a rate limit that is not there', team('"rate_limit_id": ▸"r"'), 'governance.teams[0].rate_limit_id: found "r", expected the id of one of governance.rate_limits'],
  ['a customer that is not there', team('"customer_id": ▸"c"'), 'governance.teams[0].customer_id: found "c", expected the id of one of governance.customers'],
  ['a team that is not there', governance(`"virtual_keys": [{${KEY}, "team_id": ▸"t"}]`), 'governance.virtual_keys[0].team_id: found "t", expected the id of one of governance.teams'],
  ['a scope that is not there', governance('"model_configs": [{"model_name": "m", "scope": "team", "scope_id": ▸"t"}]'), 'governance.model_configs[0].scope_id: found "t", expected the id of one of governance.teams'],
  ['a scope of nobody', governance('"model_configs": [▸{"model_name": "m", "scope": "virtual_key"}]'), 'governance.model_configs[0].scope_id: found nothing, expected the id of one of governance.virtual_keys'],
  ['a team beside a customer', governance(`"customers": [{"id": "c"}], "teams": [{"id": "t"}], "virtual_keys": [{${KEY}, "team_id": "t", "customer_id": ▸"c"}]`), 'governance.virtual_keys[0].customer_id: found a customer beside a team, expected one of them: the team has its customer'],
  ['a budget without id', governance(`"budgets": [▸{${B}}]`), 'governance.budgets[0].id: found nothing, expected an id, by which budget_id refers to it'],
  ['two budgets of one id', governance(`"budgets": [{"id": "b", ${B}}, {"id": ▸"b", ${B}}]`), 'governance.budgets[1].id: found "b" again, expected each id of a budget once'],
  ['… one of them in place', governance(`"budgets": [{"id": "b", ${B}}], "teams": [{"id": "t", "budget": {"id": ▸"b", ${B}}}]`), 'governance.teams[0].budget.id: found "b" again, expected each id of a budget once'],
  ['two teams of one id', governance('"teams": [{"id": "t"}, {"id": ▸"t"}]'), 'governance.teams[1].id: found "t" again, expected each id once'],
  ['two customers of one id', governance('"customers": [{"id": "c"}, {"id": ▸"c"}]'), 'governance.customers[1].id: found "c" again, expected each id once'],
  ['two rules of one id', governance('"routing_rules": [{"id": "r", "model": "m"}, {"id": ▸"r", "model": "m"}]'), 'governance.routing_rules[1].id: found "r" again, expected each id once'],
  ['two virtual keys of one id', governance('"virtual_keys": [{"id": "a", "name": "a"}, {"id": ▸"a", "name": "b"}]'), 'governance.virtual_keys[1].id: found "a" again, expected each id of an account or a virtual key once'],
  ['a provider twice', governance('"providers": [{"name": "openai"}, {"name": ▸"openai"}]'), 'governance.providers[1].name: found "openai" again, expected each provider once'],
  ['a team without id', governance('"teams": [▸{"name": "t"}]'), 'governance.teams[0].id: found nothing, expected a name'],
  ['a grant of no provider', governance(`"virtual_keys": [{${KEY}, "provider_configs": [▸{"weight": 1}]}]`), 'governance.virtual_keys[0].provider_configs[0].provider: found nothing, expected a name'],
  ['both forms of grants', governance(`"virtual_keys": [{${KEY}, "provider_configs": [], "providers": ▸[]}]`), 'governance.virtual_keys[0].providers: found providers beside provider_configs, expected one of the two'],
  ['all models, and some', grant('"allowed_models": ▸["*", "a"]'), 'governance.virtual_keys[0].provider_configs[0].allowed_models: found "*" beside other names, expected "*" alone, or names without it'],
  ['all keys, and some', grant('"key_ids": ▸["*", "a"]'), 'governance.virtual_keys[0].provider_configs[0].key_ids: found "*" beside other names, expected "*" alone, or names without it'],
  ['L1 no expression', grant('"allowed_models": [▸"regex:"]'), 'governance.virtual_keys[0].provider_configs[0].allowed_models[0]: found "regex:", expected a regular expression after regex:'],
  ['L1 a broken expression', grant('"blacklisted_models": [▸"regex:("]'), 'governance.virtual_keys[0].provider_configs[0].blacklisted_models[0]: found another pattern, expected a regular expression after regex: (the pattern does not compile: missing closing ): `(?i)(`)'],
  ['L1 an expression that explodes', grant('"allowed_models": [▸"regex:((a{99}){99}){99}"]'), 'governance.virtual_keys[0].provider_configs[0].allowed_models[0]: found another pattern, expected a regular expression after regex: (the pattern repeats too much; use + or * instead of counts)'],
  ['an expiry that is none', governance(`"virtual_keys": [{${KEY}, "expires_at": ▸"soon"}]`), 'governance.virtual_keys[0].expires_at: found no moment, expected a moment such as "2027-01-31T00:00:00Z"'],
  ['an unknown zone', governance('"time_zone": ▸"Europe/Bern"'), 'governance.time_zone: found "Europe/Bern", expected a time zone such as "Europe/Berlin" or "UTC"'],
  ['unknown semantics', governance('"list_semantics": ▸"1.5"'), 'governance.list_semantics: found "1.5", expected one of "deny_empty", "allow_empty", "deny_absent"'],
  ['a grace of no length', '{"client": {"vk_rotation_cooldown": ▸"a while"}}', `client.vk_rotation_cooldown: found "a while", expected ${DURATION}`],
  ['a month of no year', team(`"budget": {${B}, "reset_config": {"quarter_start_month": ▸13}}`), 'governance.teams[0].budget.reset_config.quarter_start_month: found 13, expected a whole number from 1 to 12'],
  ['a rule without target', governance('"routing_rules": [{"targets": ▸[]}]'), 'governance.routing_rules[0].targets: found none, expected at least one target'],
  ['a rule in both forms', governance('"routing_rules": [{"model": "m", "targets": ▸[{"model": "n"}]}]'), 'governance.routing_rules[0].targets: found targets beside provider and model, expected one of the two forms'],
  ['a rule of no team', governance('"routing_rules": [▸{"model": "m", "scope": "team"}]'), 'governance.routing_rules[0].scope_id: found nothing, expected the id of one of governance.teams'],
  ['a fallback without model', rule('"fallbacks": [▸"openai"]'), 'governance.routing_rules[0].fallbacks[0]: found "openai", expected "provider/model" or an object with both'],
  ['a fallback of nothing', rule('"fallbacks": [▸{}]'), 'governance.routing_rules[0].fallbacks[0]: found an object, expected "provider/model" or an object with both'],
  ['H6 a fallback twice', rule('"fallbacks": ["openai/gpt-5", ▸{"provider": "openai", "model": "gpt-5"}]'), 'governance.routing_rules[0].fallbacks[1]: found "openai/gpt-5" again, expected each fallback once'],
  ['an account without provider', '{"accounts": [{"id": "a", "providers": ▸[]}]}', 'accounts[0].providers: found none, expected at least one provider'],
  ['an account of an unknown provider', '{"accounts": [{"id": "a", "providers": [{"id": "b", "type": ▸"opnai"}]}]}', 'accounts[0].providers[0].type: found "opnai", expected a known provider (did you mean "openai"?), or one of providers'],
  ['H6 an account with a pattern for a model', '{"accounts": [{"id": "a", "providers": [{"id": "b", "type": "openai", "model": ▸"regex:("}]}]}', 'accounts[0].providers[0].model: found "regex:(", expected the name of one model'],
  ['two accounts of one id', '{"accounts": [{"id": "a", "providers": [{"id": "b", "type": "openai"}]}, {"id": ▸"a", "providers": [{"id": "b", "type": "openai"}]}]}', 'accounts[1].id: found "a" again, expected each id of an account or a virtual key once'],
  ['an account and a virtual key of one id', '{"accounts": [{"id": ▸"a", "providers": [{"id": "b", "type": "openai"}]}], "governance": {"virtual_keys": [{"id": "a", "name": "a"}]}}', 'accounts[0].id: found "a" again, expected each id of an account or a virtual key once'],
  ['an account with a provider twice', '{"accounts": [{"id": "a", "providers": [{"id": "b", "type": "openai"}, {"id": ▸"b", "type": "groq"}]}]}', 'accounts[0].providers[1].id: found "b" again, expected each id once within the account'],
  ['a budget of an unknown level', '{"budgets": [{"level": ▸"user", "id": "a", "limit": 1, "period": "monthly"}]}', 'budgets[0].level: found "user", expected one of "virtual_key", "account", "team", "customer", "provider", "model"'],
  ['a budget of no account', '{"budgets": [{"level": "account", "id": ▸"a", "limit": 1, "period": "monthly"}]}', 'budgets[0].id: found "a", expected the id of one of accounts or governance.virtual_keys'],
  ['a budget of no team', '{"budgets": [{"level": "team", "id": ▸"a", "limit": 1, "period": "monthly"}]}', 'budgets[0].id: found "a", expected the id of one of governance.teams'],
  ['a budget of no provider', '{"budgets": [{"level": "provider", "id": ▸"opnai", "limit": 1, "period": "monthly"}]}', 'budgets[0].id: found "opnai", expected a known provider (did you mean "openai"?), or one of providers'],
  ['H6 an assignment', rule('"cel_expression": ▸"model = 1"'), 'governance.routing_rules[0].cel_expression: found what does not work: Unexpected "=" (line 1, column 7); write == to compare, expected a condition in CEL'],
  ['H6 a name that is none', rule('"cel_expression": ▸"modell == \\"a\\""'), 'governance.routing_rules[0].cel_expression: found what does not work: Unknown variable modell (line 1, column 1); closest: model, expected a condition in CEL'],
  ['H6 text that is no condition', rule('"cel_expression": ▸"model"'), 'governance.routing_rules[0].cel_expression: found what does not work: The expression gives string, and is to give true or false (line 1, column 1); compare it, as in model == "…", expected a condition in CEL'],
] // prettier-ignore

describe('H6 refuses, and says where, what and what would be right', () => {
  it.each(PLACES)('%s', async (_title, marked, message) => {
    const column = marked.indexOf('▸') + 1
    expect(await refusal(marked.replace('▸', ''))).toEqual([`config.json:1:${column} ${message}`])
  })
})
