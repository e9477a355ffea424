import type { Agent } from './agent.ts'

/** The API that Qwen Code speaks, by its `--auth-type`: Chat Completions, or Messages, as Claude Code in name. */
export type QwenCodeMode = 'openai' | 'anthropic'

export const qwenCode: Agent<QwenCodeMode> = {
  name: 'Qwen Code',
  npm: { package: '@qwen-code/qwen-code', version: '0.24.4', program: '@qwen-code/qwen-code/cli-entry.js' },
  environment({ mode, baseUrl, key, model }) {
    const api = mode.toUpperCase()
    return {
      [`${api}_API_KEY`]: key,
      [`${api}_BASE_URL`]: baseUrl,
      ...(model !== undefined && { [`${api}_MODEL`]: model }),
      QWEN_CODE_SUPPRESS_YOLO_WARNING: '1',
      NO_COLOR: '1',
    }
  },
  commandLine: ({ prompt }, { mode }) => ['--yolo', '--auth-type', mode, '-p', prompt],
  outcome: ({ stdout, code }) => ({ text: stdout, isError: code !== 0 }),
}
