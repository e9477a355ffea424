import type { Exchange } from './exchange.ts'
import { type Context, sendStatus } from './generate.ts'
import { EVENT_STREAM, type Operation, type ProviderProtocol } from './protocol.ts'
import type { Service } from './service.ts'

/** Lets a service answer, unless a fault was set for it in code: there is no script that could ask for one. */
export async function serve(
  exchange: Exchange,
  protocol: ProviderProtocol,
  operation: Operation,
  service: Service,
  { faults, ledger }: Context,
): Promise<void> {
  const { record } = exchange
  const fault = faults.take(undefined, record.path)
  if (fault) record.fault = fault.kind
  const headers = protocol.responseHeaders()
  if (fault?.kind === 'status') return sendStatus(exchange, protocol, operation, fault, headers)

  const { json, bytes, events, headers: more, type, model, tokens } = service.answer(record, operation)
  const none = { in: 0, out: 0, cache_read: 0, cache_write: 0, thinking: 0 }
  if (model) exchange.bill(ledger.open(record.id, protocol.name, model, { ...none, ...tokens }))
  if (events) {
    exchange.head(200, { 'content-type': EVENT_STREAM, ...headers })
    for (const event of events) {
      if (!(await exchange.write(Buffer.from(event.bytes as Uint8Array)))) return
    }
    return exchange.end()
  }
  const body = bytes ?? JSON.stringify(json)
  exchange.send(200, { 'content-type': type ?? 'application/json', ...headers, ...more }, body)
}
