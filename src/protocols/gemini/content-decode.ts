import { gather, joined } from '../../lib/append.ts'
import { decodeBase64 } from '../../lib/base64.ts'
import type { Block, JsonObject, Message, Source, TextBlock } from '../../message/request.ts'
import { sealSignature } from '../shared/gemini-signature.ts'
import { shortHash } from '../shared/identity.ts'
import { stringifyJson } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import { Fields, refuse } from './fields.ts'
import { OpenCalls } from './open-calls.ts'
import { readSignature } from './signature.ts'
import { PROTOCOL } from './wire.ts'

/** `contents` as messages. Calls without an id get one that is the same in every turn. */
export function decodeContents(contents: readonly Fields[]): Message[] {
  const messages: Message[] = []
  let open: OpenCalls | undefined
  let model: ModelTurn | undefined
  contents.forEach((content, at) => {
    const role = roleOf(content)
    const parts = content.objects('parts') ?? []
    if (role !== 'assistant') {
      model = undefined
      messages.push({ role, content: gather(parts, (part) => decodeUserPart(part, open)) })
      return
    }
    if (model === undefined) {
      model = new ModelTurn(at)
      open = new OpenCalls(model.message)
      messages.push(model.message)
    }
    // Google's own SDK keeps every chunk of a stream as a content of its own.
    for (const part of parts) model.push(part)
  })
  return messages
}

/** `systemInstruction`: a content whose role says nothing; its texts stay apart. */
export function decodeSystem(value: unknown, path: string): TextBlock[] {
  if (typeof value === 'string') return textBlocks(value)
  const parts = new Fields(value, path).objects('parts') ?? []
  return parts.flatMap((part) => textBlocks(part.string('text') ?? ''))
}

function roleOf(content: Fields): Message['role'] {
  const role = content.string('role') ?? 'user'
  // `function` is the older word for who gives results.
  if (role === 'user' || role === 'function' || role === '') return 'user'
  if (role === 'model') return 'assistant'
  if (role === 'system') return 'system'
  throw refuse(content.path('role'), 'please use a valid role: user, model', role)
}

// ==== What the model said

class ModelTurn {
  readonly message: Message = { role: 'assistant', content: [] }
  /** Its place in the conversation. */
  readonly #at: number
  #calls = 0

  constructor(at: number) {
    this.#at = at
  }

  push(part: Fields): void {
    const signature = part.string('thoughtSignature') ?? ''
    if (part.boolean('thought') === true) return this.#thought(part.string('text') ?? '', signature)
    const call = part.object('functionCall')
    const text = call === undefined ? part.string('text') : undefined
    const blocks = call === undefined ? decodePart(part) : [this.#call(call)]
    this.#sign(signature, text === '' ? 'alone' : 'next')
    this.#add(blocks)
  }

  #add(blocks: Block[]): void {
    this.message.content = joined(this.message.content, blocks)
  }

  #thought(text: string, signature: string): void {
    const read = readSignature(signature)
    const seal = read === 'own' ? { signature: sealSignature(signature, 'thought') } : {}
    const last = this.message.content.at(-1)
    // A stream gives one thought in many parts.
    if (last?.type === 'thinking' && last.signature === undefined)
      Object.assign(last, { text: last.text + text, ...seal })
    else if (text !== '' || read === 'own') this.message.content.push({ type: 'thinking', text, ...seal })
  }

  #sign(signature: string, on: 'alone' | 'next'): void {
    const read = readSignature(signature)
    const last = this.message.content.at(-1)
    const thought = last?.type === 'thinking' && last.signature === undefined ? last : undefined
    if (read === 'own') {
      const sealed = sealSignature(signature, on)
      if (thought !== undefined && on === 'next') thought.signature = sealed
      else this.message.content.push({ type: 'thinking', text: '', signature: sealed })
    } else if (read.length > 0) {
      // The thoughts that were shown are among those that were sealed.
      if (thought !== undefined) this.message.content.pop()
      this.#add(read)
    }
  }

  #call(call: Fields): Block {
    const name = call.required('name', call.string('name'))
    const ordinal = this.#calls++
    const id = call.string('id') || `call_${shortHash(`${this.#at} ${ordinal} ${name}`, 24)}`
    const args = call.value('args') ?? {}
    if (!isObject(args)) throw refuse(call.path('args'), 'an object', args)
    return { type: 'tool-call', id, name, arguments: stringifyJson(args) }
  }
}

// ==== What the user said

function decodeUserPart(part: Fields, open: OpenCalls | undefined): Block[] {
  const response = part.object('functionResponse')
  return response === undefined ? decodePart(part) : [decodeResponse(response, open)]
}

function decodeResponse(response: Fields, open: OpenCalls | undefined): Block {
  const name = response.string('name') ?? ''
  const id = response.string('id') ?? ''
  const value = response.value('response')
  const failed = isObject(value) && value.error !== undefined && value.error !== null && value.error !== ''
  const media = response.objects('parts')
  const said = textBlocks(isObject(value) ? responseText(value) : value === undefined ? '' : stringOf(value))
  return {
    type: 'tool-result',
    callId: open?.answer(id, name) ?? (id || `call_${shortHash(name, 24)}`),
    content: media === undefined ? said : [...said, ...media.flatMap(decodePart)],
    isError: failed,
  }
}

/** The one text in it, where it is no more than that: `{"output": "…"}`, `{"error": "…"}`, `{"result": "…"}`. */
function responseText(response: JsonObject): string {
  const fields = Object.keys(response)
  const field = fields[0]
  if (field === undefined) return ''
  return fields.length === 1 && PLAIN.has(field) ? stringOf(response[field]) : stringifyJson(response)
}

const PLAIN = new Set(['output', 'error', 'result', 'content'])

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : stringifyJson(value)
}

// ==== Parts of either

function decodePart(part: Fields): Block[] {
  const text = part.string('text')
  if (text !== undefined) return textBlocks(text)
  const inline = part.object('inlineData')
  if (inline !== undefined) return [decodeInline(inline)]
  const file = part.object('fileData')
  if (file !== undefined) return [decodeFile(file)]
  const [kind, value] = part.leftover(BESIDE)[0] ?? []
  return kind === undefined ? [] : [{ type: 'opaque', protocol: PROTOCOL, kind, raw: { [kind]: value } }]
}

/** What stands beside the content of a part. */
const BESIDE = new Set(['thought', 'thoughtSignature', 'partMetadata', 'mediaResolution', 'videoMetadata'])

function textBlocks(text: string): TextBlock[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

function decodeInline(inline: Fields): Block {
  const mediaType = inline.required('mimeType', inline.string('mimeType'))
  const data = inline.required('data', inline.string('data'))
  const title = inline.string('displayName')
  const named = title === undefined ? {} : { title }
  const source: Source = { kind: 'base64', mediaType, data }
  if (mediaType.startsWith('image/')) return { type: 'image', source }
  if (mediaType.startsWith('text/'))
    return { type: 'document', source: { kind: 'text', text: readText(data, inline) }, ...named }
  if (mediaType === 'application/pdf') return { type: 'document', source, ...named }
  // Sound and film: no other API takes them among its messages.
  return { type: 'opaque', protocol: PROTOCOL, kind: 'inlineData', raw: { inlineData: inline.raw } }
}

function readText(data: string, inline: Fields): string {
  const bytes = decodeBase64(data)
  if (bytes === undefined) throw refuse(inline.path('data'), 'TYPE_BYTES', data)
  return new TextDecoder().decode(bytes)
}

/** Files that were uploaded to Google, which others cannot fetch. */
const UPLOADED = /^(?:https:\/\/generativelanguage\.googleapis\.com\/|files\/)/

function decodeFile(file: Fields): Block {
  const uri = file.required('fileUri', file.string('fileUri'))
  const mediaType = file.string('mimeType')
  const title = file.string('displayName')
  const source: Source = UPLOADED.test(uri)
    ? { kind: 'file', id: uri }
    : { kind: 'url', url: uri, ...(mediaType !== undefined && { mediaType }) }
  if (mediaType?.startsWith('image/') === true) return { type: 'image', source }
  return { type: 'document', source, ...(title !== undefined && { title }) }
}
