#!/usr/bin/env node
'use strict'

/**
 * The command `signalbox`. On a supported Node it starts the program in this process; on an older one it hands
 * over to the Node that came with the dependencies, and where there is none it prints the line that brings one.
 */
const { spawn } = require('child_process')

const { LAUNCH, isSupported, pinnedNode, howToGetNode, follow } = require('./runtime.cjs')

if (isSupported(process.version)) start()
else handOver(pinnedNode())

function start() {
  const nodeModule = require('module')
  if (nodeModule.enableCompileCache) nodeModule.enableCompileCache()
  if (process.version.startsWith('v22.')) silenceSqliteWarning()
  if (process.version.startsWith('v24.')) freeBodiesEarly()
  import('../dist/main.js').catch((error) => {
    console.error(error)
    process.exit(1)
  })
}

/** Node 22 calls node:sqlite experimental, on a line that a user can do nothing about. */
function silenceSqliteWarning() {
  const { emitWarning } = process
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).includes('SQLite is an experimental feature'))
      emitWarning.call(process, warning, ...rest)
  }
}

/**
 * Node 24 lets 128 MB of dead request bodies wait for the cheap collection, so that the costly one, due at 64 MB,
 * always comes first. This is the value of Node 22, and gives its speed back: see docs/runtime.md.
 */
function freeBodiesEarly() {
  require('v8').setFlagsFromString('--scavenger-max-new-space-capacity-mb=8')
}

function handOver(node) {
  if (node === undefined) {
    console.error(howToGetNode())
    process.exit(1)
  }
  const env = { ...LAUNCH.environment, ...process.env }
  follow(spawn(node, [...LAUNCH.flags, __filename, ...process.argv.slice(2)], { stdio: 'inherit', env }))
}
