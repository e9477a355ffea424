import type { OfferedTool } from './conversation.ts'
import type { Step } from './directive.ts'
import type { Json } from './json.ts'
import { completed } from './sample.ts'

export interface ToolCall {
  name: string
  input: Record<string, Json>
  /** What a custom tool gets instead of an input. */
  text?: string
  /** For a call of a tool that is no function. */
  kind?: 'custom' | 'local_shell'
  namespace?: string
}

/** Names that agents give to the same few tools, most specific first. */
const WRITE = /^(write|write_?file|create_?file|save_?file)$/i
const SHELL =
  /^(bash|run_shell_command|shell_command|exec_command|shell|local_shell|run_command|execute_command|exec)$/i
const READ = /^(read|read_?file|view|cat)$/i
const TASK = /^(task|agent|spawn_agent|run_agent)$/i
const PATCH = /^apply_patch$/i

const PATH_NAMES = ['file_path', 'filePath', 'path', 'absolute_path', 'filename']
const TEXT_NAMES = ['content', 'contents', 'text', 'file_text', 'data']
const COMMAND_NAMES = ['command', 'cmd', 'script', 'input']
const PATCH_NAMES = ['input', 'patch', 'patchText', 'diff']
const PROMPT_NAMES = ['prompt', 'message', 'task', 'instructions']

type SingleStep = Exclude<Step, { do: 'parallel' }>

/** The call that does a step with one of the offered tools, or undefined when none fits. */
export function callFor(step: SingleStep, offered: OfferedTool[]): ToolCall | undefined {
  const tools = offered.filter((tool) => tool.kind !== 'server')
  const named = (pattern: RegExp) => tools.find((tool) => pattern.test(tool.name))
  switch (step.do) {
    case 'write':
      return write(step, named(WRITE), named(PATCH), named(SHELL))
    case 'bash':
      return shell(named(SHELL), step.cmd)
    case 'read':
      return read(named(READ), step.path) ?? shell(named(SHELL), `cat ${quoted(step.path)}`)
    case 'task':
      return task(step, named(TASK))
    case 'call':
      return callByName(step, tools)
  }
}

function write(
  step: Extract<Step, { do: 'write' }>,
  writer?: OfferedTool,
  patcher?: OfferedTool,
  runner?: OfferedTool,
): ToolCall | undefined {
  if (writer) {
    const path = property(writer, PATH_NAMES)
    const text = property(writer, TEXT_NAMES)
    return call(writer, { [path]: step.path, [text]: step.text })
  }
  if (patcher) {
    const added = step.text.split('\n').map((line) => `+${line}`)
    const patch = ['*** Begin Patch', `*** Add File: ${step.rel ?? step.path}`, ...added, '*** End Patch']
    const text = patch.join('\n')
    return patcher.kind === 'custom'
      ? customCall(patcher, text)
      : call(patcher, { [property(patcher, PATCH_NAMES)]: text })
  }
  return shell(runner, `printf '%s' ${quoted(step.text)} > ${quoted(step.path)}`)
}

function shell(tool: OfferedTool | undefined, command: string): ToolCall | undefined {
  if (!tool) return undefined
  if (takesJavaScript(tool)) {
    const script = `text(JSON.stringify(await tools.exec_command({cmd: ${JSON.stringify(command)}})))`
    return tool.kind === 'custom' ? customCall(tool, script) : call(tool, { input: script })
  }
  const name = property(tool, COMMAND_NAMES)
  const types = [tool.schema?.properties?.[name]?.type].flat().map((type) => String(type).toLowerCase())
  const wantsList = tool.kind === 'local_shell' || types.includes('array')
  const described = 'description' in (tool.schema?.properties ?? {}) ? { description: 'Scripted step' } : {}
  return call(tool, { [name]: wantsList ? ['bash', '-lc', command] : command, ...described })
}

/** Codex's `exec` takes JavaScript, in which its other tools are functions; free text has one place in a function. */
function takesJavaScript({ kind, name, schema }: OfferedTool): boolean {
  return kind === 'custom' || (name === 'exec' && Object.keys(schema?.properties ?? {}).join() === 'input')
}

function read(tool: OfferedTool | undefined, path: string): ToolCall | undefined {
  return tool && call(tool, { [property(tool, PATH_NAMES)]: path })
}

function task(step: Extract<Step, { do: 'task' }>, tool?: OfferedTool): ToolCall | undefined {
  if (!tool) return undefined
  const known = tool.schema?.properties ?? {}
  return call(tool, {
    [property(tool, PROMPT_NAMES)]: step.prompt,
    ...('description' in known && { description: step.description ?? 'Scripted task' }),
    ...('subagent_type' in known && { subagent_type: step.subagent_type ?? 'general-purpose' }),
    ...step.input,
  })
}

function callByName(step: Extract<Step, { do: 'call' }>, tools: OfferedTool[]): ToolCall | undefined {
  const pattern = /^\/(.*)\/$/.exec(step.tool)?.[1]
  const matches = (name: string) =>
    pattern === undefined ? name === step.tool : new RegExp(pattern).test(name)
  const tool = tools.find((one) => matches(one.name))
  if (!tool) return step.force ? { name: step.tool, input: step.input ?? {} } : undefined
  if (tool.kind === 'custom') return customCall(tool, step.text ?? '')
  return step.raw ? { ...called(tool), input: step.input ?? {} } : call(tool, { ...step.input })
}

const call = (tool: OfferedTool, input: Record<string, Json>): ToolCall => ({
  ...called(tool),
  input: completed(input, tool.schema),
})

const customCall = (tool: OfferedTool, text: string): ToolCall => ({ ...called(tool), input: {}, text })

const called = ({ name, kind, namespace }: OfferedTool) => ({
  name,
  ...((kind === 'custom' || kind === 'local_shell') && { kind }),
  ...(namespace !== undefined && { namespace }),
})

/** The first of the names that the tool's schema knows, or the first of all. */
function property(tool: OfferedTool, names: string[]): string {
  const known = tool.schema?.properties ?? {}
  return names.find((name) => name in known) ?? names[0] ?? ''
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
