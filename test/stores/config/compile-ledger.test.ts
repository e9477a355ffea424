import { expect, it } from 'vitest'
import { compileText } from '../../../src/stores/config/load.ts'
import { registry } from './registry.ts'

const HERE = { host: 'db', user: 'u', db_name: 'd' }
const THERE = {
  store: 'postgres',
  access: {
    host: 'db',
    port: 5432,
    user: 'u',
    password: undefined,
    database: 'd',
    sslMode: 'disable',
    connectionsMax: 4,
  },
}

/** What is written, and where the ledger is; a text: why nobody can say. */
const LEDGERS: [title: string, ledgerStore: unknown, expected: object | string][] = [
  ['nothing', undefined, { store: 'sqlite' }],
  ['an empty block', {}, { store: 'sqlite' }],
  ['SQLite, with the place of another', { type: 'sqlite', config: HERE }, { store: 'sqlite' }],
  ['Postgres', { type: 'postgres', config: HERE }, THERE],
  ['all of it', { type: 'postgres', config: { ...HERE, port: 6432, password: 'p', ssl_mode: 'verify-full', max_open_conns: 9 } }, { store: 'postgres', access: { ...THERE.access, port: 6432, password: 'p', sslMode: 'verify-full', connectionsMax: 9 } }],
  ['from the environment', { type: 'postgres', config: { host: 'env.HOST', port: 'env.PORT', user: { env_var: 'USER' }, password: 'env.PASSWORD', db_name: 'd' } }, { store: 'postgres', access: { ...THERE.access, host: 'h', port: 7000, user: 'me', password: 's=1' } }],
  ['no place', { type: 'postgres' }, 'ledger_store.config is missing'],
  ['a variable that is not there', { type: 'postgres', config: { ...HERE, password: 'env.NONE' } }, 'the environment has no NONE'],
  ['several', { type: 'postgres', config: { ...HERE, host: '', user: 'env.NONE' } }, 'ledger_store.config.host is empty, and the environment has no NONE'],
  ['no port', { type: 'postgres', config: { ...HERE, port: 'env.HOST' } }, 'ledger_store.config.port is no port'],
  ['a port too high', { type: 'postgres', config: { ...HERE, port: 'env.HIGH' } }, 'ledger_store.config.port is no port'],
] // prettier-ignore

it.each(LEDGERS)('%s', async (_title, ledgerStore, expected) => {
  const environment = { HOST: 'h', PORT: '7000', USER: 'me', PASSWORD: 's=1', HIGH: '65536' }
  const text = JSON.stringify({ ledger_store: ledgerStore })
  const options = { registry, environment, appDir: '/app', version: 1 }
  const { configuration, notices } = await compileText(text, 'config.json', options)
  const isUnknown = typeof expected === 'string'
  expect(configuration.ledger).toEqual(isUnknown ? { store: 'unknown', reason: expected } : expected)
  expect(notices.map(({ message }) => message)).toEqual(
    isUnknown ? [`ledger_store: ${expected}; the gateway does not start.`] : [],
  )
})

it.each([
  ['no host', { user: 'u', db_name: 'd' }, 'ledger_store.config.host'],
  ['a port that is none', { ...HERE, port: 0 }, 'ledger_store.config.port'],
  ['another security', { ...HERE, ssl_mode: 'prefer' }, 'ledger_store.config.ssl_mode'],
  ['too few connections', { ...HERE, max_open_conns: 2 }, 'ledger_store.config.max_open_conns'],
])('is refused: %s', async (_title, config, place) => {
  const text = JSON.stringify({ ledger_store: { type: 'postgres', config } })
  const options = { registry, environment: {}, appDir: '/app', version: 1 }
  await expect(compileText(text, 'config.json', options)).rejects.toThrow(place)
})
