import { afterAll, beforeAll, describe } from 'vitest'

import type { Json } from './json.ts'
import { type Provider, startProvider } from './server.ts'
import { sign } from './signature.ts'
import { testStrictness } from './strictness.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider({ keys: ['bedrock-api-key'] })
})
afterAll(() => provider.close())

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const headers = { authorization: 'Bearer bedrock-api-key' }
const asked = { role: 'user', content: [{ text: 'Hi' }] }
const assistant = (...content: Json[]) => ({ role: 'assistant', content })
const use = (more: Json = {}) => ({ toolUse: { toolUseId: 'tooluse_1', name: 'Read', input: {}, ...more } })
const result = (more: Json = {}) => ({
  toolResult: { toolUseId: 'tooluse_1', content: [{ text: 'ok' }], ...more },
})
const user = (...content: Json[]) => ({ role: 'user', content })
const toolSpec = (more: Json = {}) => ({
  toolSpec: { name: 'Read', inputSchema: { json: { type: 'object' } }, ...more },
})
const toolConfig = { tools: [toolSpec()] }
const thought = (text: string, signature: string) => ({
  reasoningContent: { reasoningText: { text, signature } },
})
const cachePoint = { cachePoint: { type: 'default' } }
const violated = (value: string, at: string, constraint: string) =>
  `1 validation error detected: Value '${value}' at '${at}' failed to satisfy constraint: ${constraint}`
const byModel = (words: string) => `The model returned the following errors: ${words}`

const api = { provider: () => provider, headers, messageOf: (answer: Json) => answer.message }

describe('Converse as strict as the real API', () => {
  const path = `/model/${encodeURIComponent(MODEL)}/converse`
  const loop = (...content: Json[]) => ({
    toolConfig,
    messages: [asked, assistant(...content), user(result())],
  })
  testStrictness(
    { ...api, path, body: { messages: [asked] } },
    {
      accepted: [
        ['a plain text', {}],
        ['a model whose colon is not escaped', {}, { path: `/model/${MODEL}/converse` }],
        [
          'a profile by its ARN',
          {},
          {
            path: `/model/arn:aws:bedrock:us-east-1:123456789012:application-inference-profile%2Fabc/converse`,
          },
        ],
        ['#40 calls and their results', loop(use())],
        [
          'D3 #38 thoughts between calls',
          loop(thought('Hm', sign('Hm')), { text: 'x' }, thought('So', sign('So')), use()),
        ],
        [
          '#39 four cache points',
          { system: [{ text: 'x' }, cachePoint], messages: [user({ text: 'x' }, cachePoint)] },
        ],
        [
          'a failed result',
          { toolConfig, messages: [asked, assistant(use()), user(result({ status: 'error' }))] },
        ],
        [
          'a document',
          {
            messages: [
              user(
                { text: 'x' },
                { document: { format: 'pdf', name: 'My file (1)', source: { bytes: 'AA==' } } },
              ),
            ],
          },
        ],
        [
          '#44 thinking',
          {
            inferenceConfig: { maxTokens: 2000 },
            additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
          },
        ],
      ],
      refused: [
        [
          '#40 C7 calls in the history without tools',
          { messages: [asked, assistant(use()), user(result())] },
          'The toolConfig field must be defined when using toolUse and toolResult content blocks.',
        ],
        [
          '#41 A15 a blank text',
          { messages: [user({ text: ' ' })] },
          'The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.',
        ],
        [
          'no content',
          { messages: [user()] },
          'The content field in the Message object at messages.0 is empty. Add a ContentBlock object to the content field and try again.',
        ],
        [
          'a block that it does not know',
          { messages: [user({ type: 'text', text: 'x' })] },
          'The ContentBlock object at messages.0.content.0 must set one of the following keys: text, image, toolUse, toolResult, document, video, audio, cachePoint, guardContent, reasoningContent, citationsContent, searchResult.',
        ],
        [
          'an assistant first',
          { messages: [assistant({ text: 'x' })] },
          'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
        ],
        [
          'two messages of one role',
          { messages: [asked, asked] },
          'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.',
        ],
        [
          'a call without its result',
          { toolConfig, messages: [asked, assistant(use()), asked] },
          'Expected toolResult blocks at messages.2.content for the following Ids: tooluse_1',
        ],
        [
          'a result without its call',
          { toolConfig, messages: [user(result())] },
          'The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous turn.',
        ],
        [
          '#40 an input that is no object',
          loop(use({ input: '{}' })),
          'The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object for the field and try again.',
        ],
        [
          'a result that is no object',
          { toolConfig, messages: [asked, assistant(use()), user(result({ content: [{ json: [1] }] }))] },
          'The format of the value at messages.2.content.0.toolResult.content.0.json is invalid. Provide a json object for the field and try again.',
        ],
        [
          'a result without content',
          { toolConfig, messages: [asked, assistant(use()), user(result({ content: [] }))] },
          'The content field in the ToolResultBlock object at messages.2.content.0.toolResult is empty. Add a ToolResultContentBlock object to the content field and try again.',
        ],
        [
          '#40 a tool name with a dot',
          { toolConfig: { tools: [toolSpec({ name: 'a.b' })] } },
          violated(
            'a.b',
            'toolConfig.tools.1.member.toolSpec.name',
            'Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+',
          ),
        ],
        [
          '#40 a tool name of 65 characters',
          { toolConfig: { tools: [toolSpec({ name: 'x'.repeat(65) })] } },
          violated(
            'x'.repeat(65),
            'toolConfig.tools.1.member.toolSpec.name',
            'Member must have length less than or equal to 64',
          ),
        ],
        [
          'a call id of 65 characters',
          loop(use({ toolUseId: 'x'.repeat(65) })),
          violated(
            'x'.repeat(65),
            'messages.2.member.content.1.member.toolUse.toolUseId',
            'Member must have length less than or equal to 64',
          ),
        ],
        [
          'an empty list of tools',
          { toolConfig: { tools: [] } },
          violated('[]', 'toolConfig.tools', 'Member must have length greater than or equal to 1'),
        ],
        [
          'an empty description, and a temperature too high',
          { toolConfig: { tools: [toolSpec({ description: '' })] }, inferenceConfig: { temperature: 2 } },
          "2 validation errors detected: Value '2' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1; Value '' at 'toolConfig.tools.1.member.toolSpec.description' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ],
        [
          'a media type for a format',
          { messages: [user({ image: { format: 'image/png', source: { bytes: 'AA==' } } })] },
          violated(
            'image/png',
            'messages.1.member.content.1.member.image.format',
            'Member must satisfy enum value set: [gif, jpeg, png, webp]',
          ),
        ],
        [
          'an empty system text',
          { system: [{ text: '' }] },
          violated('', 'system.1.member.text', 'Member must have length greater than or equal to 1'),
        ],
        [
          'a schema without a type',
          { toolConfig: { tools: [toolSpec({ inputSchema: { json: {} } })] } },
          'The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.',
        ],
        [
          '#41 a document name with a dot',
          {
            messages: [
              user({ text: 'x' }, { document: { format: 'pdf', name: 'a.pdf', source: { bytes: 'AA==' } } }),
            ],
          },
          "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character.",
        ],
        [
          '#39 five cache points',
          { messages: [user({ text: 'x' }, ...Array.from({ length: 5 }, () => cachePoint))] },
          byModel('A maximum of 4 blocks with cache_control may be provided. Found 5.'),
        ],
        [
          'D2 a forged signature',
          { messages: [asked, assistant(thought('Hm', 'x'), { text: 'x' }), asked] },
          byModel('messages.1.content.0: Invalid `signature` in `thinking` block'),
        ],
        [
          'A14 D6 thoughts behind a call',
          {
            ...loop(use(), thought('Hm', sign('Hm'))),
            inferenceConfig: { maxTokens: 2000 },
            additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
          },
          byModel(
            'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable `thinking`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking',
          ),
        ],
        [
          'A8 a budget too small',
          {
            inferenceConfig: { maxTokens: 2000 },
            additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 500 } },
          },
          byModel('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024'),
        ],
        [
          'A1 context management among further fields',
          { additionalModelRequestFields: { mcp_servers: [] } },
          byModel('mcp_servers: Extra inputs are not permitted'),
        ],
      ],
      denied: [
        [
          'a request without credentials',
          { headers: { authorization: '' } },
          403,
          'Missing Authentication Token',
        ],
        [
          'an API key that it does not know',
          { headers: { authorization: 'Bearer x' } },
          403,
          'Authentication failed: Please make sure your API Key is valid.',
        ],
        [
          'a model that it does not have',
          { path: '/model/openai%2Fgpt-5/converse' },
          400,
          'The provided model identifier is invalid.',
        ],
        [
          '#39 cache points for a model without a cache',
          {
            path: '/model/moonshot.kimi-k2-thinking/converse',
            body: { messages: [user({ text: 'x' }, cachePoint)] },
          },
          403,
          'You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.',
        ],
        [
          "A9 an answer of one token of OpenAI's",
          { path: '/model/us.openai.gpt-6-astra/converse', body: { inferenceConfig: { maxTokens: 1 } } },
          400,
          byModel(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.",
          ),
        ],
        [
          "A10 Claude's thinking for a model of OpenAI's",
          {
            path: '/model/us.openai.gpt-6-astra/converse',
            body: { additionalModelRequestFields: { thinking: {} } },
          },
          400,
          byModel("Unknown parameter: 'thinking'."),
        ],
      ],
    },
  )
})

describe("Bedrock's Claude as strict as the real API", () => {
  testStrictness(
    {
      ...api,
      path: `/model/${MODEL}/invoke`,
      body: {
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 2000,
        messages: [{ role: 'user', content: 'Hi' }],
      },
    },
    {
      accepted: [
        ['a plain text', {}],
        [
          '#37 betas in the body',
          { anthropic_beta: ['interleaved-thinking-2025-05-14', 'tool-search-tool-2025-10-19'] },
        ],
        [
          'betas in a header, which mean nothing',
          {},
          { headers: { 'anthropic-beta': 'claude-code-20250219' } },
        ],
      ],
      refused: [
        ['#37 no version', { anthropic_version: undefined }, 'anthropic_version: Field required'],
        [
          "#37 Vertex's version",
          { anthropic_version: 'vertex-2023-10-16' },
          "anthropic_version: Input should be 'bedrock-2023-05-31'",
        ],
        ['#37 a model in the body', { model: MODEL }, 'model: Extra inputs are not permitted'],
        ['#37 a stream in the body', { stream: true }, 'stream: Extra inputs are not permitted'],
        [
          'A1 context management',
          { context_management: { edits: [] } },
          'context_management: Extra inputs are not permitted',
        ],
        ['A3 an unknown beta', { anthropic_beta: ['mcp-servers-2025-12-04'] }, 'invalid beta flag'],
        [
          'a search that it does not run',
          { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
          "tools.0: Input tag 'web_search_20250305' found using 'type' does not match any of the expected tags: 'bash_20250124', 'custom', 'memory_20250818', 'text_editor_20250728'",
        ],
      ],
      denied: [],
    },
  )
})
