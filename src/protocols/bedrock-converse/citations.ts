import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'

/**
 * Citations, which the hub has in Anthropic's form. Converse names the same places by a union of locations.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CitationLocation.html
 */

interface Place {
  /** Anthropic's type. */
  type: string
  /** Converse's member. */
  member: string
  /** Anthropic's field → Converse's. */
  fields: Readonly<Record<string, string>>
}

const PLACES: readonly Place[] = [
  {
    type: 'char_location',
    member: 'documentChar',
    fields: { document_index: 'documentIndex', start_char_index: 'start', end_char_index: 'end' },
  },
  {
    type: 'page_location',
    member: 'documentPage',
    fields: { document_index: 'documentIndex', start_page_number: 'start', end_page_number: 'end' },
  },
  {
    type: 'content_block_location',
    member: 'documentChunk',
    fields: { document_index: 'documentIndex', start_block_index: 'start', end_block_index: 'end' },
  },
  {
    type: 'search_result_location',
    member: 'searchResultLocation',
    fields: { search_result_index: 'searchResultIndex', start_block_index: 'start', end_block_index: 'end' },
  },
  { type: 'web_search_result_location', member: 'web', fields: { url: 'url' } },
]

/** A citation of an upstream in Anthropic's form; undefined when it says no place. */
export function decodeCitation(citation: JsonObject): JsonObject | undefined {
  const { location, title, source, sourceContent } = citation
  if (!isObject(location)) return undefined
  const place = PLACES.find(({ member }) => isObject(location[member]))
  if (place === undefined) return undefined
  const at = location[place.member] as JsonObject
  const cited = Array.isArray(sourceContent) ? sourceContent.filter(isObject) : []
  const named = place.member.startsWith('document') ? 'document_title' : 'title'
  return {
    type: place.type,
    cited_text: cited.map((part) => (typeof part.text === 'string' ? part.text : '')).join(''),
    ...renamed(at, invert(place.fields)),
    [named]: title ?? null,
    ...(place.type === 'search_result_location' && { source: source ?? '' }),
    ...(place.type === 'web_search_result_location' && { encrypted_index: '' }),
  }
}

/** A citation for a client of Converse; undefined for places that it has no word for. */
export function encodeCitation(citation: JsonObject): JsonObject | undefined {
  const place = PLACES.find(({ type }) => type === citation.type)
  if (place === undefined) return undefined
  const title = citation.document_title ?? citation.title
  const { cited_text: cited, source } = citation
  return {
    location: { [place.member]: renamed(citation, place.fields) },
    ...(typeof title === 'string' && { title }),
    ...(typeof source === 'string' && { source }),
    ...(typeof cited === 'string' && cited !== '' && { sourceContent: [{ text: cited }] }),
  }
}

function renamed(object: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(names).flatMap(([from, to]) => (object[from] === undefined ? [] : [[to, object[from]]])),
  )
}

function invert(names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([from, to]) => [to, from]))
}
