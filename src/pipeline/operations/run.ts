import type { OperationEndpoint } from '../../operations/operation.ts'
import type { Configuration } from '../../stores/config/configuration.ts'
import { attempt } from '../attempt.ts'
import type { Caller } from '../authenticate.ts'
import type { Call } from '../call.ts'
import type { Dependencies } from '../dependencies.ts'
import type { CallRecord } from '../record.ts'
import { planOperation } from './plan.ts'
import { readOperation } from './request.ts'
import type { AskedOperation } from './request.ts'
import { runResource } from './resource.ts'
import { sendOperation } from './send.ts'

/** A call for something else than an answer: read, planned and tried like any other. */
export async function runOperation(
  call: Call,
  endpoint: OperationEndpoint,
  caller: Caller,
  record: CallRecord,
  configuration: Configuration,
  on: Dependencies,
): Promise<void> {
  if (endpoint.below !== undefined) return runResource(call, endpoint, caller, record, configuration, on)
  const asked = await readOperation(call, endpoint, configuration)
  record.request(asked.request)
  await tryOperation(call, asked, endpoint, caller, record, configuration, on)
}

/** What was read already: `InvokeModel` says only by its model what it asks. */
export async function tryOperation(
  call: Call,
  asked: AskedOperation,
  endpoint: OperationEndpoint | undefined,
  caller: Caller,
  record: CallRecord,
  configuration: Configuration,
  on: Dependencies,
): Promise<void> {
  record.operation(asked.operation)
  const targets = planOperation(asked, endpoint, { call, caller, configuration, on })
  record.target(targets[0])
  await attempt(sendOperation(asked), call, asked.request, targets, record, on)
}
