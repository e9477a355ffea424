import { expect, it } from 'vitest'
import { logInterrupted } from '../../src/pipeline/interrupted.ts'
import type { Amounts, Interrupted } from '../../src/stores/ledger/port.ts'
import { callRow, logQuery } from '../stores/logs/rows.ts'
import { openTestStore } from '../stores/logs/support.ts'

const attempt = (call: string, charged: number | null | undefined, atMs = 1_000): Interrupted => {
  const amounts: Amounts = { nanodollars: charged ?? null, tokens: 1, requests: 1 }
  return { attempt: `${call}.${atMs}`, call, atMs, charged: charged === undefined ? undefined : amounts }
}

const CASES: [title: string, attempts: Interrupted[], nanodollars: number | null, atMs: number][] = [
  ['that had cost something', [attempt('a', 250)], 250, 1_000],
  ['of which nothing was owed', [attempt('a', undefined)], 0, 1_000],
  ['whose cost nobody knows', [attempt('a', null)], null, 1_000],
  [
    'whose first attempt was billed when the second was cut off',
    [attempt('a', 30, 2_000), attempt('a', 12, 1_000)],
    42,
    1_000,
  ],
  ['one of whose attempts nobody knows', [attempt('a', 30), attempt('a', null)], null, 1_000],
]

it.each(CASES)('A7 A8 a call %s gets a row', async (_title, attempts, nanodollars, atMs) => {
  const store = openTestStore()
  await logInterrupted([...attempts, attempt('other', 5)], store)
  await store.writer.flush()
  const { rows } = await store.reader.list(logQuery({}))
  expect(rows.map(({ id }) => id).toSorted()).toEqual(['a', 'other'])
  const found = await store.reader.get('a')
  expect(found?.row).toMatchObject({
    requestClass: 'interrupted',
    status: 'error',
    timestampMs: atMs,
    cost: { nanodollars },
  })
})

it('A8 a call that has its row gets no other, also where the row is in the journal alone', async () => {
  const store = openTestStore()
  store.writer.record(callRow({ id: 'a' }))
  await logInterrupted([attempt('a', 250), attempt('b', 7)], store)
  await store.writer.flush()
  const { rows } = await store.reader.list(logQuery({}))
  expect(rows.map(({ id, requestClass }) => `${id} ${requestClass}`).toSorted()).toEqual([
    `a ${callRow({ id: 'a' }).requestClass}`,
    'b interrupted',
  ])
})
