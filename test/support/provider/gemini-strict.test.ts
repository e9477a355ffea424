import { afterAll, beforeAll, describe } from 'vitest'

import type { Json } from './json.ts'
import { type Provider, startProvider } from './server.ts'
import { seal } from './signature.ts'
import { testStrictness } from './strictness.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

const asked = { role: 'user', parts: [{ text: 'Hi' }] }
const calling = (more: Json = {}) => ({
  role: 'model',
  parts: [{ functionCall: { name: 'Read', args: {} }, thoughtSignature: seal('gemini', '1'), ...more }],
})
const unsigned = calling({ thoughtSignature: undefined })
const answer = { functionResponse: { name: 'Read', response: { output: 'ok' } } }
const answered = { role: 'user', parts: [answer] }
const answering = (functionResponse: Json) => ({ role: 'user', parts: [{ functionResponse }] })
const declaring = (...functionDeclarations: Json[]) => ({ tools: [{ functionDeclarations }] })
const property = (schema: Json) =>
  declaring({ name: 'Read', parameters: { type: 'OBJECT', properties: { path: schema } } })
const SCHEMA = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }
const thinking = (thinkingConfig: Json) => ({ generationConfig: { thinkingConfig } })
const image = (data: string) => ({
  contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data } }] }],
})

const COUNT =
  'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.'
const missingSignature = (position: number) =>
  `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:Read\` , position ${position}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`
const unknownName = (name: string, at: string) =>
  `Invalid JSON payload received. Unknown name "${name}"${at && ` at '${at}'`}: Cannot find field.`
const IN_PARAMETERS = 'tools[0].function_declarations[0].parameters'
const inPath = (words: string) => `* GenerateContentRequest.${IN_PARAMETERS}.properties["path"]${words}\n`

/** Keywords of JSON Schema that the API's own schemas do not have. */
const FOREIGN_KEYWORDS =
  '$schema $id $ref $defs additionalProperties const exclusiveMaximum oneOf allOf patternProperties if'

const api = {
  provider: () => provider,
  headers: { 'x-goog-api-key': 'k' },
  body: { contents: [asked] },
  messageOf: (given: Json) => given.error.message,
}
const MODEL = '/v1beta/models/gemini-3.5-pro:generateContent'
const OLD_MODEL = '/v1beta/models/gemini-2.5-pro:generateContent'

describe('Gemini 3 as strict as the real API', () => {
  testStrictness(
    { ...api, path: MODEL },
    {
      accepted: [
        ['a plain text', {}],
        ['a content without a role', { contents: [{ parts: [{ text: 'Hi' }] }] }],
        [
          'names in snake case',
          { system_instruction: { parts: [{ text: 'x' }] }, generation_config: { top_k: 1 } },
        ],
        ['calls and their responses', { contents: [asked, calling(), answered] }],
        [
          'D1 a signature that Google gives clients for calls of others',
          {
            contents: [asked, calling({ thoughtSignature: 'skip_thought_signature_validator' }), answered],
          },
        ],
        ['calls of past turns without signatures', { contents: [asked, unsigned, answered, asked] }],
        [
          'parallel calls of which the first is signed',
          {
            contents: [
              asked,
              { role: 'model', parts: [...calling().parts, { functionCall: { name: 'Write', args: {} } }] },
              { role: 'user', parts: [{ functionResponse: { name: 'Write', response: {} } }, answer] },
            ],
          },
        ],
        [
          'an empty text that carries a signature',
          {
            contents: [
              asked,
              { role: 'model', parts: [{ text: '', thoughtSignature: seal('gemini', '2') }] },
              asked,
            ],
          },
        ],
        [
          'a free JSON schema',
          declaring({ name: 'Read', parametersJsonSchema: { ...SCHEMA, $schema: 'x', const: 1 } }),
        ],
        ['a thinking level', thinking({ thinkingLevel: 'low', includeThoughts: true })],
        ['a thinking budget', thinking({ thinkingBudget: 1024 })],
        [
          'JSON beside functions and a search',
          {
            tools: [{ functionDeclarations: [{ name: 'Read' }] }, { googleSearch: {} }],
            generationConfig: { responseMimeType: 'application/json', responseJsonSchema: SCHEMA },
          },
        ],
        ['a bearer token', {}, { headers: { 'x-goog-api-key': '', authorization: 'Bearer k' } }],
        ['a key in the query', {}, { headers: { 'x-goog-api-key': '' }, path: `${MODEL}?key=k` }],
      ],
      refused: [
        ['an unknown field', { messages: [] }, unknownName('messages', '')],
        [
          'two unknown fields',
          { a: 1, contents: [{ ...asked, cache_control: {} }] },
          `${unknownName('cache_control', 'contents[0]')}\n${unknownName('a', '')}`,
        ],
        ['no contents', { contents: [] }, '* GenerateContentRequest.contents: contents is not specified\n'],
        [
          'a part that holds nothing',
          { contents: [{ role: 'user', parts: [{}] }] },
          "* GenerateContentRequest.contents[0].parts[0].data: required oneof field 'data' must have one initialized field\n",
        ],
        [
          'a role of another API',
          { contents: [asked, { role: 'assistant', parts: [{ text: 'x' }] }] },
          'Please use a valid role: user, model.',
        ],
        [
          '#32 a response that is no object',
          { contents: [asked, calling(), answering({ name: 'Read', response: 'ok' })] },
          `Invalid value at 'contents[2].parts[0].function_response.response' (type.googleapis.com/google.protobuf.Struct), "ok"`,
        ],
        [
          '#32 a response too few',
          {
            contents: [asked, { role: 'model', parts: [...calling().parts, ...calling().parts] }, answered],
          },
          COUNT,
        ],
        ['#32 a text between call and response', { contents: [asked, calling(), asked, answered] }, COUNT],
        [
          '#31 a response under the id of its call',
          { contents: [asked, calling(), answering({ name: 'call_1', response: {} })] },
          COUNT,
        ],
        [
          '#31 a response without a name',
          { contents: [asked, calling(), answering({ response: {} })] },
          '* GenerateContentRequest.contents[2].parts[0].function_response.name: Name cannot be empty.\n',
        ],
        [
          'a response without its call',
          { contents: [asked, answered] },
          'Please ensure that function response turn comes immediately after a function call turn.',
        ],
        [
          'a call before the user',
          { contents: [calling(), answered] },
          'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
        ],
        [
          '#30 D1 a call without its signature',
          { contents: [asked, unsigned, answered] },
          missingSignature(2),
        ],
        [
          '#30 D1 a second step without its signature',
          { contents: [asked, calling(), answered, unsigned, answered] },
          missingSignature(4),
        ],
        [
          '#30 a signature of another',
          { contents: [asked, calling({ thoughtSignature: 'Zm9yZWlnbg==' }), answered] },
          'Corrupted thought signature.',
        ],
        [
          '#30 a signature that is no base64',
          { contents: [asked, calling({ thoughtSignature: 'a:b' }), answered] },
          `Invalid value at 'contents[1].parts[0].thought_signature' (TYPE_BYTES), Base64 decoding failed for "a:b"`,
        ],
        [
          'a data URL for the data of an image',
          image('data:image/png;base64,AA=='),
          `Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for "data:image/png;base64,AA=="`,
        ],
        [
          '#35 a level and a budget',
          thinking({ thinkingLevel: 'low', thinkingBudget: 1024 }),
          'You can only set only one of thinking budget and thinking level.',
        ],
        [
          'a tool name with a slash',
          declaring({ name: 'a/b' }),
          '* GenerateContentRequest.tools[0].function_declarations[0].name: Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.\n',
        ],
        [
          'two tools of one name',
          declaring({ name: 'Read' }, { name: 'Read' }),
          'Duplicate function declaration found: Read',
        ],
        [
          'a tool that holds nothing',
          { tools: [{ functionDeclarations: [] }] },
          "* GenerateContentRequest.tools[0].tool_type: required one_of 'tool_type' must have one initialized field\n",
        ],
        [
          'a choice without tools',
          { toolConfig: { functionCallingConfig: { mode: 'AUTO' } } },
          'Function calling config is set without function_declarations.',
        ],
        [
          'allowed names without a force',
          {
            ...declaring({ name: 'Read' }),
            toolConfig: { functionCallingConfig: { mode: 'AUTO', allowedFunctionNames: ['Read'] } },
          },
          'Please set allowed_function_names only when function calling mode is ANY.',
        ],
        ...FOREIGN_KEYWORDS.split(' ').map((keyword): [string, Json, string] => [
          `#19 ${keyword} in a schema`,
          property({ type: 'STRING', [keyword]: 1 }),
          unknownName(keyword, `${IN_PARAMETERS}.properties[0].value`),
        ]),
        [
          '#19 a list of types',
          property({ type: ['string', 'null'] }),
          `Invalid value at '${IN_PARAMETERS}.properties[0].value.type' (TYPE_STRING), ["string","null"]`,
        ],
        [
          '#19 a number in an enum',
          property({ type: 'STRING', enum: [1] }),
          `Invalid value at '${IN_PARAMETERS}.properties[0].value.enum[0]' (TYPE_STRING), 1`,
        ],
        [
          '#19 an object without properties',
          property({ type: 'OBJECT' }),
          inPath('.properties: should be non-empty for OBJECT type'),
        ],
        ['#19 an array without items', property({ type: 'array' }), inPath('.items: missing field.')],
        [
          '#19 an enum of integers',
          property({ type: 'INTEGER', enum: ['1'] }),
          inPath('.enum: only allowed for STRING type'),
        ],
        [
          '#19 a format that it does not know',
          property({ type: 'STRING', format: 'uri' }),
          inPath(".format: only 'enum' and 'date-time' are supported for STRING type"),
        ],
        [
          '#19 a required property that is not there',
          property({ type: 'OBJECT', properties: { a: { type: 'STRING' } }, required: ['b'] }),
          inPath('.required[0]: property is not defined'),
        ],
        [
          'a schema of an answer in JSON Schema',
          { generationConfig: { responseSchema: { ...SCHEMA, additionalProperties: false } } },
          unknownName('additionalProperties', 'generation_config.response_schema'),
        ],
      ],
      denied: [
        [
          'a request without a key',
          { headers: { 'x-goog-api-key': '' } },
          403,
          "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
        ],
        [
          'a model that it does not have',
          { path: MODEL.replace('gemini-3.5-pro', 'openai/gpt-5') },
          404,
          'models/openai/gpt-5 is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.',
        ],
      ],
    },
  )
})

describe('Gemini 2.5 as strict as the real API', () => {
  testStrictness(
    { ...api, path: OLD_MODEL },
    {
      accepted: [
        ['calls without signatures', { contents: [asked, unsigned, answered] }],
        ['a budget of its own choice', thinking({ thinkingBudget: -1 })],
      ],
      refused: [
        [
          '#35 a level',
          thinking({ thinkingLevel: 'LOW' }),
          'Thinking level is not supported for this model.',
        ],
        [
          '#35 a budget beyond its limits',
          thinking({ thinkingBudget: 64_000 }),
          'The thinking budget 64000 is invalid. Please choose a value between 128 and 32768.',
        ],
        [
          '#35 no thinking at all',
          thinking({ thinkingBudget: 0 }),
          'Budget 0 is invalid. This model only works in thinking mode.',
        ],
        [
          'JSON beside functions',
          { ...declaring({ name: 'Read' }), generationConfig: { responseMimeType: 'application/json' } },
          "Function calling with a response mime type: 'application/json' is unsupported",
        ],
        [
          'a search beside functions',
          { tools: [{ googleSearch: {}, functionDeclarations: [{ name: 'Read' }] }] },
          'Tool use with function calling is unsupported',
        ],
      ],
      denied: [],
    },
  )
})
