/** Another process that opens a config store: `node open-config-store.ts <path> [write]`. */
import { openConfigStore } from '../../../src/stores/config-store/sqlite.ts'

const [path, action] = process.argv.slice(2)

try {
  const store = openConfigStore(path)
  if (action === 'write') {
    for (let at = 0; ; at++) {
      const body = { id: `${at}` }
      store.write({
        put: [{ kind: 'teams', id: `${at}`, body, fileHash: undefined, createdAtMs: at, updatedAtMs: at }],
      })
      if (at === 20) process.send!(at + 1)
    }
  }
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
