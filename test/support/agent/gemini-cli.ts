import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Agent } from './agent.ts'

/** Google's agent, with the key of AI Studio: with a base URL alone it chooses a way in that it then refuses. */
export const geminiCli: Agent<'key'> = {
  name: 'Gemini CLI',
  npm: { package: '@google/gemini-cli', version: '0.61.0', program: '@google/gemini-cli/bundle/gemini.js' },
  environment: ({ baseUrl, key }) => ({
    GEMINI_API_KEY: key,
    GOOGLE_GEMINI_BASE_URL: baseUrl,
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
    NO_COLOR: '1',
  }),
  async prepare({ home }) {
    await mkdir(join(home, '.gemini'))
    const settings = {
      security: { auth: { selectedType: 'gemini-api-key' } },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { enableAutoUpdate: false },
    }
    await writeFile(join(home, '.gemini/settings.json'), JSON.stringify(settings))
  },
  commandLine: ({ prompt }, { model }) => [
    ...(model === undefined ? [] : ['-m', model]),
    '--yolo',
    '-p',
    prompt,
  ],
  outcome: ({ stdout, code }) => ({ text: stdout, isError: code !== 0 }),
}
