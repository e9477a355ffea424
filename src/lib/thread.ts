import { Worker } from 'node:worker_threads'

/**
 * Starts a thread from the file of that name that stands beside the caller, whose `import.meta.url` is `beside`:
 * TypeScript in the repository, JavaScript in the bundle. It does not keep the process alive.
 */
export function startThread(name: `${string}-thread`, beside: string, data: unknown): Worker {
  const extension = beside.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./${name}.${extension}`, beside), {
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
