import type { Block, CacheMark, JsonObject, Source, TextBlock } from '../../message/request.ts'
import { stringifyJson } from '../shared/json.ts'
import { given, leftover } from '../shared/object.ts'
import type { Warnings } from '../shared/warnings.ts'
import { asBoolean, asList, asObject, asString, fail, listOf, optional, required } from './fields.ts'
import { PROTOCOL, thinkingBlock, unmarkSignature } from './wire.ts'

/** `content` of a message: a string, a list of blocks, nothing. */
export function decodeContent(value: unknown, path: string, warnings: Warnings): Block[] {
  if (value === null) return []
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }]
  return required(value, path, asList).map((block, at) => decodeBlock(block, `${path}.${at}`, warnings))
}

/** `system`: a string or text blocks, never joined, because prompt caches end at block boundaries. */
export function decodeSystem(value: unknown, path: string, warnings: Warnings): TextBlock[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }]
  return asList(value, path).map((element, at) => {
    const block = asObject(element, `${path}.${at}`)
    if (block['type'] !== 'text') fail(`${path}.${at}.type`, "Input should be 'text'")
    return decodeText(block, `${path}.${at}`, warnings)
  })
}

type BlockDecoder = (block: JsonObject, path: string, warnings: Warnings) => Block

const DECODERS: ReadonlyMap<string, BlockDecoder> = new Map<string, BlockDecoder>([
  ['text', decodeText],
  ['image', decodeImage],
  ['document', decodeDocument],
  ['search_result', decodeSearchResult],
  ['thinking', decodeThinking],
  [
    'redacted_thinking',
    (block, path) => {
      const data = required(block['data'], `${path}.data`, asString)
      return { type: 'redacted-thinking', data: unmarkSignature(data) ?? '' }
    },
  ],
  ['tool_use', decodeToolUse],
  ['tool_result', decodeToolResult],
  [
    'tool_reference',
    (block, path) => ({
      type: 'tool-reference',
      name: required(block['tool_name'], `${path}.tool_name`, asString),
    }),
  ],
])

/** What a tool may answer with; anything else there is kept, but not looked into, so that nesting has an end. */
const IN_TOOL_RESULT = new Set(['text', 'image', 'document', 'search_result', 'tool_reference'])

function decodeBlock(value: unknown, path: string, warnings: Warnings, allowed?: ReadonlySet<string>): Block {
  const block = asObject(value, path)
  const type = required(block['type'], `${path}.type`, asString)
  const decode = allowed === undefined || allowed.has(type) ? DECODERS.get(type) : undefined
  if (decode === undefined) return { type: 'opaque', protocol: PROTOCOL, kind: type, raw: block }
  // The API puts the block's type into the paths of its errors.
  return decode(block, `${path}.${type}`, warnings)
}

function decodeText(block: JsonObject, path: string, warnings: Warnings): TextBlock {
  warnLeftover(block, TEXT_FIELDS, warnings)
  return {
    type: 'text',
    text: required(block['text'], `${path}.text`, asString),
    ...given('citations', optional(block['citations'], `${path}.citations`, listOf(asObject))),
    ...decodeCache(block, path, warnings),
  }
}

function decodeImage(block: JsonObject, path: string, warnings: Warnings): Block {
  warnLeftover(block, IMAGE_FIELDS, warnings)
  const source = decodeSource(block, path, ['base64', 'url', 'file'], warnings)
  return { type: 'image', source, ...decodeCache(block, path, warnings) }
}

function decodeDocument(block: JsonObject, path: string, warnings: Warnings): Block {
  warnLeftover(block, DOCUMENT_FIELDS, warnings)
  const citations = optional(block['citations'], `${path}.citations`, asObject)
  return {
    type: 'document',
    source: decodeSource(block, path, ['base64', 'text', 'content', 'url', 'file'], warnings),
    ...given('title', optional(block['title'], `${path}.title`, asString)),
    ...given('context', optional(block['context'], `${path}.context`, asString)),
    ...given('citations', optional(citations?.['enabled'], `${path}.citations.enabled`, asBoolean)),
    ...decodeCache(block, path, warnings),
  }
}

function decodeSearchResult(block: JsonObject, path: string, warnings: Warnings): Block {
  warnLeftover(block, SEARCH_RESULT_FIELDS, warnings)
  return {
    type: 'search-result',
    source: required(block['source'], `${path}.source`, asString),
    title: required(block['title'], `${path}.title`, asString),
    content: decodeSystem(required(block['content'], `${path}.content`, asList), `${path}.content`, warnings),
    ...decodeCache(block, path, warnings),
  }
}

function decodeThinking(block: JsonObject, path: string): Block {
  const text = required(block['thinking'], `${path}.thinking`, asString)
  return thinkingBlock(text, optional(block['signature'], `${path}.signature`, asString) ?? '')
}

function decodeToolUse(block: JsonObject, path: string, warnings: Warnings): Block {
  warnLeftover(block, TOOL_USE_FIELDS, warnings)
  const input = required(block['input'], `${path}.input`, (value) => value)
  return {
    type: 'tool-call',
    id: required(block['id'], `${path}.id`, asString),
    name: required(block['name'], `${path}.name`, asString),
    // Clients keep a call without arguments as null or "".
    arguments: input === null || input === '' ? '{}' : stringifyJson(input),
    ...decodeCache(block, path, warnings),
  }
}

function decodeToolResult(block: JsonObject, path: string, warnings: Warnings): Block {
  warnLeftover(block, TOOL_RESULT_FIELDS, warnings)
  return {
    type: 'tool-result',
    callId: required(block['tool_use_id'], `${path}.tool_use_id`, asString),
    content:
      optional(block['content'], `${path}.content`, (content, at) =>
        decodeResultContent(content, at, warnings),
      ) ?? [],
    isError: optional(block['is_error'], `${path}.is_error`, asBoolean) ?? false,
    ...decodeCache(block, path, warnings),
  }
}

function decodeResultContent(content: unknown, path: string, warnings: Warnings): Block[] {
  if (typeof content === 'string') return decodeContent(content, path, warnings)
  return asList(content, path).map((block, at) =>
    decodeBlock(block, `${path}.${at}`, warnings, IN_TOOL_RESULT),
  )
}

function decodeSource(block: JsonObject, path: string, kinds: readonly string[], warnings: Warnings): Source {
  const source = required(block['source'], `${path}.source`, asObject)
  const at = `${path}.source`
  const kind = required(source['type'], `${at}.type`, asString)
  if (!kinds.includes(kind)) {
    const expected = kinds.map((each) => `'${each}'`).join(', ')
    fail(at, `Input tag '${kind}' found using 'type' does not match any of the expected tags: ${expected}`)
  }
  const field = (name: string) => required(source[name], `${at}.${kind}.${name}`, asString)
  switch (kind) {
    case 'base64':
      return { kind, mediaType: field('media_type'), data: field('data') }
    case 'url':
      return { kind, url: field('url') }
    case 'file':
      return { kind, id: field('file_id') }
    case 'text':
      return { kind, text: field('data') }
    default:
      return { kind: 'blocks', blocks: decodeSourceBlocks(source['content'], `${at}.content`, warnings) }
  }
}

const IN_DOCUMENT = new Set(['text', 'image'])

function decodeSourceBlocks(content: unknown, path: string, warnings: Warnings): Block[] {
  if (typeof content === 'string') return decodeContent(content, path, warnings)
  return required(content, path, asList).map((block, at) =>
    decodeBlock(block, `${path}.${at}`, warnings, IN_DOCUMENT),
  )
}

/** `cache_control` of a block or a tool. */
export function decodeCache(holder: JsonObject, path: string, warnings: Warnings): { cache?: CacheMark } {
  const value = holder['cache_control']
  if (value === undefined || value === null) return {}
  const control = asObject(value, `${path}.cache_control`)
  const ttl = control['ttl']
  if (ttl !== undefined && ttl !== null && ttl !== '5m' && ttl !== '1h')
    fail(`${path}.cache_control.ttl`, "Input should be '5m' or '1h'")
  for (const field of Object.keys(leftover(control, CACHE_FIELDS))) {
    warnings.add('dropped', `cache_control.${field}`, 'only Anthropic knows it')
  }
  return { cache: ttl === '5m' || ttl === '1h' ? { ttl } : {} }
}

const CACHE_FIELDS = new Set(['type', 'ttl'])
const TEXT_FIELDS = new Set(['type', 'text', 'citations', 'cache_control'])
const IMAGE_FIELDS = new Set(['type', 'source', 'cache_control'])
const DOCUMENT_FIELDS = new Set(['type', 'source', 'title', 'context', 'citations', 'cache_control'])
const SEARCH_RESULT_FIELDS = new Set(['type', 'source', 'title', 'content', 'citations', 'cache_control'])
const TOOL_USE_FIELDS = new Set(['type', 'id', 'name', 'input', 'cache_control'])
const TOOL_RESULT_FIELDS = new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control'])

function warnLeftover(block: JsonObject, known: ReadonlySet<string>, warnings: Warnings): void {
  for (const field in block) {
    if (known.has(field) || block[field] === null) continue
    warnings.add(
      'dropped',
      `messages[].content[].${String(block['type'])}.${field}`,
      'only Anthropic knows it',
    )
  }
}
