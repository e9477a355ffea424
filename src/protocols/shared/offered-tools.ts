import type { FunctionTool, Request, ServerTool, Tool, JsonObject } from '../../message/request.ts'
import type { Memo } from '../translation.ts'
import { clientTool } from './client-tools.ts'
import { foundTools } from './opaque-text.ts'
import type { Warnings } from './warnings.ts'

export interface OfferedTools {
  functions: FunctionTool[]
  /** Anthropic's web search, which is the hub's form of every web search. */
  search: ServerTool | undefined
}

/**
 * What the model may call now. A deferred tool is offered from the moment that a search has found it; where the
 * search itself is a server's, nobody could find anything, and all are offered.
 */
export function offeredTools(request: Request, warnings: Warnings): OfferedTools {
  const searchedByServer = request.tools.some(
    (tool) => tool.kind === 'server' && tool.type.startsWith('tool_search_tool_'),
  )
  const found = searchedByServer ? undefined : referencedTools(request)
  const functions = new Map<string, FunctionTool>()
  let search: ServerTool | undefined
  for (const tool of request.tools) {
    if (tool.kind === 'server' && tool.type.startsWith('web_search_')) search = tool
    const callable = asFunction(tool, warnings)
    if (callable === undefined) continue
    if (callable.deferred === true && found !== undefined && !found.has(callable.name)) continue
    functions.set(callable.name, callable)
  }
  return { functions: [...functions.values()], search }
}

function asFunction(tool: Tool, warnings: Warnings): FunctionTool | undefined {
  if (tool.kind === 'function') return tool
  const callable = clientTool(tool)
  if (callable !== undefined) return callable
  const handled = tool.type.startsWith('web_search_') || tool.type.startsWith('tool_search_tool_')
  if (!handled) warnings.add('dropped', `tools.${tool.name}`, `only its own provider runs ${tool.type}`)
  return undefined
}

function referencedTools(request: Request): Set<string> {
  const names = new Set<string>()
  for (const { content } of request.messages) {
    for (const block of content) {
      if (block.type === 'tool-reference') names.add(block.name)
      else if (block.type === 'opaque') for (const name of foundTools(block)) names.add(name)
      else if (block.type === 'tool-result') {
        for (const inner of block.content) if (inner.type === 'tool-reference') names.add(inner.name)
      }
    }
  }
  return names
}

/** Is the tool that is to be called one of these? */
export function isOffered(name: string, functions: readonly FunctionTool[], warnings: Warnings): boolean {
  if (functions.some((tool) => tool.name === name)) return true
  warnings.add(
    'dropped',
    'tool_choice',
    `the tool ${JSON.stringify(name)} is not among those that are offered`,
  )
  return false
}

/** The upstream cannot search; the client is told so in the answer. */
export function dropSearch(search: ServerTool, memo: Memo, warnings: Warnings): void {
  memo.webSearchUnavailable = true
  warnings.add('dropped', `tools.${search.name}`, 'the upstream has no web search')
}

/** Settings of the search that the upstream's own has not. */
export function dropSearchOptions(
  { name, raw }: ServerTool,
  options: readonly string[],
  warnings: Warnings,
): void {
  for (const option of options) {
    if (raw[option] !== undefined)
      warnings.add('dropped', `tools.${name}.${option}`, 'the upstream’s own search has no such setting')
  }
}

/** A web search in the hub's form, which is Anthropic's. */
export function webSearchTool(options: JsonObject): ServerTool {
  const named = { type: 'web_search_20250305', name: 'web_search' }
  return { kind: 'server', ...named, raw: { ...named, ...options } }
}
