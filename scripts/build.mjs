import { rm } from 'node:fs/promises'

import { build } from 'rolldown'

/**
 * Bundles the program and the log writer's thread into `dist/`. One file each instead of some hundred modules: the
 * start takes half the time. Names are kept readable, so that a stack trace from a user's machine says something.
 */
await rm('dist', { recursive: true, force: true })
await build({
  input: {
    main: 'src/main.ts',
    'writer-thread': 'src/stores/logs/writer-thread.ts',
  },
  platform: 'node',
  // jsonc-parser's main file is UMD, whose inner `require` calls no bundler can follow.
  resolve: { alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' } },
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[hash].js',
    minify: false,
  },
})
