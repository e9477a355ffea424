import { GatewayError } from '../message/error.ts'

/** Bytes that are no stream of the framing that they should have. Its message may be shown to the client. */
export class FrameError extends Error {
  override readonly name: string = 'FrameError'
}

/** A {@link FrameError} as the upstream's failure. Throws what is none. */
export function malformedStream(error: unknown): GatewayError {
  if (!(error instanceof FrameError)) throw error
  return new GatewayError('upstream_malformed', `${error.message}.`, { cause: error })
}
