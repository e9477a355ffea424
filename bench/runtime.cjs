'use strict'

/**
 * Preloaded into the floor and into the gateway alike: the V8 setting of `bin/signalbox.cjs` belongs to the
 * runtime and not to the product, so the floor gets it too. See docs/runtime.md.
 */
if (process.version.startsWith('v24.')) {
  require('v8').setFlagsFromString('--scavenger-max-new-space-capacity-mb=8')
}
