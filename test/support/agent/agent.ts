import { type Directive, directiveText, newNonce } from '../provider/directive.ts'
import type { Json } from '../provider/json.ts'
import { type NpmProgram, install } from './install.ts'
import { type Place, cleanEnvironment, newPlace, readFiles } from './place.ts'
import { type Finished, run } from './process.ts'
import type { Scenario } from './scenarios.ts'

/** A real coding agent, driven headless. One file each, with these members in this order. */
export interface Agent<Mode extends string = string> {
  name: string
  npm: NpmProgram
  /** What tells it where models are, what lets it in, and to stay off the network beyond that. */
  environment(access: Access<Mode>): Record<string, string>
  /** Settings that it takes from files only. */
  prepare?(place: Place, access: Access<Mode>): Promise<void>
  /** The command line for one prompt, without questions. */
  commandLine(task: Task, access: Access<Mode>): string[]
  outcome(finished: Finished): Outcome
}

/** The lines that a user pastes, as values. */
export interface Access<Mode extends string = string> {
  /** Goes into the agent's own setting of that name as it is. */
  baseUrl: string
  key: string
  /** Which of the agent's ways to speak and to sign in. */
  mode: Mode
  /** The agent's default without it, where it has one. */
  model?: string
}

export interface Task {
  prompt: string
  /** Risky calls need a verdict, instead of being allowed. */
  autoMode: boolean
  /** The schema of a structured answer. */
  schema?: Json
}

export interface Outcome {
  /** The last text. */
  text: string
  isError: boolean
  structured?: Json
}

export interface AgentRun<Mode extends string> extends Access<Mode> {
  scenario: Scenario
  /** Changes the scenario’s directive. */
  directive?: Directive
  env?: Record<string, string>
  args?: string[]
  timeoutMs?: number
}

export interface AgentResult extends Finished, Outcome {
  /** Marks this run's requests at the scripted provider. */
  nonce: string
  /** Contents of the expected files by name; undefined for one that was not written. */
  files: Record<string, string | undefined>
}

const SCHEMA = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const TIMEOUT_MS = 90_000

/** Runs the real agent in a fresh home and workspace, with an environment built from nothing. */
export async function runAgent<Mode extends string>(
  agent: Agent<Mode>,
  options: AgentRun<Mode>,
): Promise<AgentResult> {
  const [program, ...first] = await install(agent.npm)
  const place = await newPlace()
  try {
    const nonce = newNonce()
    const { directive, files, structured } = options.scenario.plan(place.workspace, nonce)
    const script = { nonce, say: 'All done', ...directive, ...options.directive }
    const task: Task = {
      prompt: `Please do the task. ${directiveText(script)}`,
      autoMode: options.scenario.autoMode === true,
      ...(structured !== undefined && { schema: SCHEMA }),
    }
    await agent.prepare?.(place, options)
    const args = [...first, ...agent.commandLine(task, options), ...(options.args ?? [])]
    const finished = await run(program!, args, {
      cwd: place.workspace,
      env: { ...cleanEnvironment(place), ...agent.environment(options), ...options.env },
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    })
    return {
      ...finished,
      ...agent.outcome(finished),
      nonce,
      files: await readFiles(place.workspace, Object.keys(files)),
    }
  } finally {
    await place.remove()
  }
}
