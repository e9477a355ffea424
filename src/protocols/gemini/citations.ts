import type { Block, JsonObject } from '../../message/request.ts'
import { isObject, stringOf } from '../shared/object.ts'

/** The pages that an answer's text comes from, and the searches that found them. */
export interface Grounding {
  /** The hub's citations, one for each page. */
  pages: JsonObject[]
  /** What was searched for; each is billed. */
  queries: string[]
}

/** `groundingMetadata` of a candidate; undefined when it names nothing. */
export function readGrounding(candidate: JsonObject): Grounding | undefined {
  const { groundingMetadata: grounding } = candidate
  if (!isObject(grounding)) return undefined
  const queries = listOf(grounding.webSearchQueries)
    .map(stringOf)
    .filter((query) => query !== '')
  const pages = listOf(grounding.groundingChunks).flatMap((chunk): JsonObject[] => {
    const page = isObject(chunk) && isObject(chunk.web) ? chunk.web : {}
    const url = stringOf(page.uri)
    if (url === '') return []
    const title = stringOf(page.title)
    return [{ type: CITATION, url, title: title === '' ? null : title, encrypted_index: '', cited_text: '' }]
  })
  return pages.length === 0 && queries.length === 0 ? undefined : { pages, queries }
}

const CITATION = 'web_search_result_location'

/** What an answer cited, and the searches it tells of, as `groundingMetadata` for a client. */
export class GroundingWriter {
  readonly #pages = new Map<string, JsonObject>()
  readonly #queries = new Set<string>()

  cite(citation: JsonObject): void {
    if (citation.type === CITATION) this.#page(citation)
  }

  /** A block of Anthropic's web search. */
  block(block: Extract<Block, { type: 'opaque' }>): void {
    const { input, content } = block.raw
    if (block.kind === 'server_tool_use' && isObject(input) && stringOf(input.query) !== '')
      this.#queries.add(stringOf(input.query))
    if (block.kind === 'web_search_tool_result')
      for (const page of listOf(content)) if (isObject(page)) this.#page(page)
  }

  /** The field of the candidate; nothing where nothing was cited. */
  fields(): JsonObject {
    if (this.#pages.size === 0 && this.#queries.size === 0) return {}
    return {
      groundingMetadata: {
        webSearchQueries: [...this.#queries],
        groundingChunks: [...this.#pages.values()],
        groundingSupports: [],
      },
    }
  }

  #page(page: JsonObject): void {
    const uri = stringOf(page.url)
    if (uri !== '' && !this.#pages.has(uri))
      this.#pages.set(uri, { web: { uri, title: stringOf(page.title) || uri } })
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
