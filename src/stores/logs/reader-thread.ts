/** The thread that answers questions about the log, so that a search never delays a call. Started by `reader.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import type { FromReaderThread, ToReaderThread } from './messages.ts'
import { SqliteReader } from './sqlite-reader.ts'

const reader = new SqliteReader((workerData as { path: string }).path)

parentPort!.on('message', (message: ToReaderThread) => {
  parentPort!.postMessage(answer(message), [])
})

function answer(message: ToReaderThread): FromReaderThread {
  const { id } = message
  try {
    return { id, result: message.type === 'list' ? reader.list(message.query) : reader.get(message.callId) }
  } catch (error) {
    return { id, error: String(error) }
  }
}
