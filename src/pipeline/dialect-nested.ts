import { append } from '../lib/append.ts'
import type { Dialect } from '../protocols/dialect.ts'
import { cutElements, editMembers, fieldsWithin, holds } from '../wire/json-edits.ts'
import type { Searched } from '../wire/json-edits.ts'
import { arrayElements, readString } from '../wire/json-scan.ts'
import type { Edit, Span } from '../wire/json-scan.ts'
import type { ScannedBody } from './foreign-blocks.ts'

export interface NestedCuts {
  edits: Edit[]
  /** Members for the top of the body. */
  members: string[]
  /** Paths of what was taken out. */
  cut: string[]
}

/**
 * Takes out what a dialect refuses inside other fields: the scope of a cache mark, the settings of single turns.
 * Only objects in which such a name stands are looked into.
 */
export function cutNested(scanned: ScannedBody, to: Dialect): NestedCuts {
  const { body, fields } = scanned
  const turns = readTurns(scanned, to)
  const output = adaptOutputConfig(body, fields, to, turns.effort)
  const cut = [...output.cut]
  const edits = [...output.edits, ...cutElements(turns.messages, (message) => turns.spent.has(message))]
  if (turns.spent.size > 0) cut.push('messages[].role: system')
  for (const path of to.refuses) {
    const [first, ...rest] = path.split('.')
    if (first === undefined || rest.length === 0 || first === 'output_config') continue
    const found = valuesAt(scanned, fields, first, rest.at(-1)!)
      .filter((object) => ![...turns.spent].some((message) => message.start === object.start))
      .flatMap((object) => cutPath(scanned, object, rest))
    if (found.length > 0) cut.push(path)
    append(edits, found)
  }
  return { edits, members: output.members, cut }
}

const LIST = '[]'

/** The value of a field, or its elements where the step says so (`system[]`); none where the name does not stand. */
function valuesAt(
  searched: Searched,
  fields: ReadonlyMap<string, Span>,
  step: string,
  needle: string,
): readonly Span[] {
  const isList = step.endsWith(LIST)
  const value = fields.get(isList ? step.slice(0, -LIST.length) : step)
  if (value === undefined || !holds(searched, value, `"${needle}"`)) return []
  return isList ? (arrayElements(searched.body, value) ?? []) : [value]
}

function cutPath(searched: Searched, object: Span, [step, ...rest]: readonly string[]): Edit[] {
  const { body } = searched
  if (!holds(searched, object, `"${rest.at(-1) ?? step}"`)) return []
  const fields = fieldsWithin(body, object)
  if (fields === undefined || step === undefined) return []
  if (rest.length === 0)
    return fields.has(step) ? editMembers(body, object.start, fields, (name) => name === step) : []
  return valuesAt(searched, fields, step, rest.at(-1)!).flatMap((inner) => cutPath(searched, inner, rest))
}

interface Turns {
  messages: readonly Span[]
  /** System messages that say nothing to the model at this host. */
  spent: ReadonlySet<Span>
  /** JSON text of the effort that the newest of them asks for. */
  effort: string | undefined
}

/**
 * Claude Code changes the effort by system messages in the conversation (beta `per-turn-control`), and lets others
 * end with the user's next message. Where a host does not know these fields, the newest effort is the request's,
 * and a message without text or beyond its end goes.
 */
function readTurns(scanned: ScannedBody, to: Dialect): Turns {
  const { body, fields } = scanned
  const list = fields.get('messages')
  const spent = new Set<Span>()
  if (list === undefined || !to.refuses.includes('messages[].output_config') || !hasSettings(scanned, list))
    return { messages: [], spent, effort: undefined }
  const messages = arrayElements(body, list) ?? []
  const lastUser = messages.findLastIndex((message) => stringAt(body, message, 'role') === 'user')
  let effort: string | undefined
  for (const [at, message] of messages.entries()) {
    if (!hasSettings(scanned, message) || stringAt(body, message, 'role') !== 'system') continue
    const own = fieldsWithin(body, message)!
    effort = effortIn(body, own.get('output_config')) ?? effort
    if ((own.has('clear_at') && at < lastUser) || isEmpty(body, own.get('content'))) spent.add(message)
  }
  return { messages, spent, effort }
}

function hasSettings(searched: Searched, span: Span): boolean {
  return holds(searched, span, '"output_config"') || holds(searched, span, '"clear_at"')
}

function stringAt(body: Buffer, object: Span, name: string): string | undefined {
  const value = fieldsWithin(body, object)?.get(name)
  return value === undefined ? undefined : readString(body, value)
}

function effortIn(body: Buffer, config: Span | undefined): string | undefined {
  const effort = config === undefined ? undefined : fieldsWithin(body, config)?.get('effort')
  return effort === undefined ? undefined : body.toString('utf8', effort.start, effort.end)
}

function isEmpty(body: Buffer, content: Span | undefined): boolean {
  if (content === undefined) return true
  return readString(body, content) === '' || arrayElements(body, content)?.length === 0
}

/** `output_config` without what the host refuses, and with the effort of the newest turn. */
function adaptOutputConfig(
  body: Buffer,
  fields: ReadonlyMap<string, Span>,
  to: Dialect,
  effort: string | undefined,
): NestedCuts {
  const asked = effort === undefined ? [] : [`"effort":${effort}`]
  const span = fields.get('output_config')
  const own = span === undefined ? undefined : fieldsWithin(body, span)
  if (span === undefined || own === undefined)
    return { edits: [], members: asked.map((member) => `"output_config":{${member}}`), cut: [] }
  const cut = [...own.keys()]
    .map((name) => `output_config.${name}`)
    .filter((path) => to.refuses.includes(path))
  const given = own.get('effort')
  const edits = editMembers(
    body,
    span.start,
    own,
    (name) => cut.includes(`output_config.${name}`),
    given === undefined ? asked : [],
  )
  if (given !== undefined && effort !== undefined) edits.push({ span: given, text: effort })
  return { edits, members: [], cut }
}
