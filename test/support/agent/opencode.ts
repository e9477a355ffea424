import type { Access, Agent } from './agent.ts'
import { musl } from './install.ts'

/** The API that OpenCode speaks: that of its provider. */
export type OpenCodeMode =
  /** Its provider `anthropic`: Messages. */
  | 'anthropic'
  /** Its provider `openai`: Responses. */
  | 'openai'
  /** A provider of the user's own: Chat Completions. */
  | 'compatible'

const PLATFORM = process.platform === 'win32' ? 'windows' : process.platform
/** The build that runs on every processor of its kind. */
const BUILD = `${process.arch}${process.arch === 'x64' ? '-baseline' : ''}${musl}`

export const opencode: Agent<OpenCodeMode> = {
  name: 'OpenCode',
  npm: {
    package: 'opencode-ai',
    version: '1.18.33',
    program: `opencode-${PLATFORM}-${BUILD}/bin/opencode${PLATFORM === 'windows' ? '.exe' : ''}`,
  },
  environment: (access) => ({
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_CONFIG_CONTENT: JSON.stringify(configuration(access)),
  }),
  commandLine: ({ prompt }) => ['run', prompt],
  outcome: ({ stdout, code }) => ({ text: stdout, isError: code !== 0 }),
}

function configuration({ mode, baseUrl, key, model = '' }: Access<OpenCodeMode>): object {
  const settings = { options: { baseURL: baseUrl, apiKey: key }, models: { [model]: { name: model } } }
  const id = mode === 'compatible' ? 'signalbox' : mode
  const own = mode === 'compatible' ? { npm: '@ai-sdk/openai-compatible', name: 'Signalbox' } : {}
  return {
    provider: { [id]: { ...own, ...settings } },
    model: `${id}/${model}`,
    permission: { edit: 'allow', bash: 'allow', external_directory: 'allow' },
  }
}
