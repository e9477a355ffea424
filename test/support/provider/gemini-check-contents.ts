import { type Json, listOf } from './json.ts'
import { isSealed } from './signature.ts'

/** What a part may hold, one of them. */
const DATA = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
]

/** Signatures that Google tells clients to send for calls that it has not made itself. */
const SIGNATURE_SUBSTITUTES = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go']

export const partsOf = (content: Json): Json[] => listOf(content?.parts)

/** Contents as such: that there are parts, each of which holds one thing. */
export function checkContents(contents: Json[]): string[] {
  if (contents.length === 0) return ['GenerateContentRequest.contents: contents is not specified']
  return contents.flatMap((content, index) => {
    const at = `GenerateContentRequest.contents[${index}]`
    if (partsOf(content).length === 0) return [`${at}.parts: contents.parts must not be empty.`]
    return partsOf(content).flatMap((part, position) => checkPart(part, `${at}.parts[${position}]`))
  })
}

function checkPart(part: Json, at: string): string[] {
  const held = DATA.filter((name) => part[name] !== undefined)
  if (held.length === 0) return [`${at}.data: required oneof field 'data' must have one initialized field`]
  if (held.length > 1) return [`${at}: oneof field 'data' is already set. Cannot set '${held[1]}'`]
  if (part.functionCall && !part.functionCall.name) return [`${at}.function_call.name: Name cannot be empty.`]
  if (part.functionResponse && !part.functionResponse.name) {
    return [`${at}.function_response.name: Name cannot be empty.`]
  }
  return []
}

/** The order of turns: calls come after the user, and are answered all at once by the next turn. */
export function checkTurns(contents: Json[]): string | undefined {
  for (const [index, content] of contents.entries()) {
    if (![undefined, 'user', 'model', 'function'].includes(content.role)) {
      return 'Please use a valid role: user, model.'
    }
    const calls = partsOf(content).filter((part) => part.functionCall)
    const answers = partsOf(content).filter((part) => part.functionResponse)
    const before = contents[index - 1]
    if (calls.length > 0 && (before === undefined || before.role === 'model')) {
      return 'Please ensure that function call turn comes immediately after a user turn or after a function response turn.'
    }
    if (calls.length > 0 && !answersAll(calls, contents[index + 1])) {
      return 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.'
    }
    if (answers.length > 0 && !partsOf(before).some((part) => part.functionCall)) {
      return 'Please ensure that function response turn comes immediately after a function call turn.'
    }
  }
  return undefined
}

function answersAll(calls: Json[], next: Json): boolean {
  const called = calls.map((part) => part.functionCall.name)
  const answered = partsOf(next).flatMap((part) => part.functionResponse?.name ?? [])
  const count = (names: string[], name: string) => names.filter((one) => one === name).length
  return (
    called.length === answered.length && called.every((name) => count(called, name) === count(answered, name))
  )
}

/**
 * Thought signatures: each one that is there must be whole, and a model that demands them wants one on the first
 * call of each step since the user's last words.
 */
export function checkSignatures(contents: Json[], demanded: boolean, corrupted: string): string | undefined {
  const turn = contents.findLastIndex(
    (content) => content.role !== 'model' && partsOf(content).some((part) => part.text !== undefined),
  )
  for (const [index, content] of contents.entries()) {
    const signatures = partsOf(content).flatMap((part) => part.thoughtSignature ?? [])
    if (signatures.some((one) => !SIGNATURE_SUBSTITUTES.includes(one) && !isSealed('gemini', one)))
      return corrupted
    const first = partsOf(content).find((part) => part.functionCall)
    if (demanded && index > turn && first && !first.thoughtSignature) {
      return `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${first.functionCall.name}\` , position ${index + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`
    }
  }
  return undefined
}
