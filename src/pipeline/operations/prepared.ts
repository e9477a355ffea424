import type { Codec } from '../../operations/operation.ts'
import type { Call } from '../call.ts'
import type { UpstreamBody } from '../prepared-attempt.ts'
import type { CallRecord } from '../record.ts'
import type { RelayOptions } from '../relay.ts'
import type { OperationTarget } from './plan.ts'
import type { AskedOperation } from './request.ts'

/** One attempt of an operation, made ready. Nothing has been sent. */
export interface PreparedOperation {
  readonly upstreamBody: UpstreamBody
  /** Of the request, `content-type` among them. */
  readonly headers: Readonly<Record<string, string>>
  /** For the names in the offer's path, beside those that are always known. */
  readonly values?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  /** The answer is asked for at the path of streams. */
  readonly streams: boolean
  readonly answer: Pick<RelayOptions, 'stream' | 'answerWhole'>
}

/** The operation as the client's family writes it, and as the provider's does. */
export interface OperationCodecs {
  readonly client: Codec<unknown>
  readonly provider: Codec<unknown>
}

export type PrepareOperation = (
  call: Call,
  asked: AskedOperation,
  target: OperationTarget,
  codecs: OperationCodecs,
  record: CallRecord,
) => PreparedOperation
