import type { ExplanationView } from '../admin/explain-view.ts'
import { percent } from '../rules/weighted.ts'
import { targetLines } from './explain-target-text.ts'
import { printable } from './printable.ts'

/** An explanation for people: what happens first, and then why. */
export function explanationText(view: ExplanationView): string {
  const sections = [
    headLines(view),
    rulesLines(view),
    weightsLines(view),
    affinityLines(view),
    planLines(view),
    listed(
      'Left out',
      view.left_out.map(({ place, message }) => `${place}: ${message}`),
    ),
    listed('Assumed', view.assumptions),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${printable(line)}\n`).join(''))
    .join('\n')
}

function headLines(view: ExplanationView): string[] {
  const { call } = view
  const session = call.session_id === null ? 'no session' : `session ${call.session_id}`
  const told = [
    call.agent_type,
    call.request_class === null ? '' : `class ${call.request_class}`,
    call.stream === true ? 'streamed' : '',
    session,
  ]
  return [
    outcomeLine(view),
    '',
    `call      ${call.model ?? 'a model that is not known'} at ${call.path}`,
    `          ${told.filter((each) => each !== null && each !== '').join(', ')}${call.body_bytes === null ? '' : `, ${call.body_bytes} bytes`}`,
    `caller    ${callerText(view)}`,
  ]
}

function outcomeLine({ outcome, plan }: ExplanationView): string {
  switch (outcome.type) {
    case 'sent': {
      const { provider, model, key } = plan[outcome.target]!
      const place = outcome.target === 0 ? '' : `, the ${ordinal(outcome.target)} choice`
      return `It goes to ${provider}/${model}${key === null ? '' : ` with the key ${key.name}`}${place}.`
    }
    case 'answered_here':
      return 'It is answered here: the gateway counts the tokens itself.'
    case 'refused': {
      const { status, error, retry_after: seconds } = outcome
      return `It is refused: ${status} ${error.type}, ${error.message}${seconds === null ? '' : ` (again in ${seconds} s)`}`
    }
  }
}

/** Nobody configures so many that the words get worse. */
function ordinal(index: number): string {
  return ['first', 'second', 'third'][index] ?? `${index + 1}th`
}

function callerText({ caller }: ExplanationView): string {
  if (caller === null) return 'is not let in'
  const { virtual_key: key, team, customer, has_own_login: hasLogin } = caller
  const of = [team && `team ${team.name}`, customer && `customer ${customer.name}`].filter(Boolean)
  const who = key === null ? 'without a virtual key' : `the virtual key ${key.name}`
  return `${who}${of.length > 0 ? `, ${of.join(', ')}` : ''}${hasLogin ? ', with a token of its own' : ''}`
}

function rulesLines({ rules }: ExplanationView): string[] {
  if (rules === null || rules.tried.length === 0) return []
  const tried = rules.tried.flatMap(({ name, scope, outcome, conditions }) => [
    `  ${outcome === 'applies' ? '+' : '-'} ${name} (${scope.replace('_', ' ')}) ${outcome}`,
    ...conditions.map(
      (condition) => `      ${condition.outcome}: ${condition.text}${valuesText(condition.values)}`,
    ),
  ])
  const targets = rules.targets.map(({ provider, model, key_id: keyId, share, usable }) => {
    const pin = keyId === null ? '' : `, key ${keyId}`
    return `      ${percent(share)} to ${provider ?? 'where the name leads'}/${model}${pin}${usable ? '' : ', which cannot serve it now'}`
  })
  return ['Rules', ...tried, ...targets]
}

function valuesText(values: Readonly<Record<string, string | number | boolean | null>>): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  return pairs.length === 0 ? '' : `   (${pairs.join(', ')})`
}

function weightsLines({ weights }: ExplanationView): string[] {
  if (weights === null) return []
  return [
    `Weights of the virtual key${weights.order === 'weighted' ? '' : ', the heaviest first'}`,
    ...weights.grants.map(({ provider, model, share, left_out: why }) => {
      const place = model === null ? provider : `${provider}/${model}`
      if (why !== null) return `  - ${place}: ${why}`
      return `  + ${place}: ${share === null ? 'without a share' : percent(share)}`
    }),
  ]
}

function affinityLines({ affinity }: ExplanationView): string[] {
  if (affinity === null || affinity.bound_to === null) return []
  return ['Session', `  went on at ${affinity.bound_to} after a failure, where its prompt cache is now`]
}

function planLines({ plan }: ExplanationView): string[] {
  return plan.length === 0 ? [] : ['Plan', ...plan.flatMap(targetLines)]
}

function listed(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [title, ...items.map((item) => `  ${item}`)]
}
