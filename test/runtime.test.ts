import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'

import packageJson from '../package.json' with { type: 'json' }

const runtime = createRequire(import.meta.url)('../bin/runtime.cjs') as {
  isSupported: (version: string) => boolean
  pinnedNode: () => string | undefined
}

describe('the range of Node', () => {
  it('is the one that package.json tells npm', () => {
    expect(packageJson.engines.node).toBe('^22.22.2 || >=24.15.0')
  })

  it.each([
    ['v12.22.12', false],
    ['v20.20.2', false],
    ['v22.22.1', false],
    ['v22.22.2', true],
    ['v22.23.0', true],
    ['v23.11.1', false],
    ['v24.0.0', false],
    ['v24.14.9', false],
    ['v24.15.0', true],
    ['v26.0.0', true],
    ['v100.0.0', true],
  ])('%s: %s', (version, supported) => {
    expect(runtime.isSupported(version)).toBe(supported)
  })

  it.each(Object.entries(packageJson.optionalDependencies))('holds the pinned %s %s', (_, version) => {
    expect(runtime.isSupported(version)).toBe(true)
    expect(version).toMatch(/^24\./)
  })
})

describe('the files that an old Node must be able to read', () => {
  it.each(['bin/runtime.cjs', 'bin/signalbox.cjs', 'scripts/run.cjs'])(
    '%s has no syntax younger than Node 12',
    (file) => {
      expect(readFileSync(file, 'utf8')).not.toMatch(/\?\.[\w[(]|\?\?|\|\|=|&&=|[^!]#\w+\(/)
    },
  )
})
