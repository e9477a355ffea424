import { closest } from '../../lib/closest.ts'
import { patternOf } from './model-list.ts'
import { describeValue, type Path, type Problem } from './problem.ts'
import { checkUnique, fields, place, textOf, type Fields, type Placed } from './raw.ts'

/** Whose ids a budget of the short form can name. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  virtual_key: ['virtual_keys'],
  account: ['virtual_keys'],
  team: ['teams'],
  customer: ['customers'],
}

/** What is wrong with `accounts` and `budgets`, the short form, beyond the types of single fields. */
export function checkAccounts(
  root: Fields,
  isProvider: (id: string) => boolean,
  known: Iterable<string>,
): Problem[] {
  const problems: Problem[] = []
  const governance = fields(root['governance'])
  const accounts = place(['accounts'], root['accounts'])
  const keys = place(['governance', 'virtual_keys'], governance['virtual_keys'])
  // Accounts stand last, so that it is they that come "again".
  checkUnique([...keys, ...accounts], 'id', 'each id of an account or a virtual key once', problems)
  for (const { path, value } of accounts) {
    const entries = place([...path, 'providers'], fields(value)['providers'])
    checkUnique(entries, 'id', 'each id once within the account', problems)
    for (const entry of entries) checkType(entry)
    problems.push(...entries.flatMap(patternForModel))
    if (Array.isArray(fields(value)['providers']) && entries.length === 0)
      problems.push({ path: [...path, 'providers'], found: 'none', expected: 'at least one provider' })
  }
  for (const budget of place(['budgets'], root['budgets'])) checkLevel(budget)
  return problems

  function checkType({ path, value }: Placed): void {
    const type = textOf(fields(value)['type'])
    if (type !== undefined && !isProvider(type.toLowerCase())) tellUnknown([...path, 'type'], type)
  }

  function checkLevel({ path, value }: Placed): void {
    const { level, id } = fields(value)
    const text = textOf(id)
    if (typeof level !== 'string' || text === undefined) return
    const lists = Object.hasOwn(LISTS, level) ? LISTS[level]! : undefined
    if (lists === undefined) {
      if (level === 'provider' && !isProvider(text.toLowerCase())) tellUnknown([...path, 'id'], text)
      return
    }
    const owners = lists.flatMap((name) => place([], governance[name]))
    const all = lists.includes('virtual_keys') ? [...owners, ...accounts] : owners
    if (all.some((owner) => fields(owner.value)['id'] === text)) return
    const expected = `the id of one of ${lists.includes('virtual_keys') ? 'accounts or ' : ''}governance.${lists[0]!}`
    problems.push({ path: [...path, 'id'], found: describeValue(text, true), expected })
  }

  function tellUnknown(path: Path, name: string): void {
    const meant = closest(name, known)
    const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`
    problems.push({
      path,
      found: describeValue(name, true),
      expected: `a known provider${hint}, or one of providers`,
    })
  }
}

/** Calls become calls of that model, so it has to be one. */
function patternForModel({ path, value }: Placed): Problem[] {
  const model = textOf(fields(value)['model'])
  if (model === undefined || patternOf(model) === undefined) return []
  return [{ path: [...path, 'model'], found: describeValue(model, true), expected: 'the name of one model' }]
}
