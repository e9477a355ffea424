import type {
  Block,
  CacheMark,
  ImageBlock,
  JsonObject,
  Source,
  TextBlock,
  ToolCallBlock,
  ToolResultBlock,
} from '../../message/request.ts'
import { stringifyJson } from '../shared/json.ts'
import { given, leftover } from '../shared/object.ts'
import type { Warnings } from '../shared/warnings.ts'
import {
  Place,
  asAnything,
  asBoolean,
  asList,
  asObject,
  asString,
  fail,
  listOf,
  optional,
  required,
} from './fields.ts'
import type { Path } from './fields.ts'
import { PROTOCOL, thinkingBlock, unmarkSignature } from './wire.ts'

/** `content` of a message: a string, a list of blocks, nothing. */
export function decodeContent(value: unknown, path: Path, warnings: Warnings): Block[] {
  if (value === null) return []
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }]
  return required(value, path, asList).map((block, at) => decodeBlock(block, new Place(path, at), warnings))
}

/** `system`: a string or text blocks, never joined, because prompt caches end at block boundaries. */
export function decodeSystem(value: unknown, path: Path, warnings: Warnings): TextBlock[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }]
  return asList(value, path).map((element, at) => {
    const place = new Place(path, at)
    const block = asObject(element, place)
    if (block['type'] !== 'text') fail(place, "Input should be 'text'", 'type')
    return decodeText(block, place, warnings)
  })
}

type BlockDecoder = (block: JsonObject, path: Path, warnings: Warnings) => Block

const DECODERS: ReadonlyMap<string, BlockDecoder> = new Map<string, BlockDecoder>([
  ['text', decodeText],
  ['image', decodeImage],
  ['document', decodeDocument],
  ['search_result', decodeSearchResult],
  ['thinking', decodeThinking],
  [
    'redacted_thinking',
    (block, path) => {
      const data = required(block['data'], path, asString, 'data')
      return { type: 'redacted-thinking', data: unmarkSignature(data) ?? '' }
    },
  ],
  ['tool_use', decodeToolUse],
  ['tool_result', decodeToolResult],
  [
    'tool_reference',
    (block, path) => ({
      type: 'tool-reference',
      name: required(block['tool_name'], path, asString, 'tool_name'),
    }),
  ],
])

/** What a tool may answer with; anything else there is kept, but not looked into, so that nesting has an end. */
const IN_TOOL_RESULT = new Set(['text', 'image', 'document', 'search_result', 'tool_reference'])

function decodeBlock(value: unknown, path: Path, warnings: Warnings, allowed?: ReadonlySet<string>): Block {
  const block = asObject(value, path)
  const type = required(block['type'], path, asString, 'type')
  const decode = allowed === undefined || allowed.has(type) ? DECODERS.get(type) : undefined
  if (decode === undefined) return { type: 'opaque', protocol: PROTOCOL, kind: type, raw: block }
  // The API puts the block's type into the paths of its errors.
  return decode(block, new Place(path, type), warnings)
}

function decodeText(block: JsonObject, path: Path, warnings: Warnings): TextBlock {
  warnLeftover(block, TEXT_FIELDS, warnings)
  const text: TextBlock = { type: 'text', text: required(block['text'], path, asString, 'text') }
  const citations = optional(block['citations'], path, asObjects, 'citations')
  if (citations !== undefined) text.citations = citations
  return marked(text, block, path, warnings)
}

const asObjects = listOf(asObject)

function decodeImage(block: JsonObject, path: Path, warnings: Warnings): Block {
  warnLeftover(block, IMAGE_FIELDS, warnings)
  const source = decodeSource(block, path, ['base64', 'url', 'file'], warnings)
  return marked<ImageBlock>({ type: 'image', source }, block, path, warnings)
}

function decodeDocument(block: JsonObject, path: Path, warnings: Warnings): Block {
  warnLeftover(block, DOCUMENT_FIELDS, warnings)
  const citations = optional(block['citations'], path, asObject, 'citations')
  return {
    type: 'document',
    source: decodeSource(block, path, ['base64', 'text', 'content', 'url', 'file'], warnings),
    ...given('title', optional(block['title'], path, asString, 'title')),
    ...given('context', optional(block['context'], path, asString, 'context')),
    ...given('citations', optional(citations?.['enabled'], path, asBoolean, 'citations.enabled')),
    ...given('cache', decodeCache(block, path, warnings)),
  }
}

function decodeSearchResult(block: JsonObject, path: Path, warnings: Warnings): Block {
  warnLeftover(block, SEARCH_RESULT_FIELDS, warnings)
  return {
    type: 'search-result',
    source: required(block['source'], path, asString, 'source'),
    title: required(block['title'], path, asString, 'title'),
    content: decodeSystem(
      required(block['content'], path, asList, 'content'),
      new Place(path, 'content'),
      warnings,
    ),
    ...given('cache', decodeCache(block, path, warnings)),
  }
}

function decodeThinking(block: JsonObject, path: Path): Block {
  const text = required(block['thinking'], path, asString, 'thinking')
  return thinkingBlock(text, optional(block['signature'], path, asString, 'signature') ?? '')
}

function decodeToolUse(block: JsonObject, path: Path, warnings: Warnings): Block {
  warnLeftover(block, TOOL_USE_FIELDS, warnings)
  const input = required(block['input'], path, asAnything, 'input')
  const id = required(block['id'], path, asString, 'id')
  const name = required(block['name'], path, asString, 'name')
  // Clients keep a call without arguments as null or "".
  const json = input === null || input === '' ? '{}' : stringifyJson(input)
  return marked<ToolCallBlock>({ type: 'tool-call', id, name, arguments: json }, block, path, warnings)
}

function decodeToolResult(block: JsonObject, path: Path, warnings: Warnings): Block {
  warnLeftover(block, TOOL_RESULT_FIELDS, warnings)
  const callId = required(block['tool_use_id'], path, asString, 'tool_use_id')
  const content = decodeResultContent(block['content'], new Place(path, 'content'), warnings)
  const isError = optional(block['is_error'], path, asBoolean, 'is_error') ?? false
  return marked<ToolResultBlock>({ type: 'tool-result', callId, content, isError }, block, path, warnings)
}

function decodeResultContent(content: unknown, path: Path, warnings: Warnings): Block[] {
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return decodeContent(content, path, warnings)
  return asList(content, path).map((block, at) =>
    decodeBlock(block, new Place(path, at), warnings, IN_TOOL_RESULT),
  )
}

function decodeSource(block: JsonObject, path: Path, kinds: readonly string[], warnings: Warnings): Source {
  const source = required(block['source'], path, asObject, 'source')
  const at = new Place(path, 'source')
  const kind = required(source['type'], at, asString, 'type')
  if (!kinds.includes(kind)) {
    const expected = kinds.map((each) => `'${each}'`).join(', ')
    fail(at, `Input tag '${kind}' found using 'type' does not match any of the expected tags: ${expected}`)
  }
  const field = (name: string) => required(source[name], at, asString, `${kind}.${name}`)
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
      return {
        kind: 'blocks',
        blocks: decodeSourceBlocks(source['content'], new Place(at, 'content'), warnings),
      }
  }
}

const IN_DOCUMENT = new Set(['text', 'image'])

function decodeSourceBlocks(content: unknown, path: Path, warnings: Warnings): Block[] {
  if (typeof content === 'string') return decodeContent(content, path, warnings)
  return required(content, path, asList).map((block, at) =>
    decodeBlock(block, new Place(path, at), warnings, IN_DOCUMENT),
  )
}

function marked<Marked extends { cache?: CacheMark }>(
  block: Marked,
  wire: JsonObject,
  path: Path,
  warnings: Warnings,
): Marked {
  const cache = decodeCache(wire, path, warnings)
  if (cache !== undefined) block.cache = cache
  return block
}

/** `cache_control` of a block or a tool. */
export function decodeCache(holder: JsonObject, path: Path, warnings: Warnings): CacheMark | undefined {
  const control = optional(holder['cache_control'], path, asObject, 'cache_control')
  if (control === undefined) return undefined
  const ttl = control['ttl']
  if (ttl !== undefined && ttl !== null && ttl !== '5m' && ttl !== '1h')
    fail(path, "Input should be '5m' or '1h'", 'cache_control.ttl')
  for (const field of Object.keys(leftover(control, CACHE_FIELDS))) {
    warnings.add('dropped', `cache_control.${field}`, 'only Anthropic knows it')
  }
  return ttl === '5m' || ttl === '1h' ? { ttl } : {}
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
