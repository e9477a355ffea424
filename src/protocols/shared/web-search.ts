import type { BlockStart } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { shortHash } from './identity.ts'

/**
 * Anthropic's blocks for a search that a server ran, for answers of upstreams that have none. Claude Code's
 * WebSearch reads nothing but them: without, it would take what the model makes up for what the search found.
 */
export function searchBlocks(
  responseId: string,
  outcome: 'unavailable' | readonly JsonObject[],
  query?: string,
): BlockStart[] {
  const id = `srvtoolu_${shortHash(responseId, 24)}`
  const content =
    outcome === 'unavailable'
      ? { type: 'web_search_tool_result_error', error_code: 'unavailable' }
      : unique(outcome).map(({ url, title }) => ({
          type: 'web_search_result',
          url,
          title: title ?? '',
          encrypted_content: '',
          page_age: null,
        }))
  return [
    opaque({ type: 'server_tool_use', id, name: 'web_search', input: query === undefined ? {} : { query } }),
    opaque({ type: 'web_search_tool_result', tool_use_id: id, content }),
  ]
}

/** A page that was cited twice was found once. */
function unique(citations: readonly JsonObject[]): JsonObject[] {
  return [...new Map(citations.map((citation) => [citation['url'], citation])).values()]
}

function opaque(raw: JsonObject & { type: string }): BlockStart {
  return { type: 'opaque', protocol: 'anthropic', kind: raw.type, raw }
}
