import type { QueueSettings } from './configuration.ts'
import { QUEUE_DEFAULTS } from './defaults.ts'
import type { QueueSettingsFile } from './schema-providers.ts'

/** The queue of a provider or of a key; undefined: it is not bounded. */
export function compileQueue(settings: QueueSettingsFile | undefined): QueueSettings | undefined {
  if (settings === undefined) return undefined
  const { concurrency = QUEUE_DEFAULTS.concurrency } = settings
  return { concurrency, waiting: settings.buffer_size ?? Math.max(concurrency, QUEUE_DEFAULTS.buffer_size) }
}
