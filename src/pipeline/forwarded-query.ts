import type { Call } from './call.ts'

const NOTHING: ReadonlySet<string> = new Set()
/** Names under which APIs take a key in the query: the client's own is none of theirs. */
const CREDENTIALS = new Set(['key', 'api_key', 'api-key', 'access_token', 'token'])

/** The client's query without credentials, and without what is meant for the gateway. */
export function queryOf({ queryText }: Call, ours: ReadonlySet<string> = NOTHING): string {
  const kept = queryText.split('&').filter((pair) => {
    const name = nameOf(pair)
    return pair !== '' && name !== undefined && !CREDENTIALS.has(name) && !ours.has(name)
  })
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}

/** As whoever reads the query may read it; undefined for what is no escape. */
function nameOf(pair: string): string | undefined {
  const name = pair.split('=', 1)[0]!.replaceAll('+', ' ')
  try {
    return decodeURIComponent(name).trim().toLowerCase()
  } catch {
    return undefined
  }
}
