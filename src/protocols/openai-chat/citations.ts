import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'

/**
 * The hub's citations have Anthropic's form, because it says most. Here only places on the web can be said, and
 * where in the answer they belong is not known.
 */
export function urlCitation(citation: JsonObject): JsonObject | undefined {
  if (citation.type !== 'web_search_result_location' || typeof citation.url !== 'string') return undefined
  const { url, title, cited_text } = citation
  return {
    type: 'url_citation',
    url_citation: {
      url,
      title: typeof title === 'string' ? title : '',
      ...(typeof cited_text === 'string' && cited_text !== '' && { content: cited_text }),
      start_index: 0,
      end_index: 0,
    },
  }
}

/** An `annotations` entry as a citation of the hub; undefined for other kinds (files). */
export function citationOf(annotation: unknown): JsonObject | undefined {
  const cited = isObject(annotation) ? annotation.url_citation : undefined
  if (!isObject(cited) || typeof cited.url !== 'string') return undefined
  return {
    type: 'web_search_result_location',
    url: cited.url,
    title: typeof cited.title === 'string' ? cited.title : null,
    encrypted_index: '',
    cited_text: typeof cited.content === 'string' ? cited.content : '',
  }
}
