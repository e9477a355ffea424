import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { functionSchema, isClosed } from '../../../src/protocols/shared/schema.ts'
import { checkOpenAiTools } from '../../support/provider/openai-chat-check-tools.ts'

const text = { type: 'string' }

const rows: { name: string; from?: object; to: object; changed?: boolean }[] = [
  { name: 'no schema at all', to: { type: 'object', properties: {} } },
  {
    name: '#18 `$schema` goes, `$defs` and `$ref` stay',
    from: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { a: { $ref: '#/$defs/A' } },
      $defs: { A: text },
    },
    to: { type: 'object', properties: { a: { $ref: '#/$defs/A' } }, $defs: { A: text } },
    changed: false,
  },
  {
    name: '#18 an object without properties',
    from: { type: 'object' },
    to: { type: 'object', properties: {} },
  },
  {
    name: '#18 alternatives at the root become one object',
    from: {
      type: 'object',
      properties: { kind: text },
      required: ['kind'],
      anyOf: [
        { properties: { kind: text, path: text }, required: ['kind', 'path'] },
        { properties: { url: text }, required: ['url'] },
      ],
      additionalProperties: false,
    },
    to: { type: 'object', properties: { kind: text, path: text, url: text }, required: ['kind'] },
  },
  {
    name: '#18 what all alternatives require stays required',
    from: {
      oneOf: [
        { properties: { a: text }, required: ['a'] },
        { properties: { a: text, b: text }, required: ['a', 'b'] },
      ],
    },
    to: { type: 'object', properties: { a: text, b: text }, required: ['a'] },
  },
  {
    name: '#18 a root that is only a reference',
    from: {
      $ref: '#/$defs/Input',
      $defs: { Input: { type: 'object', properties: { a: text }, required: ['a'] } },
    },
    to: {
      type: 'object',
      properties: { a: text },
      required: ['a'],
      $defs: { Input: { type: 'object', properties: { a: text }, required: ['a'] } },
    },
  },
  {
    name: '#18 allOf adds up',
    from: {
      type: 'object',
      allOf: [{ properties: { a: text }, required: ['a'] }, { properties: { b: text } }],
    },
    to: { type: 'object', properties: { a: text, b: text }, required: ['a'] },
  },
  {
    name: '#18 a root that refers to itself ends',
    from: { $ref: '#' },
    to: { type: 'object', properties: {} },
  },
  {
    name: '#18 arrays without items get some, however deep',
    from: {
      type: 'object',
      properties: {
        items: { type: ['array', 'null'] },
        a: { anyOf: [{ type: 'array', minItems: 1 }, text] },
      },
    },
    to: {
      type: 'object',
      properties: {
        items: { type: ['array', 'null'], items: {} },
        a: { anyOf: [{ type: 'array', minItems: 1, items: {} }, text] },
      },
    },
  },
  {
    name: '#18 properties named like keywords survive',
    from: {
      type: 'object',
      properties: { title: text, properties: text, items: { type: 'array', items: text }, $schema: text },
    },
    to: {
      type: 'object',
      properties: { title: text, properties: text, items: { type: 'array', items: text }, $schema: text },
    },
    changed: false,
  },
]

describe('functionSchema', () => {
  it.each(rows)('$name', ({ from, to, changed = from !== undefined }) => {
    expect(functionSchema(from as never)).toEqual({ schema: to, changed })
  })

  it('keeps the order of the keys, and the very object where nothing changes', () => {
    const schema = { required: ['b'], type: 'object', properties: { b: text, a: text } }
    expect(functionSchema(schema).schema).toBe(schema)
  })

  it('E4 a property called __proto__ stays a property', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"array"}}}') as never
    expect(JSON.stringify(functionSchema(schema).schema)).toBe(
      '{"type":"object","properties":{"__proto__":{"type":"array","items":{}}}}',
    )
  })

  it('whatever comes in, OpenAI takes what comes out', () => {
    const keyword = fc.constantFrom(
      'type',
      'properties',
      'anyOf',
      'oneOf',
      'allOf',
      'items',
      '$ref',
      '$defs',
      'enum',
      'required',
      'not',
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('object', 'array', '#/$defs/a', null, 1),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(keyword, fc.constant('a')), tie('tree'), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(fc.dictionary(keyword, tree, { maxKeys: 5 }), (schema) => {
        const tool = { type: 'function', function: { name: 'a', parameters: functionSchema(schema).schema } }
        expect(checkOpenAiTools({ tools: [tool] })).toBeUndefined()
      }),
    )
  })
})

describe('isClosed', () => {
  const closed = { type: 'object', properties: { a: text }, required: ['a'], additionalProperties: false }
  it.each([
    ['closed, all required', closed, true],
    ['open', { ...closed, additionalProperties: true }, false],
    ['one property optional', { ...closed, required: [] }, false],
    ['an open object inside', { ...closed, properties: { a: { type: 'object', properties: {} } } }, false],
    [
      'a closed one inside an array',
      { ...closed, properties: { a: { type: 'array', items: closed } } },
      true,
    ],
    ['an open one in $defs', { ...closed, $defs: { B: { properties: { b: text } } } }, false],
  ])('%s', (_name, schema, expected) => {
    expect(isClosed(schema)).toBe(expected)
  })
})
