import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { Agent } from './agent.ts'

/** OpenAI's agent. It speaks the Responses API and no other; the shape of its tools follows the model's name. */
export const codex: Agent<'responses'> = {
  name: 'Codex',
  npm: { package: '@openai/codex', version: '0.169.0', program: '@openai/codex/bin/codex.js' },
  environment: ({ key }) => ({ SIGNALBOX_KEY: key }),
  // Its own folder has to be there.
  async prepare({ home }) {
    await mkdir(join(home, '.codex'))
  },
  commandLine: ({ prompt }, { baseUrl, model }) => [
    'exec',
    '--skip-git-repo-check',
    '--sandbox=danger-full-access',
    '--config=model_provider="signalbox"',
    `--config=model_providers.signalbox=${providerTable(baseUrl)}`,
    ...(model === undefined ? [] : ['--model', model]),
    prompt,
  ],
  outcome: ({ stdout, code }) => ({ text: stdout, isError: code !== 0 }),
}

function providerTable(baseUrl: string): string {
  const name = 'name="Signalbox"'
  return `{${name},base_url=${JSON.stringify(baseUrl)},env_key="SIGNALBOX_KEY",wire_api="responses"}`
}
