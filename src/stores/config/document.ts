import { createScanner, findNodeAtLocation, parseTree, type Node, type ParseError } from 'jsonc-parser'
import { BareObject } from '../../lib/bare-object.ts'
import { locator, type Locate } from './locate.ts'
import type { LocatedProblem, Problem } from './problem.ts'

/**
 * The text of a configuration file as a value that remembers where each part stands. Comments and trailing commas are
 * fine; a name that comes twice is not, because one of the two would be lost in silence.
 */
export interface Document {
  /** Its objects inherit nothing. */
  readonly value: unknown
  locate(problem: Problem): LocatedProblem
}

/** Real files nest some ten levels; the parser recurses. */
export const MAX_DEPTH = 100

/** The document, or what keeps the text from being one. */
export function parseDocument(text: string): Document | LocatedProblem[] {
  const at = locator(text)
  const tooDeep = offsetBeyondDepth(text)
  if (tooDeep !== undefined) {
    return [at({ path: [], found: `more than ${MAX_DEPTH} levels`, expected: 'less nesting' }, tooDeep)]
  }
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  // After the first error the parser guesses, and its further errors confuse more than they help.
  const first = errors[0]
  if (first !== undefined || root === undefined) return [syntaxProblem(text, first, at)]
  const problems: LocatedProblem[] = []
  const value = toValue(root, [], (problem, node) => problems.push(at(problem, node.offset)))
  if (problems.length > 0) return problems
  return { value, locate: (problem) => at(problem, nearestNode(root, problem).offset) }
}

type Report = (problem: Problem, node: Node) => void

/** `path` grows and shrinks on the way: a copy for each value of a large file would be most of the work. */
function toValue(node: Node, path: (string | number)[], report: Report): unknown {
  const inside = (child: Node, part: string | number): unknown => {
    path.push(part)
    const value = toValue(child, path, report)
    path.pop()
    return value
  }
  if (node.type === 'array') return (node.children ?? []).map(inside)
  if (node.type !== 'object') return node.value as unknown
  const object = new BareObject()
  for (const property of node.children ?? []) {
    const [nameNode, valueNode] = property.children ?? []
    if (nameNode === undefined || valueNode === undefined) continue
    const name = String(nameNode.value)
    const tell = (found: string, expected: string) =>
      report({ path: [...path, name], found, expected }, nameNode)
    if (name === '__proto__') tell('"__proto__"', 'another name')
    else if (name in object) tell(`${JSON.stringify(name)} again`, 'each name once')
    else object[name] = inside(valueNode, name)
  }
  return object
}

/** The node of the path, its name where that is at fault, or the innermost object around a missing one. */
function nearestNode(root: Node, problem: Problem): Node {
  for (let length = problem.path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, problem.path.slice(0, length))
    if (node === undefined) continue
    const isWhole = length === problem.path.length
    return isWhole && problem.at === 'name' ? (node.parent?.children?.[0] ?? node) : node
  }
  return root
}

/** Names of the parser's error codes and what they mean for the reader of the file. */
const EXPECTED = new Map<number, string>([
  [1, 'a JSON value or a name in double quotes'], // InvalidSymbol
  [2, 'a number as JSON writes it'], // InvalidNumberFormat
  [3, 'a property name in double quotes'], // PropertyNameExpected
  [4, 'a value'], // ValueExpected
  [5, 'a colon'], // ColonExpected
  [6, 'a comma'], // CommaExpected
  [7, 'a closing }'], // CloseBraceExpected
  [8, 'a closing ]'], // CloseBracketExpected
  [9, 'the end of the file'], // EndOfFileExpected
  [11, 'the end of the comment'], // UnexpectedEndOfComment
  [12, 'a closing "'], // UnexpectedEndOfString
  [13, 'more digits'], // UnexpectedEndOfNumber
  [14, 'four hexadecimal digits'], // InvalidUnicode
  [15, 'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u'], // InvalidEscapeCharacter
  [16, 'an escape such as \\n'], // InvalidCharacter
])

function syntaxProblem(text: string, error: ParseError | undefined, at: Locate): LocatedProblem {
  if (error === undefined || text.trim() === '') {
    return at({ path: [], found: 'an empty file', expected: 'a JSON object' }, 0)
  }
  // One character only: the rest of the line may hold a key.
  const character = text.slice(error.offset).trimStart()[0]
  const found = character === undefined ? 'the end of the file' : `\`${character}\``
  return at({ path: [], found, expected: EXPECTED.get(error.error) ?? 'JSON' }, error.offset)
}

/** Offset of the bracket that opens one level too many. */
function offsetBeyondDepth(text: string): number | undefined {
  const scanner = createScanner(text, true)
  let depth = 0
  for (let token = scanner.scan(); token !== END_OF_FILE; token = scanner.scan()) {
    if (token === OPEN_BRACE || token === OPEN_BRACKET) depth++
    else if (token === CLOSE_BRACE || token === CLOSE_BRACKET) depth--
    if (depth > MAX_DEPTH) return scanner.getTokenOffset()
  }
  return undefined
}

// `SyntaxKind` of the parser is a const enum, which type stripping cannot read.
const OPEN_BRACE = 1
const CLOSE_BRACE = 2
const OPEN_BRACKET = 3
const CLOSE_BRACKET = 4
const END_OF_FILE = 17
