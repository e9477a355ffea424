import { shortHash } from './identity.ts'

/** Who a request is for, as pseudonyms of 32 letters and digits: stable, and readable to nobody outside. */
export interface EndUser {
  user: string
  /** The conversation, where the id names one; else the same as `user`. */
  session: string
}

const LENGTH = 32

/**
 * Claude Code's `metadata.user_id` is JSON with `device_id`, `account_uuid` and `session_id`; older versions wrote
 * `user_…_account_…_session_…`. Anything else is taken for a user.
 */
export function endUser(userId: string): EndUser {
  const { user, session } = parts(userId)
  const hashed = shortHash(user, LENGTH)
  return { user: hashed, session: session === undefined ? hashed : shortHash(session, LENGTH) }
}

function parts(userId: string): { user: string; session: string | undefined } {
  const named = /^(.+)_session_([^_]+)$/.exec(userId)
  if (named !== null) return { user: named[1]!, session: named[2]! }
  try {
    const { session_id: session, ...rest } = JSON.parse(userId) as Record<string, unknown>
    if (typeof session === 'string') return { user: JSON.stringify(rest), session }
  } catch {
    // Not Claude Code's: an id of the client's own kind.
  }
  return { user: userId, session: undefined }
}
