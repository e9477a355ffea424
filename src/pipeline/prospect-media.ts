import { arrayElements, readString } from '../wire/json-scan.ts'
import type { Span } from '../wire/json-scan.ts'
import type { ProtocolId } from '../protocols/protocol.ts'
import { mayHold, objectAt } from './prospect-fields.ts'
import type { Fields } from './prospect-fields.ts'
import { textTokens } from './prospect-text.ts'

/** What stands in a conversation beside text. */
interface Media {
  /** Those whose bytes are in the body … */
  readonly inlined: Span[]
  /** … and all. */
  pictures: number
  /** Something of which nothing but its name is here, or a document, whose pages its bytes do not tell. */
  hasUnknown: boolean
  hasSound: boolean
}

export interface Input {
  /** Undefined: something belongs to it that only the provider has. */
  readonly tokens: number | undefined
  readonly hasSound: boolean
}

/** What providers put around a conversation: Claude's tools cost up to 700 tokens of instruction. */
const FRAME_TOKENS = 1000

/** The most that the text of a body is, and what stands in it beside text. `model`: its id at the provider. */
export function inputOf(of: Fields, protocol: ProtocolId, model: string): Input {
  const { body } = of
  const media = mediaIn(of, LISTS[protocol])
  if (media.hasUnknown) return { tokens: undefined, hasSound: media.hasSound }
  let tokens = FRAME_TOKENS + media.pictures * pictureTokens(model)
  let start = 0
  for (const picture of media.inlined) {
    tokens += textTokens(body, { start, end: picture.start })
    start = picture.end
  }
  tokens += textTokens(body, { start, end: body.length })
  return { tokens, hasSound: media.hasSound }
}

/**
 * Claude's largest pictures are 4,784 tokens; GPT's 10,000, but for one model, which counts 33 times what others do;
 * some open models divide theirs into up to 16,384. A small file may be a large picture, so its bytes say nothing.
 */
const PICTURE_TOKENS: readonly (readonly [RegExp, number])[] = [
  [/claude/i, 5000],
  [/4o-mini/i, 50_000],
  [/gpt|gemini/i, 10_000],
]
const PICTURE_TOKENS_MAX = 16_384

function pictureTokens(model: string): number {
  return PICTURE_TOKENS.find(([pattern]) => pattern.test(model))?.[1] ?? PICTURE_TOKENS_MAX
}

// ==== Where they stand

/** The top-level field of a conversation. */
const LISTS: Readonly<Record<ProtocolId, string>> = {
  anthropic: 'messages',
  'openai-chat': 'messages',
  'openai-responses': 'input',
  cursor: 'input',
  gemini: 'contents',
  'bedrock-converse': 'messages',
  cohere: 'messages',
}
/** Looking for pictures reads a conversation up to once a level: 10 ms for so much. */
const LOOKED_AT_MAX_BYTES = 8 * 1024 * 1024

function mediaIn(of: Fields, list: string): Media {
  const media: Media = { inlined: [], pictures: 0, hasUnknown: false, hasSound: false }
  const span = of.fields.get(list)
  if (span === undefined) return media
  if (span.end - span.start > LOOKED_AT_MAX_BYTES) media.hasUnknown = media.hasSound = true
  else if (mayHold(of, span, MEDIA_NEEDLES)) visit(of.body, span, media, 0)
  return media
}

/** Where blocks stand within blocks. What a model has written (`input`, `arguments`, `args`) is text whatever it looks like. */
const INNER = new Set(['content', 'output', 'parts', 'toolResult', 'functionResponse', 'function_response'])
/** A conversation, a message, its content, a result of a tool, its content; no API has more. */
const DEPTH_MAX = 8
const OPEN_BRACKET = 0x5b
const OPEN_BRACE = 0x7b

function visit(body: Buffer, span: Span, media: Media, depth: number): void {
  if (body[span.start] !== OPEN_BRACKET && body[span.start] !== OPEN_BRACE) return
  if (depth > DEPTH_MAX) {
    media.hasUnknown = true
    return
  }
  const elements = arrayElements(body, span)
  for (const element of elements ?? [span]) {
    const fields = objectAt(body, element)
    if (fields === undefined) continue
    look({ body, fields }, media)
    for (const [name, inner] of fields) if (INNER.has(name)) visit(body, inner, media, depth + 1)
  }
}

const PICTURES = new Set(['image', 'image_url', 'input_image'])
const UNKNOWN = new Set([
  'document',
  'container_upload',
  'file',
  'input_file',
  'item_reference',
  'file_url',
  'document_url',
  'video_url',
  'input_video',
  'video',
])
const SOUNDS = new Set(['input_audio', 'audio_url', 'audio'])
const DATA = new Set(['inlineData', 'inline_data'])
const FILES = new Set(['fileData', 'file_data'])
/** One of these names stands in every conversation with something beside text; to be noted while it is scanned. */
export const MEDIA_NEEDLES = [PICTURES, UNKNOWN, SOUNDS, DATA, FILES].flatMap((names) =>
  [...names].map((name) => `"${name}"`),
)

/** A block says what it is in its `type`, at Google and in Converse in its only field. */
function look({ body, fields }: Fields, media: Media): void {
  const type = fields.get('type')
  const kind = type && readString(body, type)
  for (const name of kind === undefined ? fields.keys() : [kind]) {
    if (PICTURES.has(name)) addPicture(body, fields, media)
    else if (SOUNDS.has(name)) addSound(body, fields, name, media)
    else if (UNKNOWN.has(name)) media.hasUnknown = media.hasSound = true
    else if (DATA.has(name)) addData(body, fields.get(name)!, media)
    else if (FILES.has(name)) media.hasUnknown = media.hasSound = true
  }
}

function addPicture(body: Buffer, fields: ReadonlyMap<string, Span>, media: Media): void {
  media.pictures++
  const source = fields.get('source') ?? fields.get('image') ?? fields.get('image_url')
  if (source === undefined) return
  const inner = objectAt(body, source)
  const nested = inner?.get('source')
  const data = nested === undefined ? inner : objectAt(body, nested)
  const bytes = inner === undefined ? source : (data?.get('data') ?? data?.get('bytes') ?? data?.get('url'))
  if (bytes !== undefined) media.inlined.push(bytes)
}

/** Sound that is here is no more tokens than its bytes would be as text. */
function addSound(body: Buffer, fields: ReadonlyMap<string, Span>, name: string, media: Media): void {
  media.hasSound = true
  const inner = fields.get(name)
  const own = inner && objectAt(body, inner)
  if (own?.has('data') !== true && own?.has('source') !== true) media.hasUnknown = true
}

function addData(body: Buffer, span: Span, media: Media): void {
  const own = objectAt(body, span)
  const type = own?.get('mimeType') ?? own?.get('mime_type')
  const data = own?.get('data')
  const kind = type && readString(body, type)
  if (kind?.startsWith('image/') === true && data !== undefined) {
    media.pictures++
    media.inlined.push(data)
  } else if (kind?.startsWith('audio/') === true) media.hasSound = true
  else if (kind?.startsWith('text/') !== true) media.hasUnknown = media.hasSound = true
}
