'use strict'

/** Preloaded with --expose-gc: on SIGUSR2 the program collects its garbage and says what is left. */
process.on('SIGUSR2', () => {
  for (let round = 0; round < 3; round++) globalThis.gc()
  process.stderr.write(`heap ${process.memoryUsage().heapUsed}\n`)
})
