/** Every bound of the edge, with its unit. Raising one changes what a hostile client can make the gateway hold. */

/** Headers of one request, in bytes and in number (RFC 6585: more are 431). */
export const HEADERS_MAX_BYTES = 16 * 1024
export const HEADERS_MAX_COUNT = 100

/** A client that takes longer for its headers holds a socket for nothing. */
export const HEADERS_TIMEOUT_MS = 15_000
/** Time for a whole request, body included, to arrive. */
export const REQUEST_TIMEOUT_MS = 120_000
/** How often the two above are checked. */
export const CONNECTIONS_CHECK_MS = 5_000
/** Longer than the idle time-outs of common clients and balancers, so that they close first and no request is lost. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000

/** Sockets open at once; the rest of the file descriptors belong to upstreams and stores. */
export const CONNECTIONS_MAX = 10_000

/** Bodies being read or held at once. Above it a request is told to come again. */
export const BODIES_MAX_BYTES = 512 * 1024 * 1024
/** A compressed body may grow by this factor; JSON text compresses about 4 to 10 times. */
export const INFLATE_MAX_RATIO = 100

/** A client that takes nothing for so long is cut, and its upstream with it. */
export const WRITE_IDLE_TIMEOUT_MS = 60_000
