import { afterAll, beforeAll, describe } from 'vitest'

import { type Provider, startProvider } from './server.ts'
import { seal } from './signature.ts'
import { testStrictness } from './strictness.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

const asked = { role: 'user', content: 'Hi' }
const call = { type: 'function_call', call_id: 'call_1', name: 'Read', arguments: '{}' }
const result = { type: 'function_call_output', call_id: 'call_1', output: 'ok' }
const customCall = { type: 'custom_tool_call', call_id: 'call_1', name: 'apply_patch', input: 'x' }
const customResult = {
  type: 'custom_tool_call_output',
  call_id: 'call_1',
  output: [{ type: 'input_text', text: 'ok' }],
}
const reasoning = (id: string, encrypted_content: string | null) => ({
  type: 'reasoning',
  id,
  summary: [],
  encrypted_content,
})
const SCHEMA = { type: 'object', properties: { path: { type: 'string' } } }
const tool = { type: 'function', name: 'Read', parameters: SCHEMA, strict: false }
const patch = {
  type: 'custom',
  name: 'apply_patch',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}
const namespace = { type: 'namespace', name: 'functions', description: '', tools: [tool, patch] }

describe('OpenAI Responses as strict as the real API', () => {
  testStrictness(
    {
      provider: () => provider,
      path: '/v1/responses',
      headers: { authorization: 'Bearer k' },
      body: { model: 'gpt-5', input: [asked] },
      messageOf: (answer) => answer.error.message,
    },
    {
      accepted: [
        ['a plain text', { input: 'Hi' }],
        ['results after their calls', { input: [asked, call, result, asked] }],
        [
          'results after all of several calls',
          {
            input: [asked, call, { ...call, call_id: 'call_2' }, result, { ...result, call_id: 'call_2' }],
          },
        ],
        ['a custom call and its result', { input: [asked, customCall, customResult] }],
        [
          'reasoning that it sealed',
          { input: [asked, reasoning('rs_1', seal('openai', 'rs_1')), call, result] },
        ],
        [
          'sealed reasoning without its id',
          {
            input: [asked, { ...reasoning('', seal('openai', 'rs_1')), id: undefined }, call, result],
          },
        ],
        [
          'tools of all kinds',
          {
            tools: [
              tool,
              patch,
              namespace,
              { type: 'web_search', external_web_access: true },
              { type: 'tool_search' },
            ],
            tool_choice: { type: 'custom', name: 'apply_patch' },
          },
        ],
        [
          'tools in an item of the input',
          {
            input: [{ type: 'additional_tools', role: 'developer', tools: [namespace] }, asked],
          },
        ],
        [
          'reasoning settings',
          {
            reasoning: { effort: 'high', summary: 'auto' },
            include: ['reasoning.encrypted_content'],
            max_output_tokens: 16,
          },
        ],
        [
          'a temperature when it does not reason',
          {
            model: 'gpt-5.5',
            temperature: 0.5,
            reasoning: { effort: 'none' },
          },
        ],
        ['what Codex adds', { client_metadata: { session_id: 'x' }, prompt_cache_key: 'x', store: false }],
      ],
      refused: [
        ['an unknown field', { thinking: {} }, "Unknown parameter: 'thinking'."],
        ['stop sequences', { stop: ['x'] }, "Unknown parameter: 'stop'."],
        [
          'a cache mark',
          {
            input: [{ role: 'user', content: [{ type: 'input_text', text: 'x', cache_control: {} }] }],
          },
          "Unknown parameter: 'input[0].content[0].cache_control'.",
        ],
        [
          'no input',
          { input: undefined },
          'One of "input" or "previous_response_id" or \'prompt\' or \'conversation_id\' must be provided.',
        ],
        [
          'too few tokens',
          { max_output_tokens: 1 },
          "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.",
        ],
        [
          'a temperature for a reasoning model',
          { temperature: 0.5 },
          "Unsupported parameter: 'temperature' is not supported with this model.",
        ],
        [
          'an effort that the model does not know',
          { reasoning: { effort: 'none' } },
          "Unsupported value: 'none' is not supported with the 'gpt-5' model. Supported values are: 'minimal', 'low', 'medium', and 'high'.",
        ],
        [
          'an effort for a model that does not reason',
          { model: 'gpt-4o', reasoning: { effort: 'low' } },
          "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        ],
        [
          'sealed reasoning of a model that does not reason',
          {
            model: 'gpt-4o',
            include: ['reasoning.encrypted_content'],
          },
          'Encrypted content is not supported with this model.',
        ],
        [
          'an answer that it does not keep',
          { previous_response_id: 'resp_1' },
          "Previous response with id 'resp_1' not found.",
        ],
        [
          'a call without its result',
          { input: [asked, call] },
          'No tool output found for function call call_1.',
        ],
        [
          'a custom call without its result',
          { input: [asked, customCall, result] },
          'No tool output found for custom tool call call_1.',
        ],
        [
          'a result without its call',
          { input: [asked, result] },
          'No tool call found for function call output with call_id call_1.',
        ],
        [
          'a custom result without its call',
          { input: [asked, customResult] },
          'No tool call found for custom tool call output with call_id call_1.',
        ],
        [
          'D8 reasoning that another sealed',
          { input: [asked, reasoning('rs_1', 'gAAAAABforeign'), call, result] },
          'The encrypted content for item rs_1 could not be verified. Reason: Encrypted content could not be decrypted or parsed.',
        ],
        [
          'D8 sealed reasoning under another id',
          {
            input: [asked, reasoning('rs_2', seal('openai', 'rs_1')), call, result],
          },
          'The encrypted content for item rs_2 could not be verified. Reason: Encrypted content item_id did not match the target item id.',
        ],
        [
          'reasoning that leads to nothing',
          { input: [asked, reasoning('rs_1', seal('openai', 'rs_1')), asked] },
          "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        ],
        [
          '#69 an id of another kind of item',
          { input: [asked, { ...call, id: 'toolu_1' }, result] },
          "Invalid 'input[1].id': 'toolu_1'. Expected an ID that begins with 'fc'.",
        ],
        [
          'a call id of 65 characters',
          { input: [asked, { ...call, call_id: 'x'.repeat(65) }] },
          "Invalid 'input[1].call_id': string too long. Expected a string with maximum length 64, but got a string with length 65 instead.",
        ],
        [
          'arguments that are an object',
          { input: [asked, { ...call, arguments: {} }, result] },
          "Invalid type for 'input[1].arguments': expected a string, but got an object instead.",
        ],
        [
          'input text from the assistant',
          {
            input: [{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }, asked],
          },
          "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        ],
        [
          'an image as an object',
          {
            input: [{ role: 'user', content: [{ type: 'input_image', image_url: { url: 'x' } }] }],
          },
          "Invalid type for 'input[0].content[0].image_url': expected an image URL, but got an object instead.",
        ],
        [
          'a tool of the Chat form',
          { tools: [{ type: 'function', function: { name: 'Read' } }] },
          "Unknown parameter: 'tools[0].function'.",
        ],
        [
          'a tool without a name',
          { tools: [{ type: 'function', parameters: SCHEMA }] },
          "Missing required parameter: 'tools[0].name'.",
        ],
        [
          'an open schema that is said to be strict',
          { tools: [{ ...tool, strict: true }] },
          "Invalid schema for function 'Read': In context=(), 'additionalProperties' is required to be supplied and to be false.",
        ],
        [
          'a choice of a tool that is not there',
          { tools: [tool], tool_choice: { type: 'function', name: 'Write' } },
          "Tool choice 'Write' not found in 'tools' parameter.",
        ],
        [
          'a choice without tools',
          { tool_choice: 'required' },
          "Tool choice 'required' must be specified with 'tools' parameter.",
        ],
        [
          'a format without a name',
          { text: { format: { type: 'json_schema', schema: SCHEMA } } },
          "Missing required parameter: 'text.format.name'.",
        ],
      ],
      denied: [
        [
          'a request without a key',
          { headers: { authorization: '' } },
          401,
          "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        ],
        [
          "another provider's model",
          { body: { model: 'claude-opus-5-5' } },
          404,
          'The model `claude-opus-5-5` does not exist or you do not have access to it.',
        ],
        [
          'reasoning that was neither sealed nor kept',
          {
            body: { store: false, input: [asked, reasoning('rs_1', null), call, result] },
          },
          404,
          "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.",
        ],
      ],
    },
  )
})
