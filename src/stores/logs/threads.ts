import { Worker } from 'node:worker_threads'

/**
 * Starts a thread whose file stands beside this one: TypeScript in the repository, JavaScript in the bundle.
 * It does not keep the process alive.
 */
export function startThread(name: 'writer-thread' | 'reader-thread', data: unknown): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./${name}.${extension}`, import.meta.url), {
    name,
    workerData: data,
    // A thread may otherwise keep 64 MB of new space resident.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
    // node:sqlite and type stripping are named experimental in Node 22, on standard error, in every thread.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  worker.unref()
  return worker
}
