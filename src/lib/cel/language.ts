import { Environment } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'
import { Compiler } from './compile.ts'
import { ExpressionError } from './expression-error.ts'
import { betterGuard } from './operators.ts'
import type { Guard } from './part.ts'
import type { Program } from './program.ts'
import type { Variable } from './scope.ts'
import { reworded } from './wording.ts'

/**
 * Expressions in CEL (https://cel.dev) over a fixed set of variables, true or false. The parser and the type checker are
 * a library's. The evaluator is our own, because the library's throws for a key that is not there (ten microseconds and
 * more), has numbers as BigInt, and sets no bound to loops.
 */
export interface Language {
  /** Throws {@link ExpressionError} and nothing else. An expression of blanks is `true`. */
  compile(text: string): Program
}

const LENGTH_MAX = 16_384
const LIMITS = { maxAstNodes: 4_096, maxDepth: 50, maxListElements: 1_000, maxCallArguments: 3 }
/** The type checker recurses: a thousand `||` in a row would fill the stack of a small thread. */
const DEPTH_MAX = 400

const TYPES = {
  string: 'string',
  bool: 'bool',
  int: 'int',
  double: 'double',
  map: 'map<string, string>',
} as const

export function createLanguage(variables: readonly Omit<Variable<never>, 'read'>[]): Language {
  const environment = new Environment({ limits: LIMITS })
  for (const { name, type } of variables) environment.registerVariable(name, TYPES[type])
  addMixedNumbers(environment)
  const names = new Map(variables.map((variable, slot) => [variable.name, { slot, variable }]))
  return {
    compile(text) {
      if (text.length > LENGTH_MAX)
        throw new ExpressionError(
          text,
          LENGTH_MAX,
          `The expression has ${text.length} characters; at most ${LENGTH_MAX} are possible`,
        )
      if (text.trim() === '') return { text, conditions: [], guard: undefined }
      try {
        const parsed = environment.parse(text)
        checkDepth(text, parsed.ast)
        const program = programOf(text, parsed.ast, new Compiler(text, names))
        const { valid, type, error } = parsed.check()
        if (!valid) throw reworded(text, error)
        if (type !== 'bool') throw notBoolean(text, parsed.ast, type)
        return program
      } catch (error) {
        throw reworded(text, error)
      }
    },
  }
}

/** CEL compares whole numbers with fractions by size but not by `==`, and does not count with both. */
function addMixedNumbers(environment: Environment): void {
  const never = (): never => {
    throw new Error('the library only checks')
  }
  environment.registerOperator('double == int', never)
  environment.registerOperator('double in list<int>', never)
  environment.registerOperator('int in list<double>', never)
  for (const operator of ['+', '-', '*', '/']) {
    environment.registerOperator(`double ${operator} int: double`, never)
    environment.registerOperator(`int ${operator} double: double`, never)
  }
}

function checkDepth(text: string, root: ASTNode): void {
  let level: ASTNode[] = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX)
      throw new ExpressionError(
        text,
        level[0]!.pos,
        'The expression is nested too deeply',
        'instead of many == joined by || write model in ["a", "b"]',
      )
    level = level.flatMap(childrenOf)
  }
}

function childrenOf({ args }: ASTNode): ASTNode[] {
  const all = Array.isArray(args) ? (args as unknown[]).flat(2) : [args]
  return all.filter((one): one is ASTNode => typeof one === 'object' && one !== null && 'op' in one)
}

/** What `&&` joins, in order, with its text: the nodes' own ranges leave out the brackets around them. */
function programOf(text: string, root: ASTNode, compiler: Compiler): Program {
  const nodes: ASTNode[] = []
  let node = root
  for (; node.op === '&&'; node = node.args[0]) nodes.unshift(node.args[1])
  nodes.unshift(node)
  let start = 0
  let guard: Guard | undefined
  const conditions = nodes.map((one, index) => {
    const end = index + 1 < nodes.length ? text.indexOf('&&', one.end) : text.length
    const own = withoutHalfBrackets(text.slice(start, end).trim())
    start = end + 2
    compiler.reads.clear()
    const part = compiler.part(one)
    guard = betterGuard(guard, part.guard)
    return { text: own, run: part.run, reads: new Map(compiler.reads) }
  })
  return { text, conditions, guard }
}

/** `(a && b) && c` falls into `(a`, `b)` and `c`. */
function withoutHalfBrackets(text: string): string {
  const surplus = text.split('(').length - text.split(')').length
  if (surplus > 0 && text.startsWith('(')) return withoutHalfBrackets(text.slice(1).trim())
  if (surplus < 0 && text.endsWith(')')) return withoutHalfBrackets(text.slice(0, -1).trim())
  return text
}

function notBoolean(text: string, root: ASTNode, type = 'dyn'): ExpressionError {
  const example = type === 'string' ? '== "…"' : type === 'int' || type === 'double' ? '> 85' : undefined
  const hint = example === undefined ? undefined : `compare it, as in ${text.trim().slice(0, 40)} ${example}`
  return new ExpressionError(
    text,
    root.start,
    `The expression gives ${type}, and is to give true or false`,
    hint,
  )
}
