import type { HealthChange } from './health.ts'

/** An upstream's error may be a page. */
const CAUSE_MAX_LENGTH = 200

/** A change of the health of a provider key, in a line for the operator. */
export function healthLine(change: HealthChange): string {
  const { provider, keyName, model } = change.lane
  if (change.type === 'back') return `${provider}: the key "${keyName}" serves ${model} again`
  const { error } = change
  const seconds = Math.round(change.seconds)
  const cause = `${error.kind}: ${error.message.slice(0, CAUSE_MAX_LENGTH)}`
  if (change.type === 'refused')
    return `${provider} refuses the key "${keyName}", which is not used for ${seconds} s where there is another (${cause})`
  return `${provider}: the key "${keyName}" is left out for ${model} for ${seconds} s, because it failed too often in a row (${cause})`
}
