import { join } from 'node:path'
import { readIfThere, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'

/** The settings of a section: names in lower case. */
export type Section = ReadonlyMap<string, string>

/** The shared files of AWS's tools, as far as credentials are concerned. */
export interface AwsFiles {
  readonly profiles: ReadonlyMap<string, Section>
  readonly ssoSessions: ReadonlyMap<string, Section>
}

/** Reads `~/.aws/config` and `~/.aws/credentials`; what both say of a profile, the second decides. */
export async function readAwsFiles(surroundings: Surroundings): Promise<AwsFiles> {
  const read = async (name: string, file: string) =>
    (await readIfThere(variable(surroundings, name) ?? join(surroundings.homeDirectory, '.aws', file))) ?? ''
  const config = parseSections(await read('AWS_CONFIG_FILE', 'config'))
  const credentials = parseSections(await read('AWS_SHARED_CREDENTIALS_FILE', 'credentials'))
  const profiles = new Map<string, Section>()
  const ssoSessions = new Map<string, Section>()
  for (const [title, section] of config) {
    const [, kind, name = title] = /^(profile|sso-session)\s+(.+)$/.exec(title) ?? []
    if (kind === 'sso-session') ssoSessions.set(name, section)
    else if (kind === 'profile' || title === 'default') profiles.set(name, section)
  }
  for (const [name, section] of credentials) {
    profiles.set(name, new Map([...(profiles.get(name) ?? []), ...section]))
  }
  return { profiles, ssoSessions }
}

/** Sections by title. What is indented belongs to the setting above it, which is none that matters here. */
export function parseSections(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue
    const title = /^\s*\[([^\]]*)\]/.exec(line)?.[1]
    if (title !== undefined) {
      const name = title.trim().replace(/\s+/g, ' ').replace(/"/g, '')
      section = sections.get(name) ?? new Map<string, string>()
      sections.set(name, section)
      continue
    }
    const at = line.indexOf('=')
    if (section === undefined || at === -1 || /^\s/.test(line)) continue
    const value = line.slice(at + 1).replace(/\s[#;].*$/, '')
    section.set(line.slice(0, at).trim().toLowerCase(), value.trim())
  }
  return sections
}
