import type { Json } from '../../provider/json.ts'

/** A conversation that one SDK leads. */
export interface Session {
  /** Sends what was said so far, and reads the streamed answer to its end. */
  send(): Promise<Turn>
  /** Puts the results of the last turn's calls behind it. */
  give(results: { call: Call; output: string }[]): void
}

/** What a streamed answer told. */
export interface Turn {
  text: string
  thoughts: string
  calls: Call[]
  /** In how many pieces the text came. */
  pieces: number
  /** Each physical token once: read from the prompt anew, found in the cache, written. */
  usage?: { fresh: number; cached: number; output: number }
}

export interface Call {
  id: string
  name: string
  input: Json
}

/** What a session is opened with. */
export interface Ask {
  /** The address of the gateway, or of what stands in for it, without a trailing slash. */
  url: string
  /** What the client has for a credential. */
  key: string
  model: string
  prompt: string
  /** Thinking is asked for, and comes back as the SDK gives it. */
  thinks: boolean
}

/** One vendor's SDK and one of its APIs. */
export interface Sdk {
  name: string
  /** Where its API is below the gateway's address. */
  prefix: string
  open(ask: Ask): Session
}

interface OfferedTool {
  name: string
  description: string
  schema: { type: 'object'; properties: Record<string, Record<string, string>>; required: string[] }
}

/** The tools of every session. */
export const TOOLS: OfferedTool[] = [
  {
    name: 'Read',
    description: 'Reads a file',
    schema: {
      type: 'object',
      properties: { path: { type: 'string', description: 'Where it is' } },
      required: ['path'],
    },
  },
  {
    name: 'Write',
    description: 'Writes a file',
    schema: {
      type: 'object',
      properties: { file_path: { type: 'string' }, content: { type: 'string' } },
      required: ['file_path', 'content'],
    },
  },
]

const TURNS_MAX = 8

/** Plays a tool loop to its end: every call is answered, until an answer has none. */
export async function toolLoop(session: Session): Promise<Turn[]> {
  const turns: Turn[] = []
  while (turns.length < TURNS_MAX) {
    const turn = await session.send()
    turns.push(turn)
    if (turn.calls.length === 0) return turns
    session.give(turn.calls.map((call) => ({ call, output: `${call.name} is done.` })))
  }
  throw new Error(`The loop did not end in ${TURNS_MAX} turns.`)
}
