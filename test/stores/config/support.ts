import type { Compiled } from '../../../src/stores/config/compile.ts'
import type { Governance, VirtualKey } from '../../../src/stores/config/governance.ts'
import { compileText, type Loaded, type LoadOptions } from '../../../src/stores/config/load.ts'
import { ConfigurationError } from '../../../src/stores/config/problem.ts'
import { registry } from './registry.ts'

/** Settings, or the text of a file, loaded as a start would. */
export function load(
  settings: unknown,
  options: Partial<LoadOptions> = {},
  file = 'config.json',
): Promise<Loaded> {
  const text = typeof settings === 'string' ? settings : JSON.stringify(settings)
  return compileText(text, file, { registry, environment: {}, appDir: '/app', version: 1, ...options })
}

/** The lines with which a file is refused; none: it is not. */
export async function refusal(settings: unknown, file = 'config.json'): Promise<string[]> {
  try {
    await load(settings, {}, file)
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n')
    throw error
  }
}

export async function governanceOf(governance: object, rest: object = {}): Promise<Governance> {
  return (await load({ governance, ...rest })).configuration.governance
}

/** The only virtual key. */
export function onlyKey({ virtualKeys }: Governance): VirtualKey {
  const [key] = virtualKeys.values()
  return key!
}

export const messagesOf = ({ notices }: Compiled): string[] => notices.map(({ message }) => message)
