import { type Json, isObject, listOf } from './json.ts'

const NAME = /^[a-zA-Z0-9_-]+$/
const NAME_LENGTH_MAX = 64
const ENUMS: Record<string, string[]> = {
  image: ['gif', 'jpeg', 'png', 'webp'],
  document: ['csv', 'doc', 'docx', 'html', 'md', 'pdf', 'txt', 'xls', 'xlsx'],
}

/** What AWS's model of the request says of single values. All that is wrong comes in one sentence. */
export function checkConverseConstraints(body: Json): string | undefined {
  const wrong = [
    ...listOf(body.messages).flatMap((message, index) =>
      checkMessage(message, `messages.${index + 1}.member`),
    ),
    ...listOf(body.system).flatMap((block, index) => checkSystem(block, `system.${index + 1}.member`)),
    ...checkInference(body.inferenceConfig ?? {}),
    ...checkToolConfig(body.toolConfig),
  ]
  if (wrong.length === 0) return undefined
  const errors = wrong.length === 1 ? '1 validation error' : `${wrong.length} validation errors`
  return `${errors} detected: ${wrong.join('; ')}`
}

function checkMessage(message: Json, at: string): string[] {
  const role = ['user', 'assistant'].includes(message.role)
    ? []
    : [failed(message.role, `${at}.role`, 'Member must satisfy enum value set: [user, assistant]')]
  const blocks = listOf(message.content).flatMap((block, index) =>
    checkBlock(block, `${at}.content.${index + 1}.member`),
  )
  return [...role, ...blocks]
}

function checkBlock(block: Json, at: string): string[] {
  const { toolUse, toolResult } = block
  if (toolUse) {
    return [
      ...checkName(toolUse.name, `${at}.toolUse.name`),
      ...checkName(toolUse.toolUseId, `${at}.toolUse.toolUseId`),
    ]
  }
  if (toolResult) {
    const { toolUseId, status, content } = toolResult
    const known = status === undefined || ['success', 'error'].includes(status)
    return [
      ...checkName(toolUseId, `${at}.toolResult.toolUseId`),
      ...(known
        ? []
        : [
            failed(status, `${at}.toolResult.status`, 'Member must satisfy enum value set: [success, error]'),
          ]),
      ...listOf(content).flatMap((one, index) =>
        checkMedia(one, `${at}.toolResult.content.${index + 1}.member`),
      ),
    ]
  }
  return checkMedia(block, at)
}

function checkMedia(block: Json, at: string): string[] {
  return Object.entries(ENUMS).flatMap(([kind, formats]) => {
    const format = block[kind]?.format
    if (!block[kind] || formats.includes(format)) return []
    return [
      failed(format, `${at}.${kind}.format`, `Member must satisfy enum value set: [${formats.join(', ')}]`),
    ]
  })
}

function checkSystem(block: Json, at: string): string[] {
  return block.text === ''
    ? [failed('', `${at}.text`, 'Member must have length greater than or equal to 1')]
    : []
}

function checkInference(config: Json): string[] {
  const limits: [string, number, number][] = [
    ['maxTokens', 1, Infinity],
    ['temperature', 0, 1],
    ['topP', 0, 1],
  ]
  return limits.flatMap(([name, min, max]) => {
    const value = config[name]
    const at = `inferenceConfig.${name}`
    if (value === undefined) return []
    if (value < min) return [failed(value, at, `Member must have value greater than or equal to ${min}`)]
    return value > max ? [failed(value, at, `Member must have value less than or equal to ${max}`)] : []
  })
}

function checkToolConfig(config: Json): string[] {
  if (!isObject(config)) return []
  const tools = listOf(config.tools)
  if (tools.length === 0) {
    return [failed('[]', 'toolConfig.tools', 'Member must have length greater than or equal to 1')]
  }
  return tools.flatMap(({ toolSpec }, index) => {
    if (!toolSpec) return []
    const at = `toolConfig.tools.${index + 1}.member.toolSpec`
    const empty = toolSpec.description === ''
    return [
      ...checkName(toolSpec.name, `${at}.name`),
      ...(empty
        ? [failed('', `${at}.description`, 'Member must have length greater than or equal to 1')]
        : []),
    ]
  })
}

function checkName(name: Json, at: string): string[] {
  if (typeof name !== 'string' || !NAME.test(name)) {
    return [failed(name, at, 'Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+')]
  }
  return name.length > NAME_LENGTH_MAX
    ? [failed(name, at, `Member must have length less than or equal to ${NAME_LENGTH_MAX}`)]
    : []
}

const failed = (value: Json, at: string, constraint: string) =>
  `Value '${value}' at '${at}' failed to satisfy constraint: ${constraint}`
