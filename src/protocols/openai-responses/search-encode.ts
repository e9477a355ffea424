import type { JsonObject } from '../../message/request.ts'
import { isObject, stringOf } from '../shared/object.ts'

/** A search that an upstream ran, as an item; told when its result is known. */
export interface Search {
  status: 'completed' | 'failed'
  action: JsonObject
}

/**
 * Reads Anthropic's blocks of a web search, which are the hub's. Codex offers a search with every request: one that
 * the upstream does not have, and one that found nothing for no question, are nothing to tell it of.
 */
export class SearchReader {
  #query = ''
  #json = ''

  /** Undefined for every block that ends no search. */
  open(raw: JsonObject): Search | undefined {
    if (raw.type === 'server_tool_use') {
      const input = isObject(raw.input) ? raw.input : {}
      this.#query = raw.name === 'web_search' ? stringOf(input.query) : ''
      this.#json = ''
      return undefined
    }
    if (raw.type !== 'web_search_tool_result') return undefined
    const query = this.#query || queryOf(this.#json)
    this.#query = ''
    this.#json = ''
    const found = Array.isArray(raw.content) ? raw.content.filter(isObject) : undefined
    if (query === '' && (found === undefined || found.length === 0)) return undefined
    const urls = (found ?? []).map(({ url }) => stringOf(url)).filter((url) => url !== '')
    const sources = urls.map((url) => ({ type: 'url', url }))
    return {
      status: found === undefined ? 'failed' : 'completed',
      action: { type: 'search', query, queries: query === '' ? [] : [query], sources },
    }
  }

  /** Claude's question comes in pieces. */
  delta(raw: JsonObject): void {
    if (raw.type === 'input_json_delta') this.#json += stringOf(raw.partial_json)
  }
}

function queryOf(json: string): string {
  try {
    const input: unknown = JSON.parse(json)
    return isObject(input) ? stringOf(input.query) : ''
  } catch {
    return ''
  }
}
