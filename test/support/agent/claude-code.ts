import { isObject, parseJson } from '../provider/json.ts'
import type { Access, Agent } from './agent.ts'
import { musl } from './install.ts'

/** How Claude Code signs in, the header that results, and the API that it then speaks. */
export type ClaudeCodeMode =
  /** ANTHROPIC_API_KEY: `x-api-key`. */
  | 'key'
  /** ANTHROPIC_AUTH_TOKEN: `Authorization: Bearer`. */
  | 'token'
  /** CLAUDE_CODE_OAUTH_TOKEN, a subscription's token: bearer, with the OAuth beta. */
  | 'oauth'
  /** Gateway mode (CLAUDE_CODE_USE_GATEWAY): bearer, with fewer betas and its own safety check. */
  | 'gateway'
  /** Claude's own body on Bedrock, in the event stream of AWS. Without credentials. */
  | 'bedrock'
  /** The same with a Bedrock API key: bearer, and probes at the start. */
  | 'bedrock-key'
  /** Claude's own body on Vertex; the token, where there is one, is the bearer. */
  | 'vertex'

const NATIVE = `@anthropic-ai/claude-code-${process.platform}-${process.arch}${musl}`
const TOOLS = 'Write,Read,Edit,Bash,Agent,Task,ToolSearch,CronList,StructuredOutput'

export const claudeCode: Agent<ClaudeCodeMode> = {
  name: 'Claude Code',
  npm: {
    package: '@anthropic-ai/claude-code',
    version: '2.1.329',
    program: `${NATIVE}/${process.platform === 'win32' ? 'claude.exe' : 'claude'}`,
  },
  environment: (access) => ({
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    // It would go on for minutes; three are enough for one fault, and a broken gateway fails its tests soon.
    CLAUDE_CODE_MAX_RETRIES: '3',
    ...signIn(access),
  }),
  commandLine: ({ prompt, autoMode, schema }, { model }) => [
    '-p',
    prompt,
    '--output-format',
    'json',
    ...(autoMode ? ['--permission-mode', 'auto'] : ['--allowedTools', TOOLS]),
    ...(model === undefined ? [] : ['--model', model]),
    ...(schema === undefined ? [] : ['--json-schema', JSON.stringify(schema)]),
  ],
  outcome({ stdout }) {
    const output = parseJson(stdout)
    if (!isObject(output)) return { text: stdout, isError: true }
    return {
      text: output.result ?? '',
      isError: output.is_error === true,
      structured: output.structured_output,
    }
  },
}

function signIn({ mode, baseUrl, key }: Access<ClaudeCodeMode>): Record<string, string> {
  const direct = { ANTHROPIC_BASE_URL: baseUrl }
  const bedrock = {
    CLAUDE_CODE_USE_BEDROCK: '1',
    ANTHROPIC_BEDROCK_BASE_URL: baseUrl,
    AWS_REGION: 'us-east-1',
  }
  switch (mode) {
    case 'key':
      return { ...direct, ANTHROPIC_API_KEY: key }
    case 'token':
      return { ...direct, ANTHROPIC_AUTH_TOKEN: key }
    case 'oauth':
      return { ...direct, CLAUDE_CODE_OAUTH_TOKEN: key }
    case 'gateway':
      return { ...direct, CLAUDE_CODE_USE_GATEWAY: '1', ANTHROPIC_AUTH_TOKEN: key }
    case 'bedrock':
      return { ...bedrock, CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1' }
    case 'bedrock-key':
      return { ...bedrock, AWS_BEARER_TOKEN_BEDROCK: key }
    case 'vertex':
      return {
        CLAUDE_CODE_USE_VERTEX: '1',
        ANTHROPIC_VERTEX_BASE_URL: baseUrl,
        CLAUDE_CODE_SKIP_VERTEX_AUTH: '1',
        ANTHROPIC_VERTEX_PROJECT_ID: 'agents-project',
        CLOUD_ML_REGION: 'us-east5',
        ANTHROPIC_AUTH_TOKEN: key,
      }
  }
}
