import type { TargetView } from '../admin/explain-target-view.ts'
import { moment } from '../rules/limits.ts'
import { percent } from '../rules/weighted.ts'

/** One target of a plan, as lines for people. */
export function targetLines(target: TargetView, index: number): string[] {
  const { provider, model, reason, refusal } = target
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['body', bodyTexts(target)],
    ['key', keyTexts(target)],
    ['slots', target.slots.map(slotsText)],
    ['reserves', reservationTexts(target)],
    ['limits', target.limits.map(limitText)],
    ['warns', target.budget_warning === null ? [] : [target.budget_warning]],
    ['costs', costTexts(target)],
    ['refused', refusal === null ? [] : [`${refusal.status} ${refusal.type}: ${refusal.message}`]],
  ]
  return [
    `${index + 1}. ${provider}/${model}   ${reason}`,
    ...parts.flatMap(([title, texts]) =>
      texts.map((text, at) => `   ${(at === 0 ? title : '').padEnd(9)} ${text}`),
    ),
  ]
}

function bodyTexts({ mode, protocol, body }: TargetView): string[] {
  if (body === null) return [`${mode}, ${protocol}`]
  const { bytes, untouched, changes, dropped } = body
  const fields = changes.map(({ field, change }) => `${field} ${change}`).join(', ')
  const edits = untouched ? ', byte for byte' : fields === '' ? '' : `: ${fields}`
  return [
    `${mode}, ${protocol}, ${bytes} bytes${edits}`,
    ...dropped.map(({ kind, field, reason }) => `${kind} ${field}: ${reason}`),
  ]
}

function keyTexts({ key, keys, uses_own_login: usesLogin }: TargetView): string[] {
  if (usesLogin) return ['the client’s own login']
  return keys.map(({ id, name, share, left_out: why, left_out_until: until, health, affinity }) => {
    const parts = [
      ...(id === key?.id ? ['chosen'] : []),
      why === null ? percent(share) : `left out, ${why}`,
      ...(affinity === null || share === 1 ? [] : [AFFINITIES[affinity]]),
      ...(why !== null || health === null || health === 'usable' ? [] : [HEALTHS[health]]),
      ...(until === null ? [] : [`until ${toTheSecond(until)}`]),
    ]
    return `${name}: ${parts.join(', ')}`
  })
}

/** What is left out for half a minute is told to the second. */
function toTheSecond(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`
}

const AFFINITIES = { home: 'the session’s own', bound: 'where the session went on after a failure' } as const

/** Of keys that are used because all others are no better. */
const HEALTHS = {
  full: 'although it has no slot free',
  cooled: 'although its provider limits or refuses it',
  untried: 'as a try, because it failed too often in a row',
  barred: 'which another call is just trying',
} as const

function slotsText({ of, concurrency, in_flight: inFlight, waiting, buffer_size: most }: SlotsView): string {
  return `${of}: ${inFlight} of ${concurrency} at once, ${waiting} of ${most} waiting`
}

type SlotsView = TargetView['slots'][number]

function reservationTexts({ reservation }: TargetView): string[] {
  if (reservation === null) return []
  const { dollars, tokens } = reservation
  const money = typeof dollars === 'number' ? inDollars(dollars) : UNKNOWN_MONEY[dollars]
  return [`at most ${money} and ${typeof tokens === 'number' ? `${tokens} tokens` : 'any number of tokens'}`]
}

const UNKNOWN_MONEY = {
  unbounded: 'any amount',
  unpriced: 'nobody knows how much (no price)',
  untold: 'nobody says how much',
} as const

function limitText(limit: TargetView['limits'][number]): string {
  const { owner, unit, used, reserved, would_hold: hold, blocks, period, resets_at: resets } = limit
  const amount = (value: number) => (unit === 'dollars' ? inDollars(value) : String(value))
  const what = unit === 'dollars' ? '' : ` ${unit}`
  const holds = hold === null ? '' : `, would hold ${amount(hold)}`
  return `${owner.kind.replaceAll('_', ' ')} ${owner.name}: ${amount(used)} of ${amount(limit.limit)}${what} used, ${amount(reserved)} reserved${blocks ? ', blocks the call' : holds}; ${period}, until ${moment(Date.parse(resets))}`
}

function costTexts({ cost }: TargetView): string[] {
  if (cost === null) return []
  return cost.answers.map(({ output_tokens: tokens, dollars, reason }) => {
    const sum = dollars === null ? `unknown: ${reason ?? ''}` : inDollars(dollars)
    return `about ${sum} for ${cost.input_tokens} tokens of input and an answer of ${tokens}`
  })
}

/** Calls cost fractions of a cent. */
function inDollars(dollars: number): string {
  return `$${dollars !== 0 && dollars < 0.1 ? dollars.toPrecision(2) : dollars.toFixed(2)}`
}
