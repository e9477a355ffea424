import type { OwnRoute } from '../http/router.ts'
import { closest } from '../lib/closest.ts'
import { GatewayError } from '../message/error.ts'
import { explain } from '../pipeline/explain/explain.ts'
import type { ExplainSources } from '../pipeline/explain/target.ts'
import type { Configuration } from '../stores/config/configuration.ts'
import type { Governance, VirtualKey } from '../stores/config/governance.ts'
import type { CallRow, LogEntry, LogReader } from '../stores/logs/port.ts'
import { readExplainRequest } from './explain-request.ts'
import type { ExplainRequest } from './explain-request.ts'
import { explanationView } from './explain-view.ts'
import type { ExplanationView } from './explain-view.ts'
import { explainedCall } from './explained-call.ts'
import type { SentRequest } from './explained-call.ts'
import { wrong } from './json-body.ts'

/** What explanations are made from. */
export interface ExplainAnswerSources extends ExplainSources {
  readonly configuration: () => Configuration
  readonly logs: Pick<LogReader, 'get'>
}

/** A conversation that fills a window of a million tokens has some 5 MB, and pictures come on top. */
const BODY_MAX_BYTES = 32 * 1024 * 1024

/** `POST /api/explain`: where a call goes and why, without sending it. */
export function explainRoutes(sources: ExplainAnswerSources): OwnRoute[] {
  return [
    {
      method: 'POST',
      path: '/api/explain',
      bodyMaxBytes: BODY_MAX_BYTES,
      handler: async ({ body }) => ({ status: 200, body: await explained(body, sources) }),
    },
  ]
}

/**
 * The answer to a request for an explanation, as JSON. A call that would be refused is explained, too. Throws
 * `invalid_request` naming the field, `not_found` for a call that is not in the log, `unprocessable` for one whose body
 * is not there, and `unsupported` for what is not routed.
 */
export async function explained(bytes: Uint8Array, sources: ExplainAnswerSources): Promise<ExplanationView> {
  const asked = readExplainRequest(bytes)
  const configuration = sources.configuration()
  const past = asked.id === undefined ? undefined : await pastCall(asked.id, sources)
  const sent = past === undefined ? asked : requestOf(past, configuration)
  const virtualKey = keyOf(asked, past?.row, configuration.governance)
  const explanation = await explain(explainedCall(sent), virtualKey, configuration, sources)
  return explanationView(explanation, past === undefined ? [] : OF_THE_LOG)
}

const OF_THE_LOG = [
  'It is explained as if it came now: by the configuration, the balances and the hour of now.',
  'The log keeps no headers. Assumed are its virtual key, its session, its user agent, and those of client.logging_headers.',
]

interface PastCall {
  readonly row: CallRow
  readonly body: Buffer
}

async function pastCall(id: string, { logs }: Pick<ExplainAnswerSources, 'logs'>): Promise<PastCall> {
  const entry = await logs.get(id)
  if (entry === undefined)
    throw new GatewayError('not_found', `No call with the id ${JSON.stringify(id)} is in the log.`, {
      field: 'id',
    })
  if (entry.content === undefined) throw withoutBody(id, WHY_NO_BODY[entry.contentState])
  const { request } = entry.content
  return { row: entry.row, body: Buffer.from(request.buffer, request.byteOffset, request.byteLength) }
}

const WHY_NO_BODY: Readonly<Record<LogEntry['contentState'], string>> = {
  kept: 'it was not kept',
  shed: 'the log was behind, and let it go',
  none: 'contents are not kept (client.disable_content_logging), or no longer',
  unreadable: 'the database is damaged there',
}

function withoutBody(id: string, why: string): GatewayError {
  const message = `id: the log has the call ${JSON.stringify(id)} without its body, because ${why}. Give path, headers and body instead.`
  return new GatewayError('unprocessable', message, { field: 'id' })
}

function requestOf({ row, body }: PastCall, { client }: Configuration): SentRequest {
  const logged = client.loggingHeaders.flatMap((name) => {
    const value = row.metadata[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const known = {
    'user-agent': row.userAgent,
    'x-claude-code-agent-id': row.agentId,
    'x-bf-session-id': row.sessionId,
  }
  const told = Object.entries(known).filter((pair): pair is [string, string] => pair[1] !== undefined)
  const sent = { path: row.path, headers: Object.fromEntries([...logged, ...told]), body }
  if (explainedCall(sent).endpoint.forms !== true) return sent
  throw withoutBody(row.id, 'it may be a form, of whose files nothing is kept')
}

/** Whose call it is; undefined: as its headers say. */
function keyOf(
  { virtualKey: asked }: Pick<ExplainRequest, 'virtualKey'>,
  past: CallRow | undefined,
  governance: Governance,
): VirtualKey | undefined {
  if (asked !== undefined) return keyNamed(asked, governance)
  const id = past?.virtualKeyId
  if (id === undefined) return undefined
  const key = governance.virtualKeys.get(id)
  if (key !== undefined) return key
  const message = `virtual_key: the call was made by ${past?.virtualKeyName ?? id}, which is there no longer. Name another one.`
  throw new GatewayError('unprocessable', message, { field: 'virtual_key' })
}

function keyNamed(asked: string, { virtualKeys }: Governance): VirtualKey {
  const byId = virtualKeys.get(asked)
  if (byId !== undefined) return byId
  const named = [...virtualKeys.values()].filter(({ name }) => name === asked)
  if (named.length === 1) return named[0]!
  if (named.length > 1) {
    const ids = named.map(({ id }) => id).join(', ')
    throw wrong('virtual_key', `${named.length} of this name`, `one of their ids: ${ids}`)
  }
  const near = closest(
    asked,
    [...virtualKeys.values()].flatMap(({ id, name }) => [id, name]),
  )
  const advice = near === undefined ? '' : `; closest: ${near}`
  // Whoever pastes a key here by mistake shall not find it in a log.
  throw wrong(
    'virtual_key',
    'none of this name or id',
    `the name or id of a virtual key, not its value${advice}`,
  )
}
