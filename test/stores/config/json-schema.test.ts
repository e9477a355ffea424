import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { jsonSchema } from '../../../src/stores/config/json-schema.ts'

type Part = Record<string, unknown>

const schema = jsonSchema()

/** Every named setting of the schema with its path, however deep. */
function settings(part: Part, path = ''): [path: string, setting: Part][] {
  const inner = [part['items'], part['additionalProperties']].filter(
    (item) => typeof item === 'object',
  ) as Part[]
  const named = Object.entries((part['properties'] ?? {}) as Record<string, Part>)
  return [
    ...inner.flatMap((item) => settings(item, `${path}*`)),
    ...named.flatMap(([name, setting]): [string, Part][] => [
      [`${path}.${name}`, setting],
      ...settings(setting, `${path}.${name}`),
    ]),
  ]
}

it('is a schema of the current draft that lets unknown settings through', () => {
  expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema')
  expect(schema).toMatchObject({ type: 'object', additionalProperties: {} })
})

it('describes every setting in one line', () => {
  const all = settings(schema)
  expect(all.length).toBeGreaterThan(200)
  const lacking = all.filter(
    ([, { description }]) => typeof description !== 'string' || !/^\S[^\n]*\.$/.test(description),
  )
  expect(lacking.map(([path]) => path)).toEqual([])
})

const KNOWN: [path: string, expected: Part][] = [
  ['.client.log_retention_days', { type: 'integer', minimum: 1, maximum: 36_500, default: 365 }],
  ['.client.prometheus_labels', { type: 'array', 'x-served': false }],
  ['.logs_store.type', { type: 'string', enum: ['sqlite', 'postgres', 'clickhouse'], default: 'sqlite' }],
  [
    '.providers*.network_config.stream_idle_timeout_in_seconds',
    { type: 'integer', minimum: 5, maximum: 3600, default: 300 },
  ],
  ['.providers*.keys*.weight', { anyOf: [{ type: 'number', minimum: 0 }, { type: 'null' }], default: 1 }],
  ['.governance.virtual_keys*.is_active', { type: 'boolean', default: true }],
  ['.mcp', { type: 'object', 'x-served': false }],
]

it.each(KNOWN)('%s', (path, expected) => {
  expect(Object.fromEntries(settings(schema))[path]).toMatchObject(expected)
})

it('has no marks of its making left', () => {
  expect(settings(schema).filter(([, setting]) => 'service' in setting)).toEqual([])
  expect(JSON.stringify(schema)).not.toContain(String(Number.MAX_SAFE_INTEGER))
})

it('knows every name in the sample with all common settings', () => {
  const file = new URL('../../data/config/full.json', import.meta.url)
  const known = new Set(settings(schema).map(([path]) => path))
  const unknown = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Part>).flatMap(
    ([name, block]) =>
      typeof block === 'object' && !Array.isArray(block) && name !== 'providers'
        ? Object.keys(block)
            .map((key) => `.${name}.${key}`)
            .filter((path) => !known.has(path))
        : [],
  )
  expect(unknown).toEqual([])
})
