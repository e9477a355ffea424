import type { OwnAnswer, OwnRoute } from '../http/router.ts'
import { GatewayError } from '../message/error.ts'
import type { LogEntry, LogReader } from '../stores/logs/port.ts'
import type { DecodeAnswer } from './decode-answer.ts'
import { logEntry } from './log-entry.ts'
import { parseLogQuery } from './log-query.ts'

export interface LogSources {
  readonly logs: LogReader
  /** Bodies that were shed since the start, because the store was behind. */
  readonly shedContents: () => number
  /** Rows that the disk refused since the start. */
  readonly lostRows: () => number
  readonly decodeAnswer: DecodeAnswer
}

/** The log over HTTP, in the shapes of Bifrost's API. */
export function logRoutes(sources: LogSources): OwnRoute[] {
  return [
    { method: 'GET', path: '/api/logs', handler: ({ query }) => listLogs(query, sources.logs) },
    { method: 'GET', path: '/api/logs/dropped', handler: () => dropped(sources) },
    {
      method: 'GET',
      path: '/api/logs/{id}',
      handler: ({ parameters }) => getLog(parameters['id']!, sources),
    },
  ]
}

/** One page of calls, and sums over all that match. Throws `invalid_request` naming a wrong parameter. */
export async function listLogs(query: URLSearchParams, logs: LogReader): Promise<OwnAnswer> {
  const question = parseLogQuery(query)
  const page = await logs.list(question)
  const body = {
    logs: page.rows.map(logEntry),
    pagination: {
      limit: question.limit,
      offset: question.offset,
      sort_by: question.sortBy,
      order: question.order,
      total_count: page.totalCount,
    },
    stats: {
      total_requests: page.stats.totalRequests,
      success_rate: page.stats.successRate,
      average_latency: page.stats.averageLatencyMs,
      total_tokens: page.stats.totalTokens,
      total_cost: page.stats.totalCostNanodollars / 1e9,
      total_cost_nanodollars: page.stats.totalCostNanodollars,
      unpriced_requests: page.stats.unpricedRequests,
    },
    has_logs: page.hasLogs,
    complete: page.complete,
  }
  return { status: 200, body }
}

/** One call with its bodies, as they were on the wire and decoded. Throws `not_found`. */
export async function getLog(
  id: string,
  { logs, decodeAnswer }: { logs: Pick<LogReader, 'get'>; decodeAnswer: DecodeAnswer },
): Promise<OwnAnswer> {
  const entry = await logs.get(id)
  if (entry === undefined)
    throw new GatewayError('not_found', `No call with the id ${JSON.stringify(id)} is in the log.`)
  const body = { ...logEntry(entry.row), content_state: entry.contentState, ...bodies(entry, decodeAnswer) }
  return { status: 200, body }
}

/** What was lost since the start: rows that the disk refused, and bodies that were shed. */
function dropped({ shedContents, lostRows }: LogSources): OwnAnswer {
  return { status: 200, body: { dropped_requests: lostRows(), dropped_contents: shedContents() } }
}

function bodies({ row, content }: LogEntry, decodeAnswer: DecodeAnswer): Record<string, unknown> {
  if (content === undefined) return {}
  const decoder = new TextDecoder()
  const rawRequest = decoder.decode(content.request)
  const {
    content: blocks,
    finish,
    error,
  } = decodeAnswer(row.protocol, content.response, content.responseIsStream)
  return {
    raw_request: rawRequest,
    raw_response: decoder.decode(content.response),
    input_history: inputHistory(rawRequest),
    output_message: {
      role: 'assistant',
      content: blocks,
      finish_reason: finish?.raw ?? finish?.unified,
      error,
    },
    response_truncated_bytes: content.responseTruncatedBytes,
  }
}

/** The client's messages, whatever its protocol calls them. */
function inputHistory(request: string): unknown {
  try {
    const { messages, input, contents } = JSON.parse(request) as Record<string, unknown>
    return messages ?? input ?? contents
  } catch {
    return undefined
  }
}
