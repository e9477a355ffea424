import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

import { parseSync } from 'rolldown/utils'

/** One file of `src/`, as far as the architecture test asks. */
export interface Source {
  /** Relative to `src/`, with forward slashes. */
  path: string
  lines: number
  /** What it imports, types included: a path relative to `src/`, `node:…` or the name of a package. */
  imports: string[]
  functions: { line: number; lines: number }[]
  /** The text of every string literal. */
  strings: string[]
  /** Every name that is read as a variable. */
  identifiers: Set<string>
}

/** Reads every TypeScript file of `src/`. */
export function readSources(): Source[] {
  return globSync('src/**/*.ts').map((file) => readSource(file.replaceAll('\\', '/').slice('src/'.length)))
}

function readSource(path: string): Source {
  const text = readFileSync(`src/${path}`, 'utf8')
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`src/${path} does not parse: ${errors[0]?.message}`)
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length
  const source: Source = {
    path,
    lines: text.split('\n').length - 1,
    imports: [],
    functions: [],
    strings: [],
    identifiers: new Set(),
  }
  for (const node of nodesIn(program)) {
    if (isImport(node)) source.imports.push(resolve(path, node.source.value))
    else if (node.type === 'Literal' && typeof node.value === 'string') source.strings.push(node.value)
    else if (node.type === 'Identifier') source.identifiers.add(node.name)
    else if (/Function(Declaration|Expression)$/.test(node.type)) {
      const line = lineAt(node.start)
      source.functions.push({ line, lines: lineAt(node.end) - line + 1 })
    }
  }
  return source
}

/** `import`, `export … from`, `import()` and `import('…').Type` all name their module in `source`. */
function isImport(node: Node): node is Node & { source: { value: string } } {
  return typeof node.source?.value === 'string'
}

function resolve(from: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier
}

/** The fields of a syntax node that are read here; which of them a node has, its type says. */
interface Node {
  type: string
  start: number
  end: number
  name: string
  value?: unknown
  source?: { value?: unknown } | null
}

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return
  if ('type' in value && typeof value.type === 'string') yield value as Node
  for (const child of Object.values(value)) yield* nodesIn(child)
}
