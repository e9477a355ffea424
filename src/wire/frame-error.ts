/** Bytes that are no stream of the framing that they should have. Its message may be shown to the client. */
export class FrameError extends Error {
  override readonly name: string = 'FrameError'
}
