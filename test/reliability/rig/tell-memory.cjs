'use strict'

/**
 * Loaded into a gateway before its program: at SIGUSR2 it collects garbage and says what memory is in use then.
 * What the process has from the system besides is what V8 has not given back yet, and says nothing.
 */
const { writeSync } = require('node:fs')
const { setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')
const { isMainThread } = require('node:worker_threads')

if (isMainThread) {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc')
  process.on('SIGUSR2', () => {
    collectGarbage()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    writeSync(2, `held ${heapUsed + Math.max(external, arrayBuffers)} bytes\n`)
  })
}
