import type * as z from 'zod/mini'
import {
  amount,
  block,
  choice,
  dollars,
  environmentText,
  flag,
  list,
  name,
  period,
  required,
  served,
  text,
} from './fields.ts'
import { percent } from './schema-limits.ts'

/**
 * The short form: `accounts` and `budgets` at the top of the file. `accounts.ts` turns them into providers, virtual keys
 * and limits.
 */

const accountProvider = block({
  id: required(name, 'Name of the provider key, unique within the account.'),
  type: required(name, 'Provider.'),
  api_key: served(
    environmentText,
    'The provider key itself, `${NAME}` or `env.NAME`. Absent: those of `providers`.',
  ),
  model: served(text, 'Model that calls become there. Absent: the one that was asked for.'),
  weight: served(
    amount,
    'The heaviest is tried first, the others in their order after it. Any numbers do.',
    1,
  ),
})

const account = block({
  id: required(name, 'Stable id, also of its virtual key.'),
  name: served(text, 'Name shown in logs. Absent: the id.'),
  value: served(
    environmentText,
    'What callers send. Absent: made up at the first start and shown once; only a hash is kept.',
  ),
  providers: required(list(accountProvider), 'Where its calls go.'),
})

const LEVELS = ['virtual_key', 'account', 'team', 'customer', 'provider', 'model'] as const

const levelBudget = block({
  level: required(choice(LEVELS), 'What the budget binds; `account` and `virtual_key` are the same.'),
  id: required(name, 'Id of that; for a provider or a model its name.'),
  limit: required(dollars, 'US dollars in a period.'),
  period: required(period, 'Length of the period: `monthly`, `1d`.'),
  calendar_aligned: served(flag, 'As in `governance.budgets`.'),
  soft_limit_percent: served(percent, 'As in `governance.budgets`.'),
})

export const accounts = served(
  list(account),
  'Short form: a virtual key with its own provider keys and order. A single account is that of callers without a key, too; several demand keys.',
)

export const levelBudgets = served(
  list(levelBudget),
  'Short form: budgets, each with the level that it binds.',
)

export type AccountSettings = z.infer<typeof account>
export type LevelBudgetSettings = z.infer<typeof levelBudget>
