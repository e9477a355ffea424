import { readString, splice } from '../../wire/json-scan.ts'
import type { Edit } from '../../wire/json-scan.ts'
import { onlyPart } from '../../wire/multipart.ts'
import { fallbackEdits } from '../native.ts'
import { ownBody } from '../prepared-attempt.ts'
import type { UpstreamBody } from '../prepared-attempt.ts'
import { routingHeaders } from '../routing-facts.ts'
import { answerHeaders } from '../upstream-headers.ts'
import { askedUsage, give, meterOf, readUsage, sumOf } from './answer.ts'
import { ForwardedPassage } from './forwarded-passage.ts'
import { operationStream } from './passage.ts'
import type { OperationTarget } from './plan.ts'
import type { PrepareOperation } from './prepared.ts'
import type { AskedOperation } from './request.ts'

/** An attempt at a provider of the client's own family: bytes up, bytes down. */
export const forwardOperation: PrepareOperation = (call, asked, target, { provider: { usage } }, record) => {
  const expected = askedUsage(usage, asked)
  const passage = new ForwardedPassage(usage, expected)
  return {
    upstreamBody: forwardedBody(asked, target),
    headers: { 'content-type': asked.type },
    streams: asked.request.stream,
    answer: {
      stream: operationStream(passage, asked, record, (upstream) => ({
        ...answerHeaders(upstream, call),
        ...routingHeaders(record.routing()),
      })),
      answerWhole(answer) {
        record.meter(meterOf(sumOf(expected, readUsage(usage, answer))))
        give(call, record, { ...answer, headers: answerHeaders(answer.headers, call) })
      },
    },
  }
}

/** The client's bytes but for the model's name and the gateway's own field. */
function forwardedBody(asked: AskedOperation, target: OperationTarget): UpstreamBody {
  const { request, form } = asked
  const edits = form === undefined ? jsonEdits(asked, target) : formEdits(asked, target)
  if (edits.length === 0) return { body: request.body, onSent: request.lend() }
  return ownBody(splice(request.body, edits))
}

function jsonEdits({ request }: AskedOperation, { model, offer }: OperationTarget): Edit[] {
  const { body, fields, fallbacks } = request
  const edits = fallbackEdits(request)
  const span = fields.get('model')
  const name = JSON.stringify(model)
  if (span !== undefined) {
    if (readString(body, span) !== model) edits.push({ span, text: name })
  } else if (!isModelInPath(offer.path)) {
    // A client whose path names the model leaves it out of the body.
    const at = body.indexOf(OPEN_BRACE) + 1
    const isOnly = fields.size === (fallbacks.length > 0 ? 1 : 0)
    edits.push({ span: { start: at, end: at }, text: `"model":${name}${isOnly ? '' : ','}` })
  }
  return edits
}

const OPEN_BRACE = 0x7b

function formEdits(
  { request: { body }, form = [] }: AskedOperation,
  { model, offer }: OperationTarget,
): Edit[] {
  const part = onlyPart(form, 'model')
  if (part !== undefined) return [{ span: part.content, text: model }]
  if (isModelInPath(offer.path)) return []
  const boundary = body.toString('latin1', 0, body.indexOf('\r\n'))
  const disposition = 'content-disposition: form-data; name="model"'
  return [{ span: { start: 0, end: 0 }, text: `${boundary}\r\n${disposition}\r\n\r\n${model}\r\n` }]
}

function isModelInPath(path: string): boolean {
  return /\{\+?model\}/.test(path)
}
