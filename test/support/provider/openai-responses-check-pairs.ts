import type { Json } from './json.ts'
import { notStored, refuse } from './openai-refusals.ts'
import { keptItem } from './openai-responses-store.ts'
import { itemType } from './openai-responses-request.ts'
import type { Refusal } from './protocol.ts'
import { isSealed, sealedAbout } from './signature.ts'

/** Calls, and what their results may be called: Codex answers a local shell as if it were a function. */
const RESULTS: Record<string, { types: string[]; words: string }> = {
  function_call: { types: ['function_call_output'], words: 'function call' },
  custom_tool_call: { types: ['custom_tool_call_output'], words: 'custom tool call' },
  local_shell_call: { types: ['local_shell_call_output', 'function_call_output'], words: 'local shell call' },
}

/** What may stand behind reasoning: the thing that it led to. */
const LEADS_TO = ['function_call', 'custom_tool_call', 'local_shell_call', 'web_search_call', 'reasoning']

/** Items that need each other: a call and its result, reasoning and what follows it, a sealed text and its id. */
export function checkItemPairs(items: Json[]): Refusal | undefined {
  for (const [index, item] of items.entries()) {
    const wrong =
      itemType(item) === 'reasoning' ? checkReasoning(item, items[index + 1]) : checkPair(item, index, items)
    if (wrong) return wrong
  }
  return undefined
}

function checkPair(item: Json, index: number, items: Json[]): Refusal | undefined {
  const type = itemType(item)
  const result = RESULTS[type]
  const answers = (one: Json, call: Json) =>
    RESULTS[itemType(call)]?.types.includes(one.type) && (one.call_id ?? one.id) === call.call_id
  if (result) {
    const answered = items.slice(index + 1).some((one) => answers(one, item))
    return answered ? undefined : refuse(`No tool output found for ${result.words} ${item.call_id}.`, 'input')
  }
  const words = Object.values(RESULTS).find((one) => one.types.includes(type))?.words
  if (!words || items.slice(0, index).some((call) => answers(item, call))) return undefined
  return refuse(`No tool call found for ${words} output with call_id ${item.call_id}.`, 'input')
}

function checkReasoning(item: Json, next: Json): Refusal | undefined {
  if (typeof item.encrypted_content === 'string') {
    const sealed = checkSealed(item)
    if (sealed) return sealed
  } else if (item.id && !keptItem(item.id)) {
    return notStored(item.id)
  }
  const followed = next && (LEADS_TO.includes(itemType(next)) || next.role === 'assistant')
  return item.id && !followed
    ? refuse(
        `Item '${item.id}' of type 'reasoning' was provided without its required following item.`,
        'input',
      )
    : undefined
}

function checkSealed({ id, encrypted_content }: Json): Refusal | undefined {
  const whose = id ? `content for item ${id}` : `content ${encrypted_content.slice(0, 4)}...`
  const unverified = (reason: string) =>
    refuse(
      `The encrypted ${whose} could not be verified. Reason: ${reason}`,
      undefined,
      'invalid_encrypted_content',
    )
  if (!isSealed('openai', encrypted_content)) {
    return unverified('Encrypted content could not be decrypted or parsed.')
  }
  return id && sealedAbout('openai', encrypted_content) !== id
    ? unverified('Encrypted content item_id did not match the target item id.')
    : undefined
}
