import { expect, it } from 'vitest'
import { configStorePath } from '../../../src/stores/config-store/location.ts'

it.each<[name: string, text: string | undefined, path: string | undefined]>([
  ['config.json', undefined, '/app/config.db'],
  ['config.json', '{}', '/app/config.db'],
  [
    'config.json',
    '{"config_store": {"enabled": true, "config": {"path": "./x/other.db"}}}',
    '/app/x/other.db',
  ],
  ['config.json', '{"config_store": {"config": {"path": "/var/other.db"}}}', '/var/other.db'],
  ['config.json', '{"config_store": {"config": {"path": "env.DATABASE"}}}', '/srv/env.db'],
  ['config.json', '{"config_store": {"config": {"path": "env.NOT_SET"}}}', '/app/config.db'],
  ['config.json', '{"config_store": {"enabled": false, "config": {"path": "x"}}}', undefined],
  ['config.yaml', 'config_store: { enabled: false }', undefined],
  // What is wrong with a file is told elsewhere.
  ['config.json', '{', '/app/config.db'],
])('%s %j: %j', async (name, text, path) => {
  const environment = { DATABASE: '/srv/env.db' }
  expect(await configStorePath({ text, file: `/app/${name}` }, environment, '/app')).toBe(path)
})
