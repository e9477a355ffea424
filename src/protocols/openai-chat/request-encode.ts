import type { Effort, JsonObject, Request } from '../../message/request.ts'
import { chatTraits, nearestEffort } from '../../models/reasoning.ts'
import type { ChatTraits } from '../../models/reasoning.ts'
import type { Encoded, EncodeTarget, Memo, Quirks } from '../protocol.ts'
import { endUser } from '../shared/end-user.ts'
import { functionSchema, isClosed } from '../shared/schema.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'
import { encodeMessages } from './messages-encode.ts'
import { encodeTools } from './tools-encode.ts'

/**
 * A hub request as a Chat Completions body. The same request gives the same bytes, with what changes least first
 * and the conversation last: prompt caches compare from the front.
 */
export function encodeRequest(request: Request, target: EncodeTarget): Encoded {
  const { model, quirks } = target
  const traits = chatTraits(model, target.facts)
  const warnings = new Warnings()
  const names = new ToolNames()
  const memo: Memo = {}
  const tools = encodeTools(request, quirks, names, memo, warnings)
  const effort = chooseEffort(request, traits, quirks, tools.tools !== undefined, warnings)
  const format = encodeFormat(request, quirks, warnings)
  const asked =
    format.instruction === undefined
      ? request
      : { ...request, system: [...request.system, format.instruction] }
  const body = {
    model,
    ...(request.stream && {
      stream: true,
      ...(quirks.streamOptions !== false && { stream_options: { include_usage: true } }),
    }),
    ...encodeLimit(request, target, traits, effort, warnings),
    ...encodeSampling(request, traits, effort, warnings),
    ...encodeStop(request, traits, quirks, memo, warnings),
    ...encodeEffort(effort, quirks),
    ...format.fields,
    ...encodeUser(request, quirks, warnings),
    ...tools,
    messages: encodeMessages(asked, messageOptions(target, traits), names, warnings),
  }
  dropExtras(request.extra, warnings)
  if (names.changed.size > 0) memo.toolNames = names.changed
  const callIds = usedCallIds(request)
  if (callIds.size > 0) memo.callIds = callIds
  return { body: JSON.stringify(body), warnings: warnings.list(), memo }
}

function messageOptions(
  { facts, quirks }: EncodeTarget,
  traits: ChatTraits,
): Parameters<typeof encodeMessages>[1] {
  return {
    systemRole: quirks.systemRole ?? traits.systemRole,
    systemAnywhere: quirks.systemAnywhere !== false,
    userAfterTool: quirks.userAfterTool !== false,
    reasoningField: quirks.reasoningHistoryField,
    geminiSignatures: quirks.geminiSignatures === true,
    callIdLength: quirks.toolCallIdLength,
    images: facts?.inputKinds === undefined || facts.inputKinds.includes('image'),
    imageUrls: quirks.imageUrls !== false,
    fileParts: quirks.fileParts === true,
    cacheControl: quirks.cacheControl === true,
    textParts: quirks.textParts !== false,
  }
}

// ==== Limits and sampling

/**
 * A reasoning model spends the limit on thinking first, and answers 400 or nothing where none is left. Claude Code
 * asks for 1 token when the user switches models and for 64 when it checks a command.
 */
const REASONING_ROOM_TOKENS = 1024

function encodeLimit(
  request: Request,
  { facts, quirks }: EncodeTarget,
  traits: ChatTraits,
  effort: string | undefined,
  warnings: Warnings,
): JsonObject {
  const wanted = request.maxTokens
  if (wanted === undefined) return {}
  const reasons = traits.reasoning === true && effort !== 'none'
  const least = Math.max(traits.outputTokensMin, reasons ? REASONING_ROOM_TOKENS : 1)
  const most = facts?.maxOutputTokens ?? Infinity
  const limit = Math.min(Math.max(wanted, least), most)
  if (limit > wanted)
    warnings.add('changed', 'max_tokens', `raised from ${wanted} to ${limit}: the model needs room to think`)
  if (limit < wanted)
    warnings.add(
      'changed',
      'max_tokens',
      `lowered from ${wanted} to ${limit}, the most that the model can say`,
    )
  return { [quirks.maxTokensField ?? traits.maxTokensField]: limit }
}

function encodeSampling(
  request: Request,
  traits: ChatTraits,
  effort: string | undefined,
  warnings: Warnings,
): JsonObject {
  const { temperature, topP, topK } = request
  const accepted = traits.sampling === 'always' || (traits.sampling === 'effort-none' && effort === 'none')
  if (topK !== undefined) warnings.add('dropped', 'top_k', 'the Chat Completions API has no such field')
  if (accepted)
    return { ...(temperature !== undefined && { temperature }), ...(topP !== undefined && { top_p: topP }) }
  const reason = 'the model reasons and takes no sampling settings'
  if (temperature !== undefined) warnings.add('dropped', 'temperature', reason)
  if (topP !== undefined) warnings.add('dropped', 'top_p', reason)
  return {}
}

const STOP_MAX = 4

/** OpenAI's reasoning models refuse `stop` as they refuse sampling. What is not sent, the gateway enforces itself. */
function encodeStop(
  request: Request,
  traits: ChatTraits,
  quirks: Quirks,
  memo: Memo,
  warnings: Warnings,
): JsonObject {
  const wanted = request.stopSequences
  if (wanted.length === 0) return {}
  const most = traits.sampling === 'always' ? (quirks.stopSequencesMax ?? STOP_MAX) : 0
  const sent = wanted.slice(0, most)
  if (sent.length < wanted.length) {
    memo.enforceStop = wanted.slice(most)
    warnings.add(
      'emulated',
      'stop_sequences',
      `the upstream takes ${most}; the gateway cuts the answer at the others`,
    )
  }
  if (sent.length === 0) return {}
  memo.stopSequences = sent
  return { stop: sent }
}

// ==== Reasoning

/** What may be asked for where the upstream itself finds the nearest that a model knows (OpenRouter). */
const COMMON_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const

function chooseEffort(
  request: Request,
  traits: ChatTraits,
  quirks: Quirks,
  hasTools: boolean,
  warnings: Warnings,
): string | undefined {
  const takesNone = traits.efforts === undefined || traits.efforts.includes('none')
  if (quirks.toolsNeedEffortNone === true && hasTools && traits.reasoning === true && takesNone) {
    // "Function tools with reasoning_effort are not supported … set reasoning_effort to 'none'", even when none was set.
    warnings.add('changed', 'thinking', 'on this API the model takes tools only without reasoning')
    return 'none'
  }
  const wanted = wantedEffort(request)
  if (wanted === undefined) return undefined
  const style = quirks.effortStyle ?? 'reasoning_effort'
  const accepted = traits.efforts ?? (style === 'reasoning-object' ? COMMON_EFFORTS : undefined)
  const nearest = traits.reasoning === true && style !== 'none' ? nearestEffort(accepted, wanted) : undefined
  if (nearest === undefined) {
    // Claude Code asks every model to think; one that cannot does as if not asked.
    if (!(wanted === 'none' && traits.reasoning === false))
      warnings.add('dropped', 'thinking', whyNot(traits, style))
  } else if (nearest !== wanted) {
    warnings.add('changed', 'thinking', `effort ${nearest} is the nearest to ${wanted} that the model knows`)
  }
  return nearest
}

function whyNot(traits: ChatTraits, style: string): string {
  if (traits.reasoning === false) return 'the model does not reason'
  if (traits.reasoning === undefined) return 'nothing is known of how this model reasons'
  return style === 'none'
    ? 'the upstream has no setting for it'
    : 'the efforts that the model accepts are not known'
}

/** A budget as effort, by its share of the whole answer. */
const BUDGET_LOW_SHARE = 0.25
const BUDGET_MEDIUM_SHARE = 0.6

function wantedEffort({ reasoning, maxTokens }: Request): Effort | undefined {
  if (reasoning === undefined) return undefined
  if (reasoning.mode === 'off') return 'none'
  if (reasoning.effort !== undefined) return reasoning.effort
  const { budgetTokens } = reasoning
  if (reasoning.mode === 'adaptive' || budgetTokens === undefined) return undefined
  if (budgetTokens <= 0) return 'none'
  if (maxTokens === undefined || maxTokens <= 0) return 'medium'
  const share = budgetTokens / maxTokens
  if (share <= BUDGET_LOW_SHARE) return 'low'
  return share <= BUDGET_MEDIUM_SHARE ? 'medium' : 'high'
}

function encodeEffort(effort: string | undefined, quirks: Quirks): JsonObject {
  if (effort === undefined) return {}
  return quirks.effortStyle === 'reasoning-object' ? { reasoning: { effort } } : { reasoning_effort: effort }
}

// ==== The rest

interface EncodedFormat {
  fields: JsonObject
  instruction?: { type: 'text'; text: string }
}

function encodeFormat({ format }: Request, quirks: Quirks, warnings: Warnings): EncodedFormat {
  if (format === undefined) return { fields: {} }
  if (format.schema === undefined) return { fields: { response_format: { type: 'json_object' } } }
  if (quirks.jsonSchema === false) {
    warnings.add(
      'emulated',
      'output_config.format',
      'the upstream knows no schemas; the model is told to follow it',
    )
    const text = `Answer with nothing but JSON that follows this JSON Schema:\n${JSON.stringify(format.schema)}`
    return { fields: { response_format: { type: 'json_object' } }, instruction: { type: 'text', text } }
  }
  const { schema } = functionSchema(format.schema)
  const strict = format.strict !== false && isClosed(schema)
  if (format.strict === true && !strict) {
    warnings.add(
      'changed',
      'output_config.format',
      'only closed schemas with all properties required can be strict here',
    )
  }
  const json_schema = { name: format.name ?? 'answer', schema, ...(strict && { strict }) }
  return { fields: { response_format: { type: 'json_schema', json_schema } } }
}

/** Never the client's own id: it holds the device, the account and the session of a person. */
function encodeUser({ userId }: Request, quirks: Quirks, warnings: Warnings): JsonObject {
  if (userId === undefined || userId === '') return {}
  const { user, session } = endUser(userId)
  const field = quirks.userField ?? 'safety_identifier'
  if (field === 'none') warnings.add('dropped', 'metadata.user_id', 'the upstream has no field for it')
  return {
    ...(field !== 'none' && { [field]: user }),
    ...(quirks.promptCacheKey === true && { prompt_cache_key: session }),
  }
}

function dropExtras(extra: JsonObject, warnings: Warnings): void {
  for (const field in extra) {
    if (extra[field] !== null) warnings.add('dropped', field, 'the Chat Completions API has no such field')
  }
}

function usedCallIds(request: Request): Set<string> {
  const ids = new Set<string>()
  for (const { content } of request.messages)
    for (const block of content) if (block.type === 'tool-call') ids.add(block.id)
  return ids
}
