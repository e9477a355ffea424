import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'

/** The hub's citations have Anthropic's form, because it says most. Here only places on the web can be said. */
export function urlCitation(citation: JsonObject, textLength: number): JsonObject | undefined {
  if (citation.type !== 'web_search_result_location' || typeof citation.url !== 'string') return undefined
  const { url, title } = citation
  return {
    type: 'url_citation',
    url,
    title: typeof title === 'string' ? title : '',
    start_index: 0,
    end_index: textLength,
  }
}

/** An annotation as a citation of the hub; undefined for other kinds (files). */
export function citationOf(annotation: unknown): JsonObject | undefined {
  if (!isObject(annotation) || annotation.type !== 'url_citation') return undefined
  // OpenRouter wraps it as Chat Completions does.
  const cited = isObject(annotation.url_citation) ? annotation.url_citation : annotation
  if (typeof cited.url !== 'string') return undefined
  return {
    type: 'web_search_result_location',
    url: cited.url,
    title: typeof cited.title === 'string' ? cited.title : null,
    encrypted_index: '',
    cited_text: typeof cited.content === 'string' ? cited.content : '',
  }
}
