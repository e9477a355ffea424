import type { ASTNode } from '@marcbachmann/cel-js'
import { closest } from '../closest.ts'
import { ExpressionError } from './expression-error.ts'
import { callFunction, callMethod, FUNCTIONS, METHODS } from './functions.ts'
import { macro, MACROS, MAP_SIZE_USUAL } from './macros.ts'
import { arithmetic, ARITHMETIC, comparison, COMPARISONS, logical, membership } from './operators.ts'
import { minus, negation, ternary } from './operators.ts'
import { both, isScalar, map } from './part.ts'
import type { Kind, Part } from './part.ts'
import { compilePattern } from './pattern.ts'
import { FAILED, isText } from './scope.ts'
import type { Run, TextMap, Value, Variable } from './scope.ts'

type Names = ReadonlyMap<string, { readonly slot: number; readonly variable: Omit<Variable<never>, 'read'> }>
type Locals = ReadonlyMap<string, { readonly local: number; readonly kind: Kind }>

/**
 * Steps that one evaluation may be expected to take: every node once, those in a loop once for each element. At some ten
 * nanoseconds a step, this is a tenth of a millisecond.
 */
const WORK_MAX = 10_000

/** Makes the nodes of one expression ready to run. Throws {@link ExpressionError}; of types it takes no notice. */
export class Compiler {
  readonly #text: string
  readonly #names: Names
  /** What was read since it was last emptied: variables, and entries of maps. */
  readonly reads = new Map<string, Run>()
  #work = 0
  /** How often the node at hand runs. */
  #times = 1
  /** Loops around the node at hand. */
  #depth = 0

  constructor(text: string, names: Names) {
    this.#text = text
    this.#names = names
  }

  part(node: ASTNode, locals: Locals = new Map()): Part {
    this.#work += this.#times
    if (this.#work > WORK_MAX)
      throw this.#refused(node, 'The expression has too much to do', 'shorten its lists, or nest fewer loops')
    switch (node.op) {
      case 'value':
        return this.#literal(node)
      case 'id':
        return this.#name(node, locals)
      case 'list':
        return this.#list(node, locals)
      case '.':
        return this.#entry(node, this.part(node.args[0], locals), { literal: node.args[1], kind: 'string' })
      case '[]':
        return this.#entry(node, this.part(node.args[0], locals), this.part(node.args[1], locals))
      case 'call':
        return this.#call(node, locals)
      case 'rcall':
        return this.#method(node, locals)
      case '?:': {
        const [condition, yes, no] = node.args.map((one) => this.part(one, locals))
        return ternary(condition!, yes!, no!)
      }
      case '!_':
        return negation(this.part(node.args, locals))
      case '-_':
        return minus(this.part(node.args, locals))
      case 'map':
        throw this.#refused(node, 'A map cannot be written in an expression', 'use a list, or == and ||')
      case '.?':
      case '[?]':
        throw this.#refused(node, 'Optional access is not known here', 'use "key" in map')
      default:
        return this.#binary(node.op, node, node.args, locals)
    }
  }

  #refused(node: ASTNode, summary: string, hint?: string): ExpressionError {
    return new ExpressionError(this.#text, node.pos, summary, hint)
  }

  #literal(node: ASTNode & { op: 'value' }): Part {
    const value = node.args
    const constant = (kind: Kind, literal: string | number | boolean): Part => ({
      kind,
      literal,
      run: () => literal,
    })
    if (typeof value === 'string') return constant('string', value)
    if (typeof value === 'boolean') return constant('bool', value)
    if (typeof value === 'number') return constant('double', value)
    if (typeof value === 'bigint') {
      if (Number.isSafeInteger(Number(value))) return constant('int', Number(value))
      throw this.#refused(node, `The number ${value} is too large`, 'at most 9007199254740991 is possible')
    }
    if (value === null) throw this.#refused(node, 'null is not known here', 'a text that is not there is ""')
    if (value instanceof Uint8Array)
      throw this.#refused(node, 'Bytes are not known here', 'write the text without b')
    throw this.#refused(node, 'Unsigned numbers are not known here', 'write the number without u')
  }

  #name(node: ASTNode & { op: 'id' }, locals: Locals): Part {
    const local = locals.get(node.args)
    if (local !== undefined) return { kind: local.kind, run: (scope) => scope.locals[local.local] ?? FAILED }
    const known = this.#names.get(node.args)
    if (known === undefined)
      throw this.#unknown(node.pos, `Unknown variable ${node.args}`, node.args, [
        ...this.#names.keys(),
        ...locals.keys(),
      ])
    const { slot, variable } = known
    const { name, type: kind, values } = variable
    const run: Run = (scope) => scope.value(slot)
    if (kind === 'map') return { kind, run, map: name, size: MAP_SIZE_USUAL }
    this.reads.set(name, run)
    return { kind, run, ...(kind === 'string' && { key: name }), ...(values && { values }) }
  }

  #unknown(at: number, summary: string, name: string, known: string[]): ExpressionError {
    const near = closest(name, known)
    const hint = near === undefined ? `known are ${known.join(', ')}` : `closest: ${near}`
    return new ExpressionError(this.#text, at, summary, hint)
  }

  #list(node: ASTNode & { op: 'list' }, locals: Locals): Part {
    const parts = node.args.map((one) => this.part(one, locals))
    const literals = parts.flatMap(({ literal }) =>
      literal === undefined || Array.isArray(literal) ? [] : (literal as string),
    )
    this.#checkElements(node, parts)
    const element = parts[0]?.kind
    const list = { kind: 'list' as const, size: parts.length, ...(element && { element }) }
    if (literals.length === parts.length) return { ...list, literal: literals, run: () => literals }
    const run: Run = (scope) => {
      const values = parts.map((part) => part.run(scope))
      return values.includes(FAILED) ? FAILED : values
    }
    return { ...list, run }
  }

  /** Lists are short and of one kind, so that what they cost is known. */
  #checkElements(node: ASTNode, parts: readonly Part[]): void {
    if (parts.every(({ kind }) => isScalar(kind))) return
    throw this.#refused(node, 'A list has texts, numbers or booleans in it', 'use two lists')
  }

  /** `headers["user-agent"]`, `headers.accept`, `["a", "b"][0]`. Keys of maps are written in any case. */
  #entry(node: ASTNode, container: Part, index: Pick<Part, 'literal' | 'kind'> & Partial<Part>): Part {
    if (container.kind === 'list') {
      const run = both(container.run, index.run!, (list: readonly Value[], at: number) => list[at] ?? FAILED)
      return { kind: container.element ?? 'string', run }
    }
    if (container.kind !== 'map' || container.map === undefined)
      throw this.#refused(
        node,
        'Only maps and lists have entries',
        'remove what follows the point or bracket',
      )
    if (typeof index.literal !== 'string')
      return { kind: 'string', run: both(container.run, index.run!, entryOf) }
    const key = index.literal.toLowerCase()
    const name = `${container.map}[${JSON.stringify(key)}]`
    const run = map(container.run, (entries: TextMap) => entryOf(entries, key))
    this.reads.set(name, run)
    return { kind: 'string', key: name, run }
  }

  #call(node: ASTNode & { op: 'call' }, locals: Locals): Part {
    const [name, nodes] = node.args
    if (name === 'has') return this.#has(node, locals)
    if (!FUNCTIONS.has(name))
      throw this.#unknown(node.pos, `Unknown function ${name}()`, name, [...FUNCTIONS.keys(), 'has'])
    const [argument, ...rest] = nodes
    if (argument === undefined || rest.length > 0)
      throw this.#refused(node, `${name}() takes one argument, not ${nodes.length}`)
    return callFunction(name, this.part(argument, locals))
  }

  /** `has(headers.accept)`: the key is there. */
  #has(node: ASTNode & { op: 'call' }, locals: Locals): Part {
    const field = node.args[1][0]
    if (field?.op !== '.' || node.args[1].length > 1)
      throw this.#refused(
        node,
        'has() takes one entry, as in has(headers.accept)',
        'for other keys write "x-team" in headers',
      )
    const container = this.part(field.args[0], locals)
    return membership({ kind: 'string', run: () => field.args[1].toLowerCase() }, container)
  }

  #method(node: ASTNode & { op: 'rcall' }, locals: Locals): Part {
    const [name, receiverNode, nodes] = node.args
    const at = this.#text.indexOf(name, receiverNode.end)
    const receiver = this.part(receiverNode, locals)
    const takes = MACROS.get(name)
    if (takes?.includes(nodes.length - 1)) return this.#macro(name, node, receiver, locals)
    if (name === 'matches' && nodes.length === 1) return this.#matches(receiver, nodes[0]!)
    const method = METHODS.get(name)
    if (method === undefined && takes === undefined && name !== 'matches')
      throw this.#unknown(at, `Unknown function ${name}()`, name, [
        ...METHODS.keys(),
        'matches',
        ...MACROS.keys(),
      ])
    if (nodes.length !== method?.arguments)
      throw new ExpressionError(
        this.#text,
        at,
        `${name}() takes ${method?.arguments ?? takes?.map((count) => count + 1).join(' or ') ?? 1} arguments, not ${nodes.length}`,
      )
    return callMethod(
      name,
      receiver,
      nodes.map((one) => this.part(one, locals)),
    )
  }

  /** The pattern is compiled here, once: one made from a request would be the sender's to choose. */
  #matches(receiver: Part, node: ASTNode): Part {
    if (node.op !== 'value' || typeof node.args !== 'string')
      throw this.#refused(node, 'matches() takes its pattern as a text in quotes')
    try {
      const pattern = compilePattern(node.args)
      return { kind: 'bool', run: map(receiver.run, (text: string) => pattern.find(text) ?? FAILED) }
    } catch (error) {
      throw this.#refused(node, error instanceof Error ? error.message.replace(/^t/, 'T') : String(error))
    }
  }

  #macro(name: string, node: ASTNode & { op: 'rcall' }, receiver: Part, locals: Locals): Part {
    const [variable, ...nodes] = node.args[2]
    if (variable?.op !== 'id')
      throw this.#refused(
        variable ?? node,
        `${name}() takes the name of a variable first, as in ["a", "b"].${name}(one, model == one)`,
      )
    const kind = receiver.kind === 'map' ? 'string' : (receiver.element ?? 'string')
    const local = this.#depth++
    const inner = new Map(locals).set(variable.args, { local, kind })
    const [outerTimes, outerWork] = [this.#times, this.#work]
    this.#times *= Math.max(1, receiver.size ?? MAP_SIZE_USUAL)
    const parts = nodes.map((one) => this.part(one, inner))
    const steps = 1 + Math.ceil((this.#work - outerWork) / this.#times)
    this.#times = outerTimes
    this.#depth--
    const isMap = name === 'map'
    if (isMap) this.#checkElements(node, parts)
    const predicate = isMap && parts.length === 1 ? undefined : parts[0]
    return macro(name, {
      receiver,
      local,
      steps,
      predicate,
      transform: isMap ? parts.at(-1) : undefined,
    })
  }

  #binary(operator: string, node: ASTNode, nodes: readonly [ASTNode, ASTNode], locals: Locals): Part {
    const left = this.part(nodes[0], locals)
    const right = this.part(nodes[1], locals)
    if (operator === '&&' || operator === '||') return logical(operator, left, right)
    if (COMPARISONS.has(operator)) {
      if (!isScalar(left.kind) || !isScalar(right.kind))
        throw this.#refused(
          node,
          `Lists and maps cannot be compared with ${operator}`,
          'use in, exists() or size()',
        )
      this.#checkValue(nodes[1], left, right.literal)
      this.#checkValue(nodes[0], right, left.literal)
      return comparison(operator, left, right)
    }
    if (operator === 'in') {
      for (const literal of Array.isArray(right.literal) ? right.literal : [])
        this.#checkValue(nodes[1], left, literal)
      const key =
        right.kind === 'map' && typeof left.literal === 'string' ? left.literal.toLowerCase() : undefined
      return membership(key === undefined ? left : { ...left, run: () => key }, right)
    }
    if (ARITHMETIC.has(operator)) return arithmetic(operator, left, right)
    throw this.#refused(node, `${operator} is not known here`)
  }

  /** `tier == "opsu"` would be a rule that never applies. */
  #checkValue(node: ASTNode, { key, values }: Part, literal: Part['literal']): void {
    if (values === undefined || typeof literal !== 'string' || values.includes(literal)) return
    const near = closest(literal, values)
    const known = values.filter((value) => value !== '').map((value) => `"${value}"`)
    const hint = near === undefined || near === '' ? `it is ${known.join(', ')}` : `closest: "${near}"`
    throw this.#refused(node, `${key} is never "${literal}"`, hint)
  }
}

function entryOf(entries: TextMap, key: string): Value {
  const entry = entries[key]
  return isText(entry) ? entry : FAILED
}
