'use strict'

/**
 * Runs one of the repository's commands on a fresh clone, whatever Node npm itself runs on: installs what the
 * lockfile says, picks the runtime, builds when the sources changed, and runs the command's steps in order. The
 * parser of Node 12 must accept this file.
 */
const { spawn, spawnSync } = require('child_process')
const { createHash } = require('crypto')
const fs = require('fs')
const path = require('path')

const { LAUNCH, isSupported, pinnedNode, howToGetNode, follow } = require('../bin/runtime.cjs')

const INSTALL_STAMP = 'node_modules/.cache/signalbox-install'
const BUILD_STAMP = 'node_modules/.cache/signalbox-build'

/** `built` commands need an up-to-date `dist/` first. Arguments of the command go to its last step. */
const COMMANDS = {
  start: { built: true, environment: LAUNCH.environment, steps: [[...LAUNCH.flags, 'bin/signalbox.cjs']] },
  test: { built: true, steps: [['node_modules/vitest/vitest.mjs', 'run']] },
  bench: { built: true, steps: [['bench/run.ts']] },
  build: { built: false, steps: [['scripts/build.mjs']] },
  check: {
    built: false,
    steps: [
      ['node_modules/oxfmt/bin/oxfmt', '--check'],
      ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'],
      ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.json'],
      ['node_modules/vitest/vitest.mjs', 'run', 'test/architecture.test.ts'],
    ],
  },
}

main(process.argv[2], process.argv.slice(3))

function main(name, args) {
  const command = COMMANDS[name]
  if (command === undefined) stop(`Unknown command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}.`)
  process.chdir(path.join(__dirname, '..'))
  installWhenStale()
  const node = pinnedNode() || process.execPath
  if (node === process.execPath && !isSupported(process.version)) stop(howToGetNode())
  process.env = { ...command.environment, ...process.env }
  process.env.PATH = path.dirname(node) + path.delimiter + process.env.PATH
  if (command.built) buildWhenStale(node)
  const last = command.steps[command.steps.length - 1]
  runSteps(node, [...command.steps.slice(0, -1), [...last, ...args]])
}

function installWhenStale() {
  const wanted = createHash('sha256').update(fs.readFileSync('package-lock.json')).digest('hex')
  if (read(INSTALL_STAMP) === wanted) return
  if (!installedSince(fs.statSync('package-lock.json').mtimeMs)) {
    const npm = process.env.npm_execpath
    if (npm === undefined)
      stop('The dependencies are not installed: start this through npm, as in "npm start".')
    console.error('Installing the dependencies …')
    runNow(process.execPath, [npm, 'ci', '--loglevel=error'], 'The dependencies could not be installed.')
  }
  write(INSTALL_STAMP, wanted)
}

/** Whether npm finished an installation after this time: a developer's own `npm install` needs no second one. */
function installedSince(timeMs) {
  try {
    return fs.statSync('node_modules/.package-lock.json').mtimeMs >= timeMs
  } catch {
    return false
  }
}

/** Compares names, sizes and times: reading the contents would make an unchanged tree cost more than a start. */
function buildWhenStale(node) {
  const hash = createHash('sha256')
  for (const file of ['package-lock.json', 'scripts/build.mjs', ...filesUnder('src')]) {
    const { size, mtimeMs } = fs.statSync(file)
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  const wanted = hash.digest('hex')
  if (read(BUILD_STAMP) === wanted && fs.existsSync('dist/main.js')) return
  runNow(node, ['scripts/build.mjs'], 'The build failed.')
  write(BUILD_STAMP, wanted)
}

function runSteps(node, [step, ...rest]) {
  const child = spawn(node, step, { stdio: 'inherit' })
  follow(child, rest.length === 0 ? undefined : () => runSteps(node, rest))
}

/** Waits for a preparation, and shows only its complaints: stdout holds the command's own lines. */
function runNow(program, args, complaint) {
  const { status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 2] })
  if (status !== 0) stop(complaint)
}

function filesUnder(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((files, entry) => {
    const file = `${folder}/${entry.name}`
    return files.concat(entry.isDirectory() ? filesUnder(file) : file)
  }, [])
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, text)
}

function stop(message) {
  console.error(message)
  process.exit(1)
}
