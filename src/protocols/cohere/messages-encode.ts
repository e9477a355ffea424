import type { JsonObject, Request } from '../../message/request.ts'
import { encodeMessages as encodeChat } from '../shared/chat-messages.ts'
import type { ToolNames } from '../shared/tool-names.ts'
import type { Warnings } from '../shared/warnings.ts'

/** A message without content is refused. */
const NOTHING = '[no output]'

export interface MessageOptions {
  /** The model takes images. */
  images: boolean
  /** The model thinks, and takes its thinking back. */
  reasons: boolean
}

/** The conversation as chat messages, in what Cohere writes its own way: what the assistant said. */
export function encodeMessages(
  request: Request,
  { images, reasons }: MessageOptions,
  names: ToolNames,
  warnings: Warnings,
): JsonObject[] {
  const options = {
    systemRole: 'system',
    systemAnywhere: true,
    userAfterTool: true,
    reasoningField: reasons ? 'reasoning' : undefined,
    callIdLength: undefined,
    images,
    imageUrls: true,
    fileParts: false,
    cacheControl: false,
    textParts: true,
  } as const
  return encodeChat(request, options, names, warnings).map((message) => {
    if (message.role === 'assistant') return assistant(message)
    return message.role === 'tool' && message.content === '' ? { ...message, content: NOTHING } : message
  })
}

/** Text before calls is a plan here. */
function assistant({ role, content, reasoning, tool_calls }: JsonObject): JsonObject {
  const thinking =
    typeof reasoning === 'string' && reasoning !== '' ? [{ type: 'thinking', thinking: reasoning }] : []
  const text = typeof content === 'string' ? content : ''
  if (tool_calls === undefined) {
    return { role, content: thinking.length === 0 ? text : [...thinking, { type: 'text', text }] }
  }
  return {
    role,
    ...(thinking.length > 0 && { content: thinking }),
    ...(text !== '' && { tool_plan: text }),
    tool_calls,
  }
}
