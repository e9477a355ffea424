import type { OpaqueBlock } from '../../message/request.ts'
import { isObject } from './object.ts'

/**
 * What a block that only its own API knows says, as text for other models: server tools that ran in earlier turns,
 * and the summary that a compacted conversation begins with. Undefined for blocks that say nothing without the
 * service that made them (files in its containers, internal marks).
 */
export function opaqueText(block: OpaqueBlock): string | undefined {
  const { kind, raw } = block
  if (block.protocol === 'gemini') return geminiText(kind, raw[kind])
  if (kind === 'compaction') return nonEmpty(readable(raw['content']))
  if (kind === 'server_tool_use' || kind === 'mcp_tool_use') {
    const name = typeof raw['name'] === 'string' ? raw['name'] : kind
    return `[${name} was called with ${JSON.stringify(raw['input'] ?? {})}]`
  }
  if (!kind.endsWith('_tool_result')) return undefined
  const said = nonEmpty(readable(raw['content']))
  return said === undefined ? undefined : `[${kind.replaceAll('_', ' ')}]\n${said}`
}

/** What Gemini ran at Google in an earlier turn. */
function geminiText(kind: string, part: unknown): string | undefined {
  if (!isObject(part)) return undefined
  const { language, code, output } = part
  if (kind === 'executableCode' && typeof code === 'string')
    return `\`\`\`${typeof language === 'string' ? language.toLowerCase() : ''}\n${code}\n\`\`\``
  if (kind === 'codeExecutionResult' && typeof output === 'string')
    return `[code execution result]\n${output}`
  return undefined
}

/** Names of the tools that a server-side tool search found. */
export function foundTools(block: OpaqueBlock): string[] {
  if (block.kind !== 'tool_search_tool_result') return []
  const content = block.raw['content']
  const references = isObject(content) ? content['tool_references'] : undefined
  if (!Array.isArray(references)) return []
  return references.flatMap((one) =>
    isObject(one) && typeof one['tool_name'] === 'string' ? [one['tool_name']] : [],
  )
}

/** Fields with something to read, in the order in which they are read. What is encrypted is for its maker only. */
const READABLE = [
  'title',
  'url',
  'text',
  'stdout',
  'stderr',
  'error_code',
  'tool_name',
  'source',
  'data',
  'content',
  'tool_references',
]

/** Deeper than any result of Anthropic's tools. */
const DEPTH_MAX = 6

function readable(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value
  if (depth > DEPTH_MAX) return ''
  if (Array.isArray(value)) return lines(value.map((one) => readable(one, depth + 1)))
  if (!isObject(value)) return ''
  // Bytes are not for reading.
  const fields = value['type'] === 'base64' ? [] : READABLE
  return lines(fields.map((field) => (Object.hasOwn(value, field) ? readable(value[field], depth + 1) : '')))
}

function lines(parts: string[]): string {
  return parts.filter((part) => part !== '').join('\n')
}

function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text
}
