import { copyFileSync, globSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'

import { build, rolldown } from 'rolldown'

/**
 * Bundles the program into `dist/main.js` and `dist/core.js`, all that a start loads but for what it shares with the
 * threads; each `…-thread.ts` is a file beside them, because a thread starts from one of its own. Loading one file instead of some hundred halves the start. Names
 * stay readable, so that a stack trace from a user's machine says something.
 */
const threads = globSync('src/**/*-thread.ts').map((file) => [basename(file, '.ts'), file])
const program = {
  input: { main: 'src/main.ts', ...Object.fromEntries(threads) },
  platform: 'node',
  // Nobody imports the entries.
  preserveEntrySignatures: false,
  // The package's main file is UMD, whose inner `require` calls no bundler can follow.
  resolve: { alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' } },
}

/** Module → what it imports at once, and not only when it is needed. */
const imports = new Map()
const scan = rolldown({
  ...program,
  plugins: [{ name: 'imports', moduleParsed: ({ id, importedIds }) => void imports.set(id, importedIds) }],
})
await (await scan).generate()

/** All that is loaded with a file. */
function loadedWith(file, found = new Set()) {
  if (found.has(file)) return found
  found.add(file)
  for (const next of imports.get(file) ?? []) loadedWith(next, found)
  return found
}
const ofThreads = new Set(threads.flatMap(([, file]) => [...loadedWith(resolve(file))]))
const core = loadedWith(resolve('src/main.ts')).difference(ofThreads)
// A file that others import must not start a gateway.
core.delete(resolve('src/main.ts'))

rmSync('dist', { recursive: true, force: true })
await build({
  ...program,
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: ({ name }) => (name === 'core' ? 'core.js' : 'shared-[hash].js'),
    minify: false,
    // Without it, whatever a command shares with the gateway is a file of its own.
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ name: 'core', test: (id) => core.has(id) }],
    },
  },
})

// The codecs as a library, for hosts without Node; the declarations beside them are made when the package is packed.
await build({
  input: { codecs: 'src/codecs.ts' },
  platform: 'neutral',
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', minify: false },
})

// Read on first use, not at start: see src/models/catalogue.ts.
copyFileSync('src/models/catalogue.json', 'dist/catalogue.json')
