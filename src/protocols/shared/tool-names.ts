import { shortHash } from './identity.ts'

const LENGTH_MAX = 64
const HASH_LENGTH = 8
const ALLOWED = /^[a-zA-Z0-9_-]{1,64}$/

/**
 * Function names as OpenAI, Gemini and Bedrock take them: at most 64 letters, digits, `_` and `-`. Names of MCP
 * tools are often longer. A name that does not fit is cut and ends in a hash of the whole, so that two long names
 * with one beginning stay apart and the same name is the same in every request.
 */
export class ToolNames {
  /** As sent → as the client knows it, of the names that had to change. */
  readonly changed = new Map<string, string>()

  sent(name: string): string {
    if (ALLOWED.test(name)) return name
    const head = name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, LENGTH_MAX - HASH_LENGTH - 1)
    const short = `${head}_${shortHash(name, HASH_LENGTH)}`
    this.changed.set(short, name)
    return short
  }
  /** Those of a tool that was encoded by itself. */
  include(names: ToolNames): void {
    for (const [short, name] of names.changed) this.changed.set(short, name)
  }
}
