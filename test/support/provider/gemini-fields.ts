import { type Json, isObject } from './json.ts'

/**
 * The messages of the API by their fields, each `name:type`. A type is another message, `string`, `number`, `bool`,
 * `bytes` (base64), `struct` (any object) or `any`; `[]` makes it a list and `{}` a map.
 */
const MESSAGES: Record<string, string> = {
  GenerateContentRequest:
    'model:string contents:Content[] system_instruction:Content tools:Tool[] tool_config:ToolConfig ' +
    'generation_config:GenerationConfig safety_settings:any[] cached_content:string labels:struct service_tier:string',
  CountTokensRequest:
    'model:string contents:Content[] generate_content_request:GenerateContentRequest ' +
    'system_instruction:Content tools:Tool[] generation_config:GenerationConfig instances:any[]',
  EmbedContentRequest:
    'model:string content:Content task_type:string title:string output_dimensionality:number auto_truncate:bool',
  BatchEmbedContentsRequest: 'requests:EmbedContentRequest[]',
  Content: 'role:string parts:Part[]',
  Part:
    'text:string thought:bool thought_signature:bytes inline_data:Blob file_data:FileData ' +
    'function_call:FunctionCall function_response:FunctionResponse executable_code:any ' +
    'code_execution_result:any tool_call:any tool_response:any video_metadata:any media_resolution:any ' +
    'part_metadata:struct',
  Blob: 'mime_type:string data:bytes display_name:string',
  FileData: 'mime_type:string file_uri:string display_name:string',
  FunctionCall: 'id:string name:string args:struct',
  FunctionResponse: 'id:string name:string response:struct parts:any[] will_continue:bool scheduling:string',
  Tool:
    'function_declarations:FunctionDeclaration[] google_search:any google_search_retrieval:any ' +
    'code_execution:any url_context:any google_maps:any computer_use:any file_search:any mcp_servers:any[]',
  FunctionDeclaration:
    'name:string description:string behavior:string parameters:Schema parameters_json_schema:any ' +
    'response:Schema response_json_schema:any',
  Schema:
    'type:string format:string title:string description:string nullable:bool enum:string[] items:Schema ' +
    'max_items:any min_items:any properties:Schema{} required:string[] min_properties:any max_properties:any ' +
    'minimum:number maximum:number min_length:any max_length:any pattern:string example:any any_of:Schema[] ' +
    'property_ordering:string[] default:any',
  ToolConfig:
    'function_calling_config:FunctionCallingConfig retrieval_config:any ' +
    'include_server_side_tool_invocations:bool',
  FunctionCallingConfig: 'mode:string allowed_function_names:string[]',
  GenerationConfig:
    'stop_sequences:string[] response_mime_type:string response_schema:Schema response_json_schema:any ' +
    'response_modalities:string[] candidate_count:number max_output_tokens:number temperature:number ' +
    'top_p:number top_k:number seed:number presence_penalty:number frequency_penalty:number ' +
    'response_logprobs:bool logprobs:number speech_config:any thinking_config:ThinkingConfig ' +
    'image_config:any media_resolution:string audio_timestamp:bool enable_enhanced_civic_answers:bool',
  ThinkingConfig: 'include_thoughts:bool thinking_budget:number thinking_level:string',
}

/** What is wrong with a body before it is understood: names and types that the messages do not have. */
export function checkFields(body: Json, message: string): string[] {
  return checkMessage(body, message, '')
}

function checkMessage(value: Json, message: string, path: string): string[] {
  if (!isObject(value))
    return [`Invalid value at '${path}' (type.googleapis.com/${message}), ${quoted(value)}`]
  const fields = fieldsOf(message)
  return Object.entries(value).flatMap(([name, one]) => {
    const snake = snakeCase(name)
    const type = fields.get(snake)
    if (type === undefined) {
      const at = path === '' ? '' : ` at '${path}'`
      return [`Invalid JSON payload received. Unknown name "${name}"${at}: Cannot find field.`]
    }
    return one === null ? [] : checkValue(one, type, path === '' ? snake : `${path}.${snake}`)
  })
}

function checkValue(value: Json, type: string, path: string): string[] {
  if (type.endsWith('[]')) {
    const one = type.slice(0, -2)
    // A single value is taken for a list of one.
    const list = Array.isArray(value) ? value : [value]
    return list.flatMap((element, index) => checkValue(element, one, `${path}[${index}]`))
  }
  if (type.endsWith('{}')) {
    const one = type.slice(0, -2)
    if (!isObject(value)) return [`Invalid value at '${path}' (Map), ${quoted(value)}`]
    return Object.values(value).flatMap((element, index) =>
      checkValue(element, one, `${path}[${index}].value`),
    )
  }
  return type in MESSAGES ? checkMessage(value, type, path) : checkScalar(value, type, path)
}

function checkScalar(value: Json, type: string, path: string): string[] {
  const invalid = (words: string) => [`Invalid value at '${path}' (${words}), ${quoted(value)}`]
  switch (type) {
    case 'string':
      return typeof value === 'string' ? [] : invalid('TYPE_STRING')
    case 'bool':
      return typeof value === 'boolean' ? [] : invalid('TYPE_BOOL')
    case 'number':
      return Number.isFinite(Number(value)) ? [] : invalid('TYPE_INT32')
    case 'struct':
      return isObject(value) ? [] : invalid('type.googleapis.com/google.protobuf.Struct')
    case 'bytes':
      return isBase64(value)
        ? []
        : [`Invalid value at '${path}' (TYPE_BYTES), Base64 decoding failed for ${quoted(value)}`]
    default:
      return []
  }
}

/** Either alphabet, padded or not, as protobuf's JSON takes it. */
const isBase64 = (value: Json): boolean =>
  typeof value === 'string' &&
  /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) &&
  value.replaceAll('=', '').length % 4 !== 1

const quoted = (value: Json) => (typeof value === 'string' ? `"${value}"` : JSON.stringify(value))

function fieldsOf(message: string): Map<string, string> {
  const pairs = (MESSAGES[message] ?? '').split(' ').map((field): [string, string] => {
    const [name = '', type = ''] = field.split(':')
    return [name, type]
  })
  return new Map(pairs)
}

const snakeCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The same value with every name of a field in camel case, which is how the rest of the provider reads it. */
export function camelCased(value: Json, message: string): Json {
  if (!isObject(value)) return value
  const fields = fieldsOf(message)
  const entries = Object.entries(value).map(([name, one]): [string, Json] => {
    const snake = snakeCase(name)
    const camel = snake.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    return [camel, camelCasedValue(one, fields.get(snake) ?? 'any')]
  })
  return Object.fromEntries(entries)
}

function camelCasedValue(value: Json, type: string): Json {
  const one = type.replace(/(\[\]|\{\})$/, '')
  if (!(one in MESSAGES)) return value
  if (Array.isArray(value)) return value.map((element) => camelCased(element, one))
  if (!type.endsWith('{}') || !isObject(value)) return camelCased(value, one)
  return Object.fromEntries(Object.entries(value).map(([name, element]) => [name, camelCased(element, one)]))
}
