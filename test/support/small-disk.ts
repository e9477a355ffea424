import { spawnSync } from 'node:child_process'

/** May this system's user mount a disk of his own? */
export const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

const SCRIPT =
  'mount -t tmpfs -o size=3m none "$1" && exec "$2" --disable-warning=ExperimentalWarning "$3" "$1"'

/** Runs a program on a disk of three megabytes, whose place is its argument. */
export function runOnSmallDisk(disk: string, program: string): { stdout: string; stderr: string } {
  const within = ['-rm', 'sh', '-c', SCRIPT, 'sh', disk, process.execPath, program]
  return spawnSync('unshare', within, { encoding: 'utf8' })
}
