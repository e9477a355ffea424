import type { JsonObject, Request, TextBlock } from '../../message/request.ts'
import { jsonPieces } from '../shared/json.ts'
import { offeredTools, dropSearch } from '../shared/offered-tools.ts'
import { encodeFunction } from '../shared/openai-tools.ts'
import {
  dropExtra,
  dropUser,
  instructed,
  jsonInstruction,
  noteNames,
  outputLimit,
  sendableStops,
} from '../shared/settings.ts'
import { toolEncoder } from '../shared/tool-encoder.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Encoded, EncodeTarget, Memo } from '../translation.ts'
import { encodeMessages } from './messages-encode.ts'

/** A hub request as a body of `/v2/chat`, with what changes least first. */
export function encodeRequest(request: Request, target: EncodeTarget): Encoded {
  const { model, facts } = target
  const warnings = new Warnings()
  const names = new ToolNames()
  const memo: Memo = {}
  const tools = encodeTools(request, names, memo, warnings)
  const hasTools = tools.tools !== undefined
  const format = encodeFormat(request, hasTools, warnings)
  const thinking = encodeThinking(request, facts?.reasoning === true, warnings)
  const options = {
    images: facts?.inputKinds === undefined || facts.inputKinds.includes('image'),
    reasons: facts?.reasoning === true,
  }
  const body = {
    model,
    ...(request.stream && { stream: true }),
    ...encodeLimit(request, target, warnings),
    ...encodeSampling(request, warnings),
    ...encodeStop(request, memo, warnings),
    ...thinking,
    ...format.fields,
    ...tools,
    messages: encodeMessages(instructed(request, format.instruction), options, names, warnings),
  }
  dropRest(request, warnings)
  noteNames(request, names, memo)
  return { body: jsonPieces(body), warnings: warnings.list(), memo }
}

// ==== Limits and sampling

function encodeLimit(request: Request, target: EncodeTarget, warnings: Warnings): JsonObject {
  const limit = outputLimit(request, target, false, 1, warnings)
  return limit === undefined ? {} : { max_tokens: limit }
}

/** Cohere refuses what lies outside. */
const P_MIN = 0.01
const P_MAX = 0.99
const K_MAX = 500

function encodeSampling({ temperature, topP, topK }: Request, warnings: Warnings): JsonObject {
  const within = (field: string, value: number, least: number, most: number) => {
    const nearest = Math.min(Math.max(value, least), most)
    if (nearest !== value) warnings.add('changed', field, `the upstream takes ${least} to ${most}`)
    return nearest
  }
  return {
    ...(temperature !== undefined && { temperature: within('temperature', temperature, 0, 1) }),
    ...(topP !== undefined && { p: within('top_p', topP, P_MIN, P_MAX) }),
    ...(topK !== undefined && { k: within('top_k', topK, 0, K_MAX) }),
  }
}

const STOP_MAX = 5

function encodeStop({ stopSequences }: Request, memo: Memo, warnings: Warnings): JsonObject {
  const sent = sendableStops(stopSequences, STOP_MAX, memo, warnings)
  if (sent.length === 0) return {}
  memo.stopSequences = sent
  return { stop_sequences: sent }
}

// ==== Reasoning and format

/** A model that thinks does so unless it is told not to. */
function encodeThinking({ reasoning }: Request, reasons: boolean, warnings: Warnings): JsonObject {
  if (reasoning === undefined) return {}
  const off = reasoning.mode === 'off' || reasoning.effort === 'none'
  if (!reasons) {
    if (!off) warnings.add('dropped', 'thinking', 'the model does not reason')
    return {}
  }
  if (off) return { thinking: { type: 'disabled' } }
  if (reasoning.effort !== undefined) warnings.add('dropped', 'effort', 'the upstream knows only a budget')
  const { budgetTokens } = reasoning
  const budget = budgetTokens !== undefined && budgetTokens > 0 && { token_budget: budgetTokens }
  return { thinking: { type: 'enabled', ...budget } }
}

interface EncodedFormat {
  fields: JsonObject
  instruction?: TextBlock
}

/** A form for the answer is refused beside tools: https://docs.cohere.com/v2/docs/structured-outputs */
function encodeFormat({ format }: Request, hasTools: boolean, warnings: Warnings): EncodedFormat {
  if (format === undefined) return { fields: {} }
  const { schema } = format
  if (!hasTools)
    return { fields: { response_format: { type: 'json_object', ...(schema && { json_schema: schema }) } } }
  warnings.add('emulated', 'output_config.format', 'the upstream knows none beside tools; the model is told')
  return { fields: {}, instruction: jsonInstruction(schema) }
}

// ==== Tools

function encodeTools(request: Request, names: ToolNames, memo: Memo, warnings: Warnings): JsonObject {
  const offered = offeredTools(request, warnings)
  if (offered.search !== undefined) dropSearch(offered.search, memo, warnings)
  const { toolChoice: choice } = request
  const named = choice?.type === 'tool' ? offered.functions.filter(({ name }) => name === choice.name) : []
  if (choice?.type === 'tool') {
    const change =
      named.length > 0 ? 'the other tools are left out' : 'the tool is not among those that are offered'
    warnings.add(named.length > 0 ? 'changed' : 'dropped', 'tool_choice', change)
  }
  const functions = named.length > 0 ? named : offered.functions
  if (functions.length === 0) return {}
  const isForced = choice?.type === 'required' || named.length > 0
  return {
    tools: encodeFunctions(functions, names, warnings),
    ...(isForced && { tool_choice: 'REQUIRED' }),
    ...(choice?.type === 'none' && { tool_choice: 'NONE' }),
    ...(functions.every(({ strict }) => strict === true) && { strict_tools: true }),
    // It cites results of tools unasked, at the cost of time, and other APIs have no word for such a citation.
    citation_options: { mode: 'OFF' },
  }
}

const encodeFunctions = toolEncoder((tool, names, warnings) => ({
  type: 'function',
  function: encodeFunction(tool, names, warnings),
}))

// ==== The rest

function dropRest(request: Request, warnings: Warnings): void {
  if (request.parallelTools === false)
    warnings.add('dropped', 'tool_choice.disable_parallel_tool_use', 'the upstream has no such setting')
  dropUser(request, warnings)
  dropExtra(request, 'Cohere’s API has no such field', warnings)
}
