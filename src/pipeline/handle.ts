import { toGatewayError } from '../message/error.ts'
import { attempt } from './attempt.ts'
import { isOperation } from '../operations/operation.ts'
import { authenticate } from './authenticate.ts'
import type { Call } from './call.ts'
import { countTokens } from './count-tokens.ts'
import type { Dependencies } from './dependencies.ts'
import { getModel, listModels } from './models.ts'
import { invokedOperation } from './operations/request.ts'
import { passThrough } from './passthrough/passthrough.ts'
import { plan } from './plan.ts'
import { readRequest } from './read-request.ts'
import { CallRecord } from './record.ts'
import { refuse } from './refuse.ts'
import { runOperation, tryOperation } from './operations/run.ts'
import { send } from './send.ts'

/**
 * The whole order of a call. Its local variables are the data flow: what a stage needs is its arguments, what
 * it learned is its return value. It resolves when the answer has ended, however it ended, and never throws.
 */
export async function handle(call: Call, on: Dependencies): Promise<void> {
  const configuration = on.configuration()
  const record = new CallRecord(call, configuration, on.logs)
  try {
    if (call.operation === 'probe') return answerProbe(call)
    const caller = authenticate(call, configuration)
    record.caller(caller)
    if (call.operation === 'list-models') return listModels(call, caller, configuration)
    if (call.operation === 'get-model') return getModel(call, caller, configuration)

    if (call.passthrough !== undefined)
      return await passThrough(call, call.passthrough, caller, record, configuration, on)

    if (isOperation(call.endpoint))
      return await runOperation(call, call.endpoint, caller, record, configuration, on)

    const request = await readRequest(call, configuration)
    record.request(request)
    const invoked = invokedOperation(call, request)
    if (invoked !== undefined)
      return await tryOperation(call, invoked, undefined, caller, record, configuration, on)
    const targets = plan({ call, request, caller, configuration, on })
    record.target(targets[0])
    if (call.operation === 'count-tokens') await countTokens(call, request, targets, record, on)
    else await attempt(send, call, request, targets, record, on)
  } catch (thrown) {
    const error = toGatewayError(thrown)
    if (error.kind === 'internal') on.report(`call ${call.id} failed inside the gateway`, error.cause)
    refuse(call, record, error)
  } finally {
    record.close()
  }
}

/** Agents ask at start whether anybody is there, and show no key for it. */
function answerProbe(call: Call): void {
  call.reply.send(200, { 'content-type': 'application/json' }, '{"status":"ok"}')
}
