import { expect, it } from 'vitest'
import type { Call } from '../../src/pipeline/call.ts'
import { queryOf } from '../../src/pipeline/forwarded-query.ts'

it.each([
  ['', ''],
  ['beta=true', '?beta=true'],
  ['beta=true&limit=20', '?beta=true&limit=20'],
  ['a=1&a=2', '?a=1&a=2'],
  ['flag', '?flag'],
  ['q=%3D%26+%2B', '?q=%3D%26+%2B'],
  ['&&a=1&', '?a=1'],
  ['key=secret', ''],
  ['KEY=secret&a=1', '?a=1'],
  ['k%65y=secret', ''],
  ['%20key=secret', ''],
  ['+key=secret', ''],
  ['api_key=secret&api-key=secret&access_token=secret&token=secret', ''],
  ['alt=sse&a=1', '?a=1'],
  ['%61lt=sse', ''],
  ['%zz=1&a=1', '?a=1'],
  ['monkey=1', '?monkey=1'],
])('of %j goes on: %j', (queryText, kept) => {
  expect(queryOf({ queryText } as Call, new Set(['alt']))).toBe(kept)
})
