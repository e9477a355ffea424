import { isTimeZone } from '../../lib/time-zone.ts'
import type { CompilePattern } from './model-list.ts'
import { patternOf } from './model-list.ts'
import { describeValue, type Path, type Problem } from './problem.ts'
import { checkUnique, fields, items, place, textOf, type Fields, type Placed } from './raw.ts'
import type { Tools } from './tools.ts'

type Tell = (path: Path, found: string, expected: string) => void

/** What is wrong with the `governance` settings beyond the types of single fields; see `consistency.ts`. */
export function checkGovernance(governance: Fields, problems: Problem[], { compilePattern }: Tools): void {
  const checker = new GovernanceChecker(governance, problems, compilePattern)
  checker.checkIds()
  checker.checkTimeZone()
  checker.checkOwners()
  checker.checkRules()
}

const SCOPES: Readonly<Record<string, string>> = {
  team: 'teams',
  customer: 'customers',
  virtual_key: 'virtual_keys',
}

class GovernanceChecker {
  readonly #governance: Fields
  readonly #problems: Problem[]
  readonly #compilePattern: CompilePattern | undefined

  constructor(governance: Fields, problems: Problem[], compilePattern: CompilePattern | undefined) {
    this.#governance = governance
    this.#problems = problems
    this.#compilePattern = compilePattern
  }

  readonly #tell: Tell = (path, found, expected) => void this.#problems.push({ path, found, expected })

  #list(name: string): Placed[] {
    return place(['governance', name], this.#governance[name])
  }

  checkIds(): void {
    // Virtual keys share their ids with accounts; see `check-accounts.ts`.
    for (const name of ['customers', 'teams', 'routing_rules', 'model_configs'])
      checkUnique(this.#list(name), 'id', 'each id once', this.#problems)
    checkUnique(this.#list('providers'), 'name', 'each provider once', this.#problems)
    const owners = this.#owners()
    for (const [one, many] of [
      ['budget', 'budgets'],
      ['rate_limit', 'rate_limits'],
    ] as const) {
      const named = this.#list(many)
      for (const { path, value } of named)
        if (textOf(fields(value)['id']) === undefined)
          this.#tell([...path, 'id'], 'nothing', `an id, by which ${one}_id refers to it`)
      const all = [...named, ...owners.flatMap((owner) => inPlace(owner, one))]
      checkUnique(all, 'id', `each id of a ${one.replace('_', ' ')} once`, this.#problems)
    }
  }

  checkTimeZone(): void {
    const zone = textOf(this.#governance['time_zone'])
    if (zone === undefined || isTimeZone(zone)) return
    this.#tell(
      ['governance', 'time_zone'],
      describeValue(zone, true),
      'a time zone such as "Europe/Berlin" or "UTC"',
    )
  }

  /** All that can have limits. */
  #owners(): Placed[] {
    const keys = this.#list('virtual_keys')
    const grants = keys.flatMap(({ path, value }) =>
      ['provider_configs', 'providers'].flatMap((name) => place([...path, name], fields(value)[name])),
    )
    const others = ['customers', 'teams', 'model_configs', 'providers'].flatMap((name) => this.#list(name))
    return [...others, ...keys, ...grants]
  }

  checkOwners(): void {
    for (const owner of this.#owners()) {
      this.#checkReference(owner, 'budget_id', 'budgets')
      this.#checkReference(owner, 'rate_limit_id', 'rate_limits')
      inPlace(owner, 'budget').forEach((each) => checkBudget(each, this.#tell))
      inPlace(owner, 'rate_limit').forEach((each) => checkRateLimit(each, this.#tell))
    }
    this.#list('budgets').forEach((each) => checkBudget(each, this.#tell))
    this.#list('rate_limits').forEach((each) => checkRateLimit(each, this.#tell))
    for (const team of this.#list('teams')) this.#checkReference(team, 'customer_id', 'customers')
    for (const config of this.#list('model_configs')) {
      const list = this.#checkScope(config)
      if (list !== undefined) this.#checkReference(config, 'scope_id', list)
    }
    for (const key of this.#list('virtual_keys')) this.#checkKey(key)
  }

  #checkKey(key: Placed): void {
    const { team_id: team, customer_id: customer, expires_at: expires, ...rest } = fields(key.value)
    this.#checkReference(key, 'team_id', 'teams')
    this.#checkReference(key, 'customer_id', 'customers')
    if (textOf(team) !== undefined && textOf(customer) !== undefined)
      this.#tell(
        [...key.path, 'customer_id'],
        'a customer beside a team',
        'one of them: the team has its customer',
      )
    if (textOf(expires) !== undefined && Number.isNaN(Date.parse(expires as string)))
      this.#tell([...key.path, 'expires_at'], 'no moment', 'a moment such as "2027-01-31T00:00:00Z"')
    if (rest['providers'] !== undefined && rest['provider_configs'] !== undefined)
      this.#tell([...key.path, 'providers'], 'providers beside provider_configs', 'one of the two')
    for (const name of ['provider_configs', 'providers'])
      for (const grant of place([...key.path, name], rest[name])) this.#checkGrant(grant)
  }

  #checkGrant({ path, value }: Placed): void {
    for (const name of ['allowed_models', 'blacklisted_models', 'key_ids', 'allowed_keys']) {
      const entries = items(fields(value)[name])
      if (entries.length > 1 && entries.includes('*'))
        this.#tell([...path, name], '"*" beside other names', '"*" alone, or names without it')
      if (name.endsWith('_models'))
        for (const entry of place([...path, name], entries)) this.#checkModel(entry)
    }
  }

  #checkModel({ path, value }: Placed): void {
    const pattern = typeof value === 'string' ? patternOf(value) : undefined
    if (pattern === undefined) return
    if (pattern === '' || pattern === '*')
      return this.#tell(path, describeValue(value, true), 'a regular expression after regex:')
    try {
      this.#compilePattern?.(pattern, { ignoreCase: true })
    } catch (error) {
      this.#tell(path, 'another pattern', `a regular expression after regex: (${(error as Error).message})`)
    }
  }

  checkRules(): void {
    for (const rule of this.#list('routing_rules')) {
      // Published rules name teams that the reader has yet to make; until then they lead nobody astray.
      this.#checkScope(rule)
      checkTargets(rule, this.#tell)
      checkFallbacks(rule, this.#tell)
    }
  }

  /** The list in which the scope's object stands; undefined: it has none, or does not say which. */
  #checkScope({ path, value }: Placed): string | undefined {
    const { scope, scope_id: scopeId } = fields(value)
    const list = typeof scope === 'string' && Object.hasOwn(SCOPES, scope) ? SCOPES[scope] : undefined
    if (list === undefined || textOf(scopeId) !== undefined) return list
    this.#tell([...path, 'scope_id'], 'nothing', `the id of one of governance.${list}`)
    return undefined
  }

  /** A limit that is not found would bind nobody, in silence. */
  #checkReference({ path, value }: Placed, field: string, list: string): void {
    const id = textOf(fields(value)[field])
    if (id === undefined || this.#idsOf(list).has(id)) return
    this.#tell([...path, field], describeValue(id, true), `the id of one of governance.${list}`)
  }

  readonly #ids = new Map<string, ReadonlySet<unknown>>()

  #idsOf(list: string): ReadonlySet<unknown> {
    let ids = this.#ids.get(list)
    if (ids === undefined) {
      ids = new Set(items(this.#governance[list]).map((entry) => fields(entry)['id']))
      this.#ids.set(list, ids)
    }
    return ids
  }
}

/** `budget` and `budgets` of an owner. */
function inPlace({ path, value }: Placed, name: string): Placed[] {
  const one = fields(value)[name]
  const many = place([...path, `${name}s`], fields(value)[`${name}s`])
  return one === undefined || one === null ? many : [{ path: [...path, name], value: one }, ...many]
}

function checkBudget({ path, value }: Placed, tell: Tell): void {
  const budget = fields(value)
  if (budget['max_limit'] === undefined && budget['max_budget'] === undefined)
    tell([...path, 'max_limit'], 'nothing', 'US dollars in a period')
  if (budget['reset_duration'] === undefined && budget['budget_duration'] === undefined)
    tell([...path, 'reset_duration'], 'nothing', 'the length of the period, such as "1M" or "monthly"')
  checkMoment([...path, 'last_reset'], budget['last_reset'], tell)
}

function checkRateLimit({ path, value }: Placed, tell: Tell): void {
  const limit = fields(value)
  const isSet = (name: string) => limit[name] !== undefined && limit[name] !== null
  const limited = ['token', 'request'].filter((what) => isSet(`${what}_max_limit`))
  if (limited.length === 0) tell(path, 'no limit', 'token_max_limit, request_max_limit or both')
  for (const what of limited)
    if (!isSet(`${what}_reset_duration`))
      tell([...path, `${what}_reset_duration`], 'nothing', 'the length of the period, such as "1m" or "1h"')
  for (const what of ['token', 'request'])
    checkMoment([...path, `${what}_last_reset`], limit[`${what}_last_reset`], tell)
}

function checkMoment(path: Path, value: unknown, tell: Tell): void {
  const text = textOf(value)
  if (text !== undefined && Number.isNaN(Date.parse(text)))
    tell(path, 'no moment', 'a moment such as "2026-11-01T00:00:00Z"')
}

function checkTargets({ path, value }: Placed, tell: Tell): void {
  const rule = fields(value)
  const isOlder = textOf(rule['provider']) !== undefined || textOf(rule['model']) !== undefined
  if (rule['targets'] === undefined && isOlder) return
  if (items(rule['targets']).length === 0)
    tell([...path, 'targets'], rule['targets'] === undefined ? 'nothing' : 'none', 'at least one target')
  if (rule['targets'] !== undefined && isOlder)
    tell([...path, 'targets'], 'targets beside provider and model', 'one of the two forms')
}

function checkFallbacks({ path, value }: Placed, tell: Tell): void {
  const seen = new Set<string>()
  for (const { path: at, value: written } of place([...path, 'fallbacks'], fields(value)['fallbacks'])) {
    const { key_id: keyId, provider_key_name: keyName, provider, model } = fields(written)
    const parts = [textOf(provider), textOf(model)].filter((part) => part !== undefined)
    const name = typeof written === 'string' ? written : parts.join('/')
    if (name === '' || (typeof written === 'string' && !/^[^/]+\/./.test(written)))
      tell(at, describeValue(written, true), '"provider/model" or an object with both')
    const text = JSON.stringify([name.toLowerCase(), keyId ?? keyName])
    if (seen.has(text)) tell(at, `${describeValue(name, true)} again`, 'each fallback once')
    seen.add(text)
  }
}
