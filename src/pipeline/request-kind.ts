import { isOperation } from '../operations/operation.ts'
import type { Call } from './call.ts'

const CHAT_PROTOCOLS: ReadonlySet<string> = new Set(['openai-chat', 'cohere'])

/** What a call asks, in the words of Bifrost's settings and answers; to it everything else that talks is `responses`. */
export function requestKind({ protocol, endpoint, operation }: Call): string {
  if (isOperation(endpoint)) return endpoint.kind
  if (operation === 'passthrough') return 'passthrough'
  if (operation === 'count-tokens') return 'count_tokens'
  return CHAT_PROTOCOLS.has(protocol.id) ? 'chat_completion' : 'responses'
}
