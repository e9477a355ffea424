import type { JsonObject } from '../../message/request.ts'
import { argumentText } from '../shared/call-input.ts'
import { parseForOutput, stringifyJson } from '../shared/json.ts'
import { isObject, stringOf } from '../shared/object.ts'
import { INPUT, inputArguments, RawInput } from '../shared/raw-input.ts'

/**
 * Tools of this API that the client runs and that are no functions. The model gets a function in their place, and
 * the client gets the calls in the form that it knows. Parameters as documented at
 * https://platform.openai.com/docs/guides/tools (custom tools, local shell, shell, apply patch, tool search).
 */
export interface BridgedTool {
  /** Type of the items that call it. */
  readonly call: string
  /** How ids of such items begin: OpenAI refuses others in the conversation. */
  readonly idPrefix: string
  /** The function in its place. */
  define(tool: JsonObject): { description: string; schema: JsonObject }
  /** A call's arguments in the hub: JSON text. */
  readCall(item: JsonObject): string
  /** Fields of the item for a call with these arguments; undefined where they are not what the tool takes. */
  writeCall(json: string): JsonObject | undefined
}

const text = (description: string) => ({ type: 'string', description })
const integer = (description: string) => ({ type: 'integer', description })
const texts = (description: string) => ({ type: 'array', items: { type: 'string' }, description })

function object(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: 'object', properties, required, additionalProperties: false }
}

const custom: BridgedTool = {
  call: 'custom_tool_call',
  idPrefix: 'ctc',
  define: (tool) => ({
    description: [stringOf(tool.description), grammarOf(tool.format)]
      .filter((part) => part !== '')
      .join('\n\n'),
    schema: object({ [INPUT]: text('The whole input of the tool, as free text.') }, [INPUT]),
  }),
  readCall: (item) => inputArguments(stringOf(item.input)),
  writeCall(json) {
    const raw = new RawInput()
    raw.push(json)
    raw.end()
    return { input: raw.input }
  },
}

/** OpenAI's models are held to the grammar while they write; others have to be told it. */
function grammarOf(format: unknown): string {
  if (!isObject(format) || format.type !== 'grammar') return ''
  // Chat Completions has both inside an object of their own.
  const grammar = isObject(format.grammar) ? format.grammar : format
  const { syntax, definition } = grammar
  if (typeof definition !== 'string') return ''
  return `${INPUT} must follow this ${stringOf(syntax) || 'formal'} grammar:\n${definition}`
}

const localShell: BridgedTool = {
  call: 'local_shell_call',
  idPrefix: 'lsh',
  define: () => ({
    description: 'Runs a command on the user’s machine and gives back what it printed.',
    schema: object(
      {
        command: texts('The program and its arguments, e.g. ["bash", "-lc", "ls"].'),
        working_directory: text('Directory to run it in.'),
        timeout_ms: integer('Milliseconds after which it is stopped.'),
        env: {
          type: 'object',
          description: 'Environment variables.',
          additionalProperties: { type: 'string' },
        },
      },
      ['command'],
    ),
  }),
  readCall: ({ action }) =>
    argumentsOf(action, ['command', 'working_directory', 'timeout_ms', 'env', 'user']),
  writeCall(json) {
    const given = parsed(json)
    if (given === undefined || !isTexts(given.command)) return undefined
    const { command, working_directory = null, timeout_ms = null, user = null } = given
    const env = isObject(given.env) ? given.env : {}
    return { action: { type: 'exec', command, env, timeout_ms, user, working_directory } }
  },
}

const shell: BridgedTool = {
  call: 'shell_call',
  idPrefix: 'sh',
  define: () => ({
    description:
      'Runs shell commands on the user’s machine, one after the other, and gives back what they printed.',
    schema: object(
      {
        commands: texts('The commands.'),
        timeout_ms: integer('Milliseconds after which they are stopped.'),
        max_output_length: integer('Most characters of output to give back.'),
      },
      ['commands'],
    ),
  }),
  readCall: ({ action }) => argumentsOf(action, ['commands', 'timeout_ms', 'max_output_length']),
  writeCall(json) {
    const given = parsed(json)
    if (given === undefined || !isTexts(given.commands)) return undefined
    const { commands, timeout_ms = null, max_output_length = null } = given
    return { action: { commands, timeout_ms, max_output_length } }
  },
}

const PATCHES = ['create_file', 'update_file', 'delete_file']

const applyPatch: BridgedTool = {
  call: 'apply_patch_call',
  idPrefix: 'apc',
  define: () => ({
    description: 'Creates, changes or deletes one file.',
    schema: object(
      {
        type: { type: 'string', enum: PATCHES, description: 'What to do.' },
        path: text('Path of the file, from the root of the workspace.'),
        diff: text(
          'create_file: the content, each line after a "+". update_file: a unified diff without line numbers.',
        ),
      },
      ['type', 'path'],
    ),
  }),
  readCall: ({ operation }) => argumentsOf(operation, ['type', 'path', 'diff']),
  writeCall(json) {
    const given = parsed(json)
    if (given === undefined || !PATCHES.includes(stringOf(given.type)) || typeof given.path !== 'string')
      return undefined
    const { type, path, diff } = given
    if (type === 'delete_file') return { operation: { type, path } }
    return typeof diff === 'string' ? { operation: { type, path, diff } } : undefined
  },
}

const toolSearch: BridgedTool = {
  call: 'tool_search_call',
  idPrefix: 'tsc',
  define: (tool) => ({
    description:
      stringOf(tool.description) || 'Searches for more tools; those that it finds can be called after.',
    schema: isObject(tool.parameters)
      ? tool.parameters
      : object({ query: text('What the tool should be able to do.') }, ['query']),
  }),
  readCall: (item) => argumentText(item.arguments),
  writeCall(json) {
    const given = parsed(json)
    return given === undefined ? undefined : { execution: 'client', arguments: given }
  },
}

/** By the tool's type. */
export const BRIDGED: ReadonlyMap<string, BridgedTool> = new Map([
  ['custom', custom],
  ['local_shell', localShell],
  ['shell', shell],
  ['apply_patch', applyPatch],
  ['tool_search', toolSearch],
])

/** The type of tool that an item calls, by the item's type. */
export const CALLED_BY: ReadonlyMap<string, string> = new Map(
  [...BRIDGED].map(([type, { call }]): [string, string] => [call, type]),
)

function argumentsOf(action: unknown, names: readonly string[]): string {
  const given = isObject(action) ? action : {}
  const known = names.filter((name) => given[name] !== undefined && given[name] !== null)
  return stringifyJson(Object.fromEntries(known.map((name) => [name, given[name]])))
}

function parsed(json: string): JsonObject | undefined {
  try {
    const value = parseForOutput(json.trim() === '' ? '{}' : json)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
