import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where an agent lives and works for one run. */
export interface Place {
  root: string
  home: string
  workspace: string
  remove(): Promise<void>
}

/** A fresh home and workspace in the temporary folder. */
export async function newPlace(): Promise<Place> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'signalbox-agent-')))
  const place = { root, home: join(root, 'home'), workspace: join(root, 'workspace') }
  await mkdir(place.home)
  await mkdir(place.workspace)
  // Agents may still be writing their last session file when they exit.
  return {
    ...place,
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  }
}

/** Nothing inherited: a developer's own keys must never reach a test, nor a test the developer's settings. */
export const cleanEnvironment = ({ root, home }: Place): Record<string, string> => ({
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: home,
  TMPDIR: root,
  LANG: 'C.UTF-8',
  TERM: 'xterm-256color',
})

/** Contents of files by name, without the newline that `echo` adds. */
export async function readFiles(
  folder: string,
  names: string[],
): Promise<Record<string, string | undefined>> {
  const contents = names.map(async (name): Promise<[string, string | undefined]> => {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
    return [name, text?.trimEnd()]
  })
  return Object.fromEntries(await Promise.all(contents))
}
