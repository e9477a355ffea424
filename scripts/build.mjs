import { copyFileSync, globSync, rmSync } from 'node:fs'
import { basename } from 'node:path'

import { build } from 'rolldown'

/**
 * Bundles the program into `dist/main.js`, and each `…-thread.ts` beside it: a thread starts from a file of its
 * own. Loading one file instead of some hundred halves the start. Names stay readable, so that a stack trace from
 * a user's machine says something.
 */
const threads = globSync('src/**/*-thread.ts').map((file) => [basename(file, '.ts'), file])

rmSync('dist', { recursive: true, force: true })
await build({
  input: { main: 'src/main.ts', ...Object.fromEntries(threads) },
  platform: 'node',
  // The package's main file is UMD, whose inner `require` calls no bundler can follow.
  resolve: { alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' } },
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[hash].js',
    minify: false,
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
