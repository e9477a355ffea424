import { checkClaudeThinking } from './anthropic-check.ts'
import { checkClaudeModel } from './anthropic-check-model.ts'
import { BEDROCK_DIALECT } from './anthropic-dialect.ts'
import { checkConverseConstraints } from './bedrock-check-constraints.ts'
import { checkConverseMessages } from './bedrock-check-messages.ts'
import { type Json, isObject, listOf } from './json.ts'
import type { Headers, Operation, Refusal } from './protocol.ts'

const CACHE_POINTS_MAX = 4

/** OpenAI's and xAI's models do not begin an answer that may not be longer. */
const OUTPUT_MIN = 16

/** Models whose requests may have cache points. */
const CACHES = /anthropic\.claude|amazon\.nova/

/** Converse's validation of a body: first AWS's own, then the model's. */
export function checkConverse(body: Json, _headers: Headers, operation: Operation): Refusal | undefined {
  if (!isObject(body))
    return { status: 400, type: 'SerializationException', message: 'Unexpected end of input.' }
  const model = operation.model ?? ''
  const constraints = checkConverseConstraints(body)
  if (constraints) return invalid(constraints)
  const wrong = checkTools(body) ?? checkConverseMessages(body)
  if (wrong) return invalid(wrong)
  const points = countCachePoints(body)
  if (points > 0 && !CACHES.test(model)) {
    const message =
      'You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.'
    return { status: 403, message }
  }
  const refused = checkModel(body, model, points)
  return refused === undefined ? undefined : invalid(`The model returned the following errors: ${refused}`)
}

const invalid = (message: string): Refusal => ({ status: 400, message })

function checkTools({ messages, toolConfig }: Json): string | undefined {
  const usesTools = listOf(messages).some((message) =>
    listOf(message.content).some((block) => block.toolUse || block.toolResult),
  )
  if (usesTools && !toolConfig) {
    return 'The toolConfig field must be defined when using toolUse and toolResult content blocks.'
  }
  for (const [index, tool] of listOf(toolConfig?.tools).entries()) {
    const at = `toolConfig.tools.${index}.toolSpec.inputSchema.json`
    const json = tool.toolSpec?.inputSchema?.json
    if (!tool.toolSpec) continue
    if (!isObject(json)) {
      return `The format of the value at ${at} is invalid. Provide a json object for the field and try again.`
    }
    if (json.type !== 'object') return `The value at ${at}.type must be one of the following: object.`
  }
  const name = toolConfig?.toolChoice?.tool?.name
  const offered = listOf(toolConfig?.tools).some((tool) => tool.toolSpec?.name === name)
  return name !== undefined && !offered
    ? `The tool ${name} in toolConfig.toolChoice.tool is not in toolConfig.tools.`
    : undefined
}

/** Marks stand as elements of their own in the system prompt, among the tools, and in contents. */
function countCachePoints({ system, toolConfig, messages }: Json): number {
  const lists = [system, toolConfig?.tools, ...listOf(messages).map((message) => message.content)]
  return lists.flatMap(listOf).filter((one) => one.cachePoint).length
}

function checkModel(body: Json, id: string, points: number): string | undefined {
  const { maxTokens, temperature, topP } = body.inferenceConfig ?? {}
  const more = body.additionalModelRequestFields ?? {}
  if (/(^|\.)(openai|xai)\./.test(id)) {
    if (more.thinking) return "Unknown parameter: 'thinking'."
    return maxTokens < OUTPUT_MIN
      ? `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= ${OUTPUT_MIN}, but got ${maxTokens} instead.`
      : undefined
  }
  if (!id.includes('anthropic.claude')) return undefined
  const unknown = Object.keys(more).find((name) => !BEDROCK_DIALECT.fields.split(' ').includes(name))
  if (unknown) return `${unknown}: Extra inputs are not permitted`
  if (points > CACHE_POINTS_MAX) {
    return `A maximum of ${CACHE_POINTS_MAX} blocks with cache_control may be provided. Found ${points}.`
  }
  const choice = body.toolConfig?.toolChoice ?? {}
  const claude = {
    ...more,
    messages: body.messages,
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    tool_choice: { type: Object.keys(choice)[0] },
  }
  return checkClaudeThinking(claude) ?? checkClaudeModel(claude, id)
}
