import { CODECS } from '../../operations/index.ts'
import { expand } from '../../operations/template.ts'
import type { CloudSettings } from '../../providers/authorization.ts'
import type { ProviderKey } from '../../stores/config/configuration.ts'
import type { Call } from '../call.ts'
import type { CallRecord } from '../record.ts'
import { dispatch } from '../send.ts'
import type { Send } from '../send.ts'
import { forwardOperation } from './forward.ts'
import type { OperationTarget } from './plan.ts'
import type { PreparedOperation } from './prepared.ts'
import type { AskedOperation } from './request.ts'
import { translateOperation } from './translate.ts'

/** Sends what was asked to one target with one key: forwarded or translated, to the end of the answer. */
export function sendOperation(asked: AskedOperation): Send<OperationTarget> {
  return (call, _request, target, key, record, on) => {
    const prepared = prepareOperation(call, asked, target, record)
    const { upstreamBody, headers, answer } = prepared
    const path = pathOf(target, key, prepared)
    const outbound = { call, target, key, path, upstreamBody, headers, origin: target.offer.origin }
    return dispatch(outbound, { ...answer, isAnswer }, on)
  }
}

/** One attempt made ready. Nothing is sent. */
export function prepareOperation(
  call: Call,
  asked: AskedOperation,
  target: OperationTarget,
  record: CallRecord,
): PreparedOperation {
  const known = CODECS[asked.operation]
  const prepare = target.mode === 'native' ? forwardOperation : translateOperation
  const codecs = { client: known[asked.family]!, provider: known[target.offer.family]! }
  return prepare(call, asked, target, codecs, record)
}

/** A job that was begun is answered with 201 or 202. */
function isAnswer(status: number): boolean {
  return status >= 200 && status < 300
}

function pathOf({ offer, model }: OperationTarget, key: ProviderKey, prepared: PreparedOperation): string {
  const { path, streamPath = path, query = {} } = offer
  const values = { model, ...cloudValues(key.cloud), ...prepared.values }
  const [template = '', rest] = (prepared.streams ? streamPath : path).split('?', 2)
  const pairs = queryPairs({ ...query, ...prepared.query }, values)
  const all = rest === undefined ? pairs : [rest, ...pairs]
  return expand(template, values) + (all.length === 0 ? '' : `?${all.join('&')}`)
}

/** What the settings of a cloud's key say of its paths. */
export function cloudValues(cloud: CloudSettings | undefined): Record<string, string> {
  if (cloud?.kind === 'azure') return { apiVersion: cloud.apiVersion }
  if (cloud?.kind === 'vertex') return { project: cloud.projectId, region: cloud.region }
  return {}
}

type Values = Readonly<Record<string, string>>

/** A value of a query is one name in braces, or stands as it is. */
export function queryPairs(query: Values, values: Values): string[] {
  return Object.entries(query).map(([name, value]) => {
    const said = /^\{\w+\}$/.test(value) ? (values[value.slice(1, -1)] ?? '') : value
    return `${encodeURIComponent(name)}=${encodeURIComponent(said)}`
  })
}
