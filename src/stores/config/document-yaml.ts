import { isAlias, isMap, isScalar, isSeq, parseDocument as parse } from 'yaml'
import type { Document as YamlDocument, Node, Pair, YAMLError } from 'yaml'
import { BareObject } from '../../lib/bare-object.ts'
import { MAX_DEPTH, type Document } from './document.ts'
import { locator, type Locate } from './locate.ts'
import type { LocatedProblem, Path, Problem } from './problem.ts'

/**
 * The same of YAML 1.2: anchors and `<<` are fine; what is no plain value of JSON is not. Only the parser's tree is
 * used, because its own conversion tells no places.
 */
export function parseYaml(text: string): Document | LocatedProblem[] {
  const at = locator(text)
  // Messages for people repeat lines of the file, and lines hold keys.
  const document = parse(text, { prettyErrors: false, version: '1.2' })
  const problem = parserProblem(text, document)
  if (problem !== undefined) return [problem]
  if (document.contents === null)
    return [at({ path: [], found: 'an empty file', expected: 'settings, such as "providers:"' }, 0)]
  const conversion = new Conversion(document, at)
  const value = conversion.value(document.contents, [])
  if (conversion.problems.length > 0) return conversion.problems
  const contents = document.contents
  return { value, locate: (each) => at(each, offsetOf(document, contents, each)) }
}

/** Expanded, a few anchors of anchors can be more than the memory holds. */
const MAX_REPEATED_NODES = 100_000

class Conversion {
  readonly problems: LocatedProblem[] = []
  readonly #document: YamlDocument
  readonly #at: Locate
  #aliases = 0
  #repeated = 0

  constructor(document: YamlDocument, at: Locate) {
    this.#document = document
    this.#at = at
  }

  value(node: unknown, path: Path): unknown {
    if (path.length > MAX_DEPTH) return this.#tell(node, [], `more than ${MAX_DEPTH} levels`, 'less nesting')
    if (this.#aliases > 0 && ++this.#repeated > MAX_REPEATED_NODES) {
      if (this.#repeated === MAX_REPEATED_NODES + 1)
        this.#tell(node, path, 'anchors that repeat too much', 'fewer of them')
      return undefined
    }
    if (isAlias(node)) return this.#alias(node, path)
    if (isMap(node)) return this.#object(node.items, path)
    if (isSeq(node)) return node.items.map((item, index) => this.value(item, [...path, index]))
    return isScalar(node) ? node.value : null
  }

  #alias(node: Node, path: Path): unknown {
    const target = targetOf(this.#document, node)
    if (target === undefined)
      return this.#tell(node, path, 'the name of no anchor', 'an anchor that stands before')
    this.#aliases++
    const value = this.value(target, path)
    this.#aliases--
    return value
  }

  #object(items: readonly Pair[], path: Path): unknown {
    const object = new BareObject()
    const merged: unknown[] = []
    for (const { key, value } of items) {
      const name = nameOf(key)
      if (name === undefined) this.#tell(key, path, 'a name that is no text', 'a name')
      else if (name === '__proto__') this.#tell(key, [...path, name], '"__proto__"', 'another name')
      else if (name === MERGE) merged.push(...this.#merged(value, path))
      else if (name in object)
        this.#tell(key, [...path, name], `${JSON.stringify(name)} again`, 'each name once')
      else object[name] = this.value(value, [...path, name])
    }
    // What is written in place counts, and of the merged the first.
    for (const each of merged) Object.assign(object, { ...(each as object), ...object })
    return object
  }

  #merged(node: unknown, path: Path): unknown[] {
    const value = this.value(node, [...path, MERGE])
    const parts: unknown[] = Array.isArray(value) ? value : [value]
    const isFine = parts.every((part) => typeof part === 'object' && part !== null && !Array.isArray(part))
    if (!isFine)
      this.#tell(node, [...path, MERGE], 'something to merge that is no object', 'an anchor of an object')
    return isFine ? parts : []
  }

  #tell(node: unknown, path: Path, found: string, expected: string): undefined {
    this.problems.push(this.#at({ path, found, expected }, startOf(node) ?? 0))
  }
}

const MERGE = '<<'

function nameOf(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
}

function targetOf(document: YamlDocument, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node
}

function startOf(node: unknown): number | undefined {
  return (node as Partial<Node> | null | undefined)?.range?.[0]
}

/** Of the node of the path, its name where that is at fault, or the innermost object around a missing one. */
function offsetOf(document: YamlDocument, root: unknown, { path, at }: Problem): number {
  let [node, offset] = [root, startOf(root) ?? 0]
  for (const [depth, part] of path.entries()) {
    const found = childOf(targetOf(document, node), part)
    if (found === undefined) break
    const isNameAtFault = at === 'name' && depth === path.length - 1
    node = found.value
    offset = (isNameAtFault ? startOf(found.key) : startOf(found.value)) ?? startOf(found.key) ?? offset
  }
  return offset
}

function childOf(node: unknown, part: string | number): { key?: unknown; value: unknown } | undefined {
  if (isSeq(node))
    return typeof part === 'number' && part in node.items ? { value: node.items[part] } : undefined
  return isMap(node) ? node.items.find(({ key }) => nameOf(key) === part) : undefined
}

/** What the parser's codes mean for the reader of the file; for the others any YAML would be right. */
const EXPECTED: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an anchor that stands before',
  BAD_DQ_ESCAPE: 'an escape such as \\n',
  BAD_INDENT: 'other indentation, or a closing bracket',
  BAD_SCALAR_START: 'quotes around what begins with this character',
  BLOCK_AS_IMPLICIT_KEY: 'quotes around text with a colon, or a new line',
  DUPLICATE_KEY: 'each name once',
  MISSING_CHAR: 'a closing quote or bracket, or the comma or colon before',
  MULTILINE_IMPLICIT_KEY: 'a name on one line',
  MULTIPLE_DOCS: 'one document',
  RESOURCE_EXHAUSTION: 'less nesting',
  TAB_AS_INDENT: 'spaces as indentation',
  TAG_RESOLVE_FAILED: 'a value without a tag',
}

function parserProblem(text: string, { errors, warnings }: YamlDocument): LocatedProblem | undefined {
  const all: YAMLError[] = [...errors, ...warnings]
  // Where nesting ends the parser's memory, what it says besides is about places deeper down.
  const error = all.find(({ code }) => code === 'RESOURCE_EXHAUSTION') ?? all[0]
  if (error === undefined) return undefined
  const offset = Math.min(...error.pos)
  const character = text.slice(offset).trimStart()[0]
  const found = character === undefined ? 'the end of the file' : `\`${character}\``
  return locator(text)({ path: [], found, expected: EXPECTED[error.code] ?? 'YAML' }, offset)
}
