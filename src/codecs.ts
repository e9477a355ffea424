/**
 * The codecs as a library, for hosts other than the gateway: a worker at the edge, a browser, another server. Nothing
 * here uses Node, opens a connection or reads a clock. `examples/worker` shows a whole translating proxy.
 */
export { PROTOCOLS } from './protocols/index.ts'
export { collect } from './message/collect.ts'
export { GatewayError } from './message/error.ts'
export { StreamTranslator } from './protocols/stream-translator.ts'
export type { StreamEnd } from './protocols/stream-translator.ts'
export { stopAt } from './protocols/shared/stop-sequences.ts'
export { sse } from './wire/framing.ts'
export type { Framing } from './wire/framing.ts'
export { awsChunks, awsEvents } from './wire/aws-eventstream.ts'
export { jsonArray } from './wire/json-array.ts'
export type { Protocol } from './protocols/protocol.ts'
export type { Quirks } from './protocols/quirks.ts'
export type { EncodeContext, EncodeTarget, Memo } from './protocols/translation.ts'
export type { Event } from './message/event.ts'
export type { Request } from './message/request.ts'
