import { sse, sseText } from '../../wire/framing.ts'
import type { Framing } from '../../wire/framing.ts'

/** Names the frame of a failure, for the writer. */
export const FAILURE = 'error'

/**
 * Server-sent events as Google sends them and its SDKs read them. A line that is no `data:` is an error's JSON to
 * them: one comment, sent to keep the connection open, ends the answer (Python, Go) or hides the rest of it (the
 * JavaScript in Gemini CLI 0.61), while all skip empty lines. A failure stands bare behind the events. JavaScript sees
 * it only if no event was read with it, and Node's `fetch` joins what has come; what it sees, Gemini CLI tries again.
 */
export const googleEvents: Framing = {
  ...sse,
  writer: () => ({
    write: (event, data) => (event === FAILURE ? bareText(data) : sseText('', data)),
    idle: '\n\n',
    end: () => '',
  }),
  failurePauseMs: 500,
}

/** A failure’s JSON behind the events. */
export const bareText = (json: string): string => `${json}\n\n`
