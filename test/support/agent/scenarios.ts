import { join } from 'node:path'

import { type Directive, type Step, directiveText } from '../provider/directive.ts'

/** What the agent is told to do in a folder, and what must come of it. */
export interface Plan {
  directive: Directive
  /** Contents that files must have at the end, by name. */
  files: Record<string, string>
  /** The `name` of the structured output. */
  structured?: string
}

export interface Scenario {
  name: string
  /** What it proves. */
  why: string
  plan(folder: string, nonce: string): Plan
  /** Requests that the provider gets for it, side requests not counted, when nobody in between retries. */
  requests: number
  /** Run in auto mode, where risky calls need a safety verdict. */
  autoMode?: boolean
}

/** Agents with a patch tool want the name below the folder. */
const file = (folder: string, name: string, text: string): Step => ({
  do: 'write',
  path: join(folder, name),
  rel: name,
  text,
})

/** One file, one turn: the base of the fault scenarios. */
const write = (folder: string, nonce: string): Plan => ({
  directive: { steps: [file(folder, 'hello.txt', `hi ${nonce}`)] },
  files: { 'hello.txt': `hi ${nonce}` },
})

const withDirective =
  (extra: Directive) =>
  (folder: string, nonce: string): Plan => {
    const plan = write(folder, nonce)
    return { ...plan, directive: { ...plan.directive, ...extra } }
  }

/** What agents do in ordinary work. */
export const WORK: Scenario[] = [
  { name: 'write', why: 'one tool call, then text', requests: 2, plan: write },
  {
    name: 'bash',
    why: 'a shell command',
    requests: 2,
    plan: (folder, nonce) => ({
      directive: { steps: [{ do: 'bash', cmd: `echo ran-${nonce} > ${join(folder, 'b.txt')}` }] },
      files: { 'b.txt': `ran-${nonce}` },
    }),
  },
  {
    name: 'multi',
    why: 'four calls in a row, with text before each',
    requests: 5,
    plan(folder, nonce) {
      const b = join(folder, 'b.txt')
      return {
        directive: {
          pre: 'Working on it.',
          steps: [
            file(folder, 'a.txt', `one ${nonce}`),
            { do: 'bash', cmd: `cat ${join(folder, 'a.txt')} > ${b}` },
            { do: 'read', path: b },
            file(folder, 'c.txt', `three ${nonce}`),
          ],
        },
        files: { 'a.txt': `one ${nonce}`, 'b.txt': `one ${nonce}`, 'c.txt': `three ${nonce}` },
      }
    },
  },
  {
    name: 'parallel',
    why: 'three calls in one turn, all answered in one message',
    requests: 2,
    plan: (folder, nonce) => ({
      directive: {
        steps: [
          {
            do: 'parallel',
            steps: [
              file(folder, 'a.txt', `A ${nonce}`),
              { do: 'bash', cmd: `echo B-${nonce} > ${join(folder, 'b.txt')}` },
              file(folder, 'c.txt', `C ${nonce}`),
            ],
          },
        ],
      },
      files: { 'a.txt': `A ${nonce}`, 'b.txt': `B-${nonce}`, 'c.txt': `C ${nonce}` },
    }),
  },
  {
    name: 'thinking',
    why: 'thinking before each turn, replayed with its signature',
    requests: 2,
    plan: (folder, nonce) => withDirective({ think: `Thinking about ${nonce}` })(folder, nonce),
  },
  { name: 'split', why: 'a stream in writes of 7 bytes', requests: 2, plan: withDirective({ split: 7 }) },
]

/** What only Claude Code does. */
export const CLAUDE_CODE_WORK: Scenario[] = [
  {
    name: 'subagent',
    why: 'an agent started by the agent, with its own prompt and tools',
    requests: 5,
    plan(folder, nonce) {
      const task: Directive = {
        nonce: `${nonce}s`,
        steps: [file(folder, 'sub.txt', `sub ${nonce}`)],
        say: 'Sub done',
      }
      const prompt = `Sub work. ${directiveText(task)}`
      return {
        directive: {
          steps: [
            { do: 'task', description: 'sub work', prompt, input: { run_in_background: false } },
            file(folder, 'hello.txt', `main ${nonce}`),
          ],
        },
        files: { 'sub.txt': `sub ${nonce}`, 'hello.txt': `main ${nonce}` },
      }
    },
  },
  {
    name: 'toolsearch',
    why: 'a tool that is only offered after a search for it (tool_reference)',
    requests: 4,
    plan: (folder, nonce) => ({
      directive: {
        steps: [
          { do: 'call', tool: 'ToolSearch', input: { query: 'select:CronList', max_results: 5 } },
          { do: 'call', tool: 'CronList', input: {} },
          file(folder, 'hello.txt', `ts ${nonce}`),
        ],
      },
      files: { 'hello.txt': `ts ${nonce}` },
    }),
  },
  {
    name: 'jsonschema',
    why: 'structured output',
    requests: 2,
    plan: (folder, nonce) => ({
      directive: {
        steps: [
          file(folder, 'hello.txt', `js ${nonce}`),
          { do: 'call', tool: 'StructuredOutput', input: { name: nonce } },
        ],
      },
      files: { 'hello.txt': `js ${nonce}` },
      structured: nonce,
    }),
  },
]

/** Text before the call, in so many events that the third is no end of it: Gemini sends a call in one. */
const TALK: Directive = { pre: 'Working on it.', chunk: 4 }

/** One failure of the provider, then success: the agent must end with its work done. */
export const FAULTS: Scenario[] = [
  {
    name: 'read429',
    why: 'a rate limit with retry-after',
    requests: 3,
    plan: withDirective({ fault: { kind: 'status', status: 429, retry_after: 1 } }),
  },
  {
    name: 'read500',
    why: 'a server error',
    requests: 3,
    plan: withDirective({ fault: { kind: 'status', status: 500 } }),
  },
  {
    name: 'read529',
    why: 'an overloaded provider',
    requests: 3,
    plan: withDirective({ fault: { kind: 'status', status: 529 } }),
  },
  {
    name: 'errevent',
    why: 'an error event in mid-stream',
    requests: 3,
    plan: withDirective({ ...TALK, fault: { kind: 'error_event', after: 3 } }),
  },
  {
    name: 'truncate',
    why: 'a stream that ends too early',
    requests: 3,
    plan: withDirective({ ...TALK, fault: { kind: 'truncate', after: 3 } }),
  },
  {
    name: 'reset',
    why: 'a connection reset in mid-stream',
    requests: 3,
    plan: withDirective({ ...TALK, fault: { kind: 'reset', after: 3 } }),
  },
]

/** A stream without its closing event. Who forwards it has a client that accepts it; who reports it, a retry. */
export const UNCLOSED: Scenario = {
  name: 'nomsgstop',
  why: 'no message_stop, or no [DONE], at the end of each stream',
  requests: 2,
  plan: withDirective({ fault: { kind: 'drop', events: '^(message_stop|done)$', times: 9, any: true } }),
}

const RISKY = (folder: string, nonce: string) =>
  `curl -s http://127.0.0.1:9/ ; echo auto-${nonce} > ${join(folder, 'b.txt')}`

/** Auto mode: the provider itself gives the verdict that a risky call needs. */
export const AUTO_BY_PROVIDER: Scenario = {
  name: 'automode',
  why: "the provider's safety verdict reaches the agent",
  requests: 2,
  autoMode: true,
  plan: (folder, nonce) => ({
    directive: { safeguard: 'not_flagged', steps: [{ do: 'bash', cmd: RISKY(folder, nonce) }] },
    files: { 'b.txt': `auto-${nonce}` },
  }),
}

/** Auto mode where nobody gives a verdict: in gateway mode the agent asks a model itself. */
export const AUTO_BY_AGENT: Scenario = {
  name: 'autoclient',
  why: "the agent's own safety check is served",
  requests: 2,
  autoMode: true,
  plan: (folder, nonce) => ({
    directive: { severity: 5, steps: [{ do: 'bash', cmd: RISKY(folder, nonce) }] },
    files: { 'b.txt': `auto-${nonce}` },
  }),
}
