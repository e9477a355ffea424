import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { GENERATED, withPart } from '../../scripts/build-docs.ts'

it.each(GENERATED)(
  '$file is as the code says (else: node scripts/build-docs.ts)',
  ({ file, name, build }) => {
    const page = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    expect(page).toBe(withPart(page, name, build()))
  },
)

it('refuses a page without the place for its part', () => {
  expect(() => withPart('# Page', 'settings', '')).toThrow('no place for settings')
})
