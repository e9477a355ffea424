import type { GatewayError } from '../../message/error.ts'
import type { Usage } from '../../message/usage.ts'
import { noStream } from '../passage.ts'
import type { Passage } from '../passage.ts'
import type { CallRecord } from '../record.ts'
import type { StreamSide } from '../relay.ts'
import { isReadable } from './answer.ts'
import type { AskedOperation } from './request.ts'

/** An operation's answer on its way to the client while it comes. */
export abstract class OperationPassage implements Passage {
  usage: Partial<Usage> = {}
  complete = false
  semantic = false
  error: GatewayError | undefined
  readonly finish = undefined
  readonly responseId = undefined
  readonly model = undefined

  /** Is an answer of this type one that need not be waited for? */
  abstract accepts(type: string): boolean
  abstract push(chunk: Buffer): Buffer | string | undefined
  abstract end(): string | undefined
  abstract ping(): string
  abstract failure(error: GatewayError): string

  whole(): never {
    throw noStream()
  }
}

/** The client's side of it. */
export function operationStream(
  passage: OperationPassage,
  asked: AskedOperation,
  record: CallRecord,
  headers: StreamSide['headers'],
): StreamSide {
  return {
    passage,
    accepts: (type) => passage.accepts(type),
    waits: true,
    headers,
    onFirst() {
      // Not before: what failed has used nothing of what was asked for.
      record.meter(passage)
      record.firstPart()
    },
    onBytes: (bytes) => record.answer(bytes, isReadable(asked)),
    beforeEnd: (error) => record.end(200, error),
  }
}
