import { append } from '../../lib/append.ts'
import { GatewayError } from '../../message/error.ts'
import type { Block, JsonObject, Message, TextBlock } from '../../message/request.ts'
import { argumentText } from '../shared/call-input.ts'
import { stringifyJson } from '../shared/json.ts'
import { isObject, stringOf } from '../shared/object.ts'
import { refuseValue } from '../shared/openai-fields.ts'
import type { Fields } from '../shared/openai-fields.ts'
import type { Warnings } from '../shared/warnings.ts'
import { BRIDGED, CALLED_BY } from './bridged-tools.ts'
import type { CallForms } from './call-forms.ts'
import { decodeContent } from './content-decode.ts'
import { thinkingBlock } from './seal.ts'
import { PROTOCOL } from './wire.ts'

export interface DecodedInput {
  /** What stands before the conversation. */
  system: TextBlock[]
  messages: Message[]
}

const ROLES = ['user', 'assistant', 'system', 'developer']

/** Said in the place of what only OpenAI keeps or can read. */
const REFERENCE = '[An earlier answer stands here. It is kept at OpenAI, and its text was not sent along.]'
const COMPACTION =
  '[The conversation up to here was compacted by a model of OpenAI’s, and only that can read it.]'

/**
 * The items of `input` as the hub's messages. Leading system messages become `system`; what the model said and
 * called in one turn becomes one message, and so do the results that follow.
 */
export function decodeInput(items: readonly Fields[], forms: CallForms, warnings: Warnings): DecodedInput {
  const decoder = new InputDecoder(forms, warnings)
  for (const item of items) decoder.add(item)
  return decoder
}

class InputDecoder implements DecodedInput {
  readonly system: TextBlock[] = []
  readonly messages: Message[] = []
  readonly #forms: CallForms
  readonly #warnings: Warnings
  /** Of the last message, while it holds nothing but results. */
  #results: Block[] | undefined

  constructor(forms: CallForms, warnings: Warnings) {
    this.#forms = forms
    this.#warnings = warnings
  }

  add(item: Fields): void {
    const type = item.string('type') ?? (item.has('role') ? 'message' : 'item_reference')
    switch (type) {
      case 'message':
        return this.#message(item)
      case 'reasoning':
        return this.#reasoning(item)
      case 'function_call':
        return this.#call(item, argumentText(item.raw.arguments))
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#result(item, decodeContent(item, 'output'))
      case 'local_shell_call_output':
      case 'shell_call_output':
        return this.#result(item, readOutput(item.raw.output))
      case 'apply_patch_call_output':
        return this.#result(item, readOutput(item.raw.output), item.string('status') === 'failed')
      case 'tool_search_output':
        return this.#result(item, foundTools(item))
      case 'item_reference':
        return this.#reference(item)
      case 'compaction':
      case 'compaction_summary':
        return this.#unreadable(type, COMPACTION)
      case 'compaction_trigger':
        throw unsupported(item, 'only OpenAI’s models compact a conversation; ask for a summary instead')
      case 'additional_tools':
        return
      default:
        return this.#other(type, item)
    }
  }

  #message(item: Fields): void {
    const role = item.required('role', item.string('role'))
    if (!ROLES.includes(role)) throw refuseValue(item.path('role'), role, ROLES)
    const content = decodeContent(item, 'content')
    if (role === 'assistant') return this.#say(content)
    if (role === 'user') return this.#push('user', content)
    const text = content.filter((block) => block.type === 'text')
    if (this.messages.length === 0) append(this.system, text)
    else this.#push('system', text)
  }

  #reasoning(item: Fields): void {
    const text = textOf(item, 'summary') || textOf(item, 'content')
    const encrypted = item.string('encrypted_content') ?? ''
    if (text !== '' || encrypted !== '') this.#say([thinkingBlock(item.string('id') ?? '', text, encrypted)])
  }

  #call(item: Fields, json: string, name = item.required('name', item.string('name'))): void {
    const id = callIdOf(item)
    const inHub = this.#forms.nameOf(name, item.string('namespace'))
    this.#say([{ type: 'tool-call', id, name: inHub, arguments: json }])
  }

  /** Results that follow each other answer the calls of one turn. */
  #result(item: Fields, content: Block[], isError = false): void {
    const result: Block = { type: 'tool-result', callId: callIdOf(item), content, isError }
    if (this.#results !== undefined) return void this.#results.push(result)
    const results = [result]
    this.#push('user', results)
    this.#results = results
  }

  #reference(item: Fields): void {
    const id = item.required('id', item.string('id'))
    // Reasoning and searches of earlier turns can be missed; what was said cannot.
    if (id.startsWith('msg')) return this.#unreadable('item_reference', REFERENCE)
    this.#warnings.add(
      'dropped',
      'input[].item_reference',
      'only OpenAI keeps earlier items; send store: false',
    )
  }

  #unreadable(type: string, words: string): void {
    this.#warnings.add(
      'dropped',
      `input[].${type}`,
      'only OpenAI can read it; the model is told that it was there',
    )
    if (type === 'item_reference') this.#say([{ type: 'text', text: words }])
    else this.#push('user', [{ type: 'text', text: words }])
  }

  #other(type: string, item: Fields): void {
    const called = CALLED_BY.get(type)
    if (called !== undefined) {
      // A hosted search names no call; its results are in the answer that followed.
      if (type === 'tool_search_call' && item.string('execution') !== 'client') return
      const json = BRIDGED.get(called)!.readCall(item.raw)
      return this.#call(item, json, called === 'custom' ? undefined : called)
    }
    this.#say([{ type: 'opaque', protocol: PROTOCOL, kind: type, raw: item.raw }])
  }

  /** The model's turn goes on, unless a second text begins: those were two messages. */
  #say(blocks: Block[]): void {
    const last = this.messages.at(-1)
    const areTexts = last?.content.at(-1)?.type === 'text' && blocks[0]?.type === 'text'
    if (last?.role === 'assistant' && !areTexts) append(last.content, blocks)
    else this.#push('assistant', blocks)
  }

  #push(role: Message['role'], content: Block[]): void {
    if (content.length === 0) return
    this.messages.push({ role, content })
    this.#results = undefined
  }
}

/** Local shells of older clients name the call in `id`. */
function callIdOf(item: Fields): string {
  return item.required('call_id', item.string('call_id') ?? item.string('id'))
}

/** Parts of `summary` or `content`, which Codex sends as null. */
function textOf(item: Fields, name: 'summary' | 'content'): string {
  return (item.objects(name) ?? []).map((part) => part.string('text') ?? '').join('\n\n')
}

/** A text, or what a shell printed for each command. */
function readOutput(output: unknown): Block[] {
  if (output === undefined || output === null || output === '') return []
  return [{ type: 'text', text: typeof output === 'string' ? output : stringifyJson(output) }]
}

function foundTools(item: Fields): Block[] {
  const names = (item.objects('tools') ?? []).flatMap(({ raw }) => toolNames(raw, ''))
  const text = names.length === 0 ? 'No tools were found.' : `Tools found: ${names.join(', ')}`
  return [{ type: 'text', text }]
}

function toolNames(tool: JsonObject, prefix: string): string[] {
  const name = prefix + (stringOf(tool.name) || stringOf(tool.type))
  if (tool.type !== 'namespace' || !Array.isArray(tool.tools)) return [name]
  return tool.tools.filter(isObject).flatMap((inner) => toolNames(inner, `${name}__`))
}

function unsupported(item: Fields, why: string): GatewayError {
  const field = item.path('type')
  return new GatewayError('unsupported', `${field}: ${why}.`, { field })
}
