import { base64ToText } from '../../lib/base64.ts'
import type { Block, CacheMark, JsonObject, Source } from '../../message/request.ts'
import { stringifyJson } from '../shared/json.ts'
import { refuse } from '../shared/openai-fields.ts'
import type { Fields } from '../shared/openai-fields.ts'
import { urlSource } from '../shared/sources.ts'
import { PROTOCOL } from './wire.ts'

/** `content` of a message or `output` of a tool: a string, a list of parts, nothing. */
export function decodeContent(holder: Fields, name: 'content' | 'output'): Block[] {
  const content = holder.raw[name]
  if (content === undefined || content === null || content === '') return []
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (Array.isArray(content)) return holder.objects(name)!.flatMap(decodePart)
  // What a tool gives back is whatever its author thought of.
  if (name === 'output') return [{ type: 'text', text: stringifyJson(content) }]
  throw refuse(holder.path(name), 'a string or an array', content)
}

const TEXTS = new Set(['input_text', 'output_text', 'text', 'summary_text', 'reasoning_text'])

function decodePart(part: Fields): Block[] {
  const type = part.required('type', part.string('type'))
  if (TEXTS.has(type)) {
    const text = part.required('text', part.string('text'))
    return text === '' ? [] : [{ type: 'text', text, ...decodeCache(part) }]
  }
  switch (type) {
    case 'refusal':
      return [{ type: 'text', text: part.required('refusal', part.string('refusal')) }]
    case 'input_image':
      return [{ type: 'image', source: decodeImage(part), ...decodeCache(part) }]
    case 'input_file':
      return [decodeFile(part)]
    default:
      return [{ type: 'opaque', protocol: PROTOCOL, kind: type, raw: part.raw }]
  }
}

function decodeImage(part: Fields): Source {
  const id = part.string('file_id')
  if (id !== undefined) return { kind: 'file', id }
  return urlSource(part.required('image_url', part.string('image_url')))
}

function decodeFile(part: Fields): Block {
  const title = part.string('filename')
  const source = fileSource(part, title ?? '')
  if (source.kind === 'base64' && source.mediaType.startsWith('image/'))
    return { type: 'image', source, ...decodeCache(part) }
  return { type: 'document', source, ...(title !== undefined && { title }), ...decodeCache(part) }
}

function fileSource(part: Fields, filename: string): Source {
  const id = part.string('file_id')
  if (id !== undefined) return { kind: 'file', id }
  const url = part.string('file_url')
  if (url !== undefined) return { kind: 'url', url }
  const data = part.required('file_data', part.string('file_data'))
  // The API's own examples give the bytes without a type.
  const source: Source = data.startsWith('data:')
    ? urlSource(data)
    : { kind: 'base64', mediaType: mediaTypeOf(filename), data }
  return source.kind === 'base64' && source.mediaType.startsWith('text/') ? asText(source) : source
}

function mediaTypeOf(filename: string): string {
  const ending = /\.([a-z0-9]+)$/i.exec(filename)?.[1]?.toLowerCase()
  if (ending === 'txt' || ending === 'md' || ending === 'csv') return 'text/plain'
  if (ending === 'png' || ending === 'webp' || ending === 'gif') return `image/${ending}`
  return ending === 'jpg' || ending === 'jpeg' ? 'image/jpeg' : 'application/pdf'
}

/** Every model reads text; as a file only some do. */
function asText(source: Source & { kind: 'base64' }): Source {
  const text = base64ToText(source.data)
  return text === undefined ? source : { kind: 'text', text }
}

/** A prefix to be kept for at least half an hour; the lifetimes of others are five minutes and one hour. */
function decodeCache(part: Fields): { cache?: CacheMark } {
  const mark: JsonObject | undefined = part.object('prompt_cache_breakpoint')?.raw
  if (mark === undefined) return {}
  return { cache: typeof mark.ttl === 'string' ? { ttl: '1h' } : {} }
}
