import { type ClaudeModel, claudeModel } from './anthropic-models.ts'
import { type Json, listOf } from './json.ts'

/** What one model refuses and another takes, in the words that clients adapt to. */
export function checkClaudeModel(body: Json, id: string): string | undefined {
  const model = claudeModel(id)
  return model && (checkThinkingType(body.thinking, model) ?? checkSettings(body, model))
}

function checkThinkingType(thinking: Json, model: ClaudeModel): string | undefined {
  const type = thinking?.type
  if (type === undefined || type === 'disabled' || model.thinking.includes(type)) return undefined
  return type === 'adaptive'
    ? 'adaptive thinking is not supported on this model'
    : '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
}

function checkSettings(body: Json, model: ClaudeModel): string | undefined {
  const sampling = ['temperature', 'top_p', 'top_k'].find((name) => body[name] !== undefined)
  if (sampling && !model.sampling) return `\`${sampling}\` is deprecated for this model.`
  if (body.output_config?.effort !== undefined && !model.effort) {
    return 'This model does not support the effort parameter.'
  }
  if (model.prefill || listOf(body.messages).at(-1)?.role !== 'assistant') return undefined
  return 'This model does not support assistant message prefill. The conversation must end with a user message.'
}
