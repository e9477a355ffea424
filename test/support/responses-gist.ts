import type { Json } from './provider/json.ts'

/** The part of a Responses stream that a developer reads, one line an event: `text 0 Hello`. */
export function gist(events: readonly Json[]): string[] {
  return events.map((event) => {
    const { type, output_index: at, item, response } = event
    switch (type) {
      case 'response.output_item.added':
        return words('added', at, item.type, item.call_id, item.namespace, item.name)
      case 'response.output_item.done':
        return words('done', at, item.type, item.status)
      case 'response.completed':
        return 'completed'
      case 'response.incomplete':
        return `incomplete ${response.incomplete_details.reason}`
      case 'response.failed':
        return `failed ${response.error.code}`
      default:
        return words(SHORT[type] ?? type, at, event.delta ?? event.text ?? event.arguments ?? event.input)
    }
  })
}

const SHORT: Readonly<Record<string, string>> = {
  'response.created': 'created',
  'response.in_progress': 'in_progress',
  'response.content_part.added': 'part',
  'response.content_part.done': 'part.done',
  'response.output_text.delta': 'text',
  'response.output_text.done': 'text.done',
  'response.output_text.annotation.added': 'cites',
  'response.reasoning_summary_part.added': 'summary',
  'response.reasoning_summary_part.done': 'summary.done',
  'response.reasoning_summary_text.delta': 'thinks',
  'response.reasoning_summary_text.done': 'thinks.done',
  'response.function_call_arguments.delta': 'args',
  'response.function_call_arguments.done': 'args.done',
  'response.custom_tool_call_input.delta': 'input',
  'response.custom_tool_call_input.done': 'input.done',
  'response.web_search_call.in_progress': 'search',
  'response.web_search_call.searching': 'search.searching',
  'response.web_search_call.completed': 'search.completed',
}

function words(...parts: Json[]): string {
  return parts
    .filter((part) => part !== undefined)
    .map((part) => String(part).replaceAll('\n', '⏎'))
    .join(' ')
    .trimEnd()
}

/** Lines of a row: events stand one behind the other with bars between. */
export function lines(rows: string): string[] {
  return rows
    .trim()
    .split(/ *[|\n] */)
    .filter((line) => line !== '')
}
