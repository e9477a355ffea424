/** Bounds of the edge. Raising one changes what a hostile client can make the gateway hold. */
export interface EdgeLimits {
  /** A client that takes longer for its headers holds a socket for nothing. */
  headersTimeoutMs: number
  /** Time for a whole request, body included, to arrive. */
  requestTimeoutMs: number
  /** How often the two above are checked. */
  connectionsCheckMs: number
  /** Longer than the idle time-outs of common clients and balancers, so that they close first and no request is lost. */
  keepAliveTimeoutMs: number
  /**
   * A client that takes nothing of what is written for so long is cut, and its upstream with it. Looked at once
   * in this time, so that the cut comes after one to two of them.
   */
  writeIdleTimeoutMs: number
  /** How long an upload goes on to be taken, and dropped, after its refusal was sent: a client reads it only then. */
  lingerMs: number
  /** Bytes of bodies being read or held by all calls at once. Above it a request is told to come again. */
  bodiesMaxBytes: number
  /** Sockets open at once; the rest of the file descriptors belong to upstreams and stores. */
  connectionsMax: number
  /** Requests sent ahead on one connection without waiting for an answer; no agent sends any. */
  pipelinedMax: number
  /** Requests at once on one connection of HTTP/2, which is told so. An agent and its helpers have some dozens. */
  streamsMax: number
  /** And on all of them together. Above it a request is told to come again. */
  allStreamsMax: number
  /**
   * On one connection of HTTP/2: PING and SETTINGS frames, which are answered and ask for nothing, and requests that
   * are taken back before their answer has ended. Each costs the client a few bytes and the gateway work.
   */
  idleFrames: Allowance
  takenBack: Allowance
}

/** So many at once, and then so many a second. */
export interface Allowance {
  readonly burst: number
  readonly perSecond: number
}

export const EDGE_LIMITS: Readonly<EdgeLimits> = {
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 120_000,
  connectionsCheckMs: 5_000,
  keepAliveTimeoutMs: 75_000,
  writeIdleTimeoutMs: 30_000,
  lingerMs: 5_000,
  bodiesMaxBytes: 512 * 1024 * 1024,
  connectionsMax: 10_000,
  pipelinedMax: 100,
  streamsMax: 1_000,
  allStreamsMax: 10_000,
  idleFrames: { burst: 500, perSecond: 20 },
  takenBack: { burst: 1_000, perSecond: 50 },
}

/** Headers of one request, in bytes and in number (RFC 6585: more are 431). */
export const HEADERS_MAX_BYTES = 16 * 1024
export const HEADERS_MAX_COUNT = 100
