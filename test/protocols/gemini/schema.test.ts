import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/message/request.ts'
import { answerSchema } from '../../../src/protocols/gemini/answer-schema.ts'
import { jsonSchema } from '../../../src/protocols/gemini/schema-decode.ts'
import { parametersSchema } from '../../../src/protocols/gemini/schema.ts'

/** The schema of one property, as it goes to Gemini. */
function property(schema: unknown, root: JsonObject = {}): unknown {
  const whole = parametersSchema({ type: 'object', properties: { p: schema }, ...root }).schema
  return (whole!.properties as JsonObject).p
}

describe('#19 one schema', () => {
  it.each<[string, unknown, JsonObject]>([
    [
      'a type stays',
      { type: 'integer', minimum: 1, maximum: 5 },
      { type: 'integer', minimum: 1, maximum: 5 },
    ],
    [
      'words about the schema go',
      { $id: 'x', $comment: 'y', type: 'string', deprecated: true, 'x-a': 1 },
      { type: 'string' },
    ],
    ['no other properties: not told', { type: 'object', additionalProperties: false }, { type: 'object' }],
    [
      'a map is told',
      { type: 'object', additionalProperties: { type: 'number' } },
      { type: 'object', description: '(additionalProperties: {"type":"number"})' },
    ],
    [
      'what has no word is told',
      { type: 'number', exclusiveMinimum: 0, description: 'Seconds.' },
      { type: 'number', description: 'Seconds. (exclusiveMinimum: 0)' },
    ],
    [
      'a format that is not known is told',
      { type: 'string', format: 'uri' },
      { type: 'string', description: '(format: uri)' },
    ],
    [
      'a format that is known',
      { type: 'string', format: 'date-time' },
      { type: 'string', format: 'date-time' },
    ],
    [
      'a pattern is told',
      { type: 'string', pattern: '^(?<a>x)' },
      { type: 'string', description: '(pattern: ^(?<a>x))' },
    ],
    [
      'conditions are told',
      { type: 'object', properties: { a: { type: 'string' } }, not: { required: ['a'] } },
      {
        type: 'object',
        properties: { a: { type: 'string' } },
        description: '(not: {"required":["a"]})',
      },
    ],
    [
      'a missing type: an object',
      { properties: { a: {} } },
      { type: 'object', properties: { a: { type: 'string' } } },
    ],
    ['a missing type: a list', { items: { type: 'string' } }, { type: 'array', items: { type: 'string' } }],
    ['a missing type: anything', {}, { type: 'string' }],
    ['anything', true, { type: 'string' }],
    ['a type in capitals', { type: 'STRING' }, { type: 'string' }],
    ['a list without items', { type: 'array' }, { type: 'array', items: { type: 'string' } }],
    [
      'a tuple',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'string' }] },
      {
        type: 'array',
        items: { type: 'string' },
        description: '(elements in this order: [{"type":"string"},{"type":"string"}])',
      },
    ],
    [
      'required names that are there',
      { type: 'object', properties: { a: {} }, required: ['a', 'b', 'a'] },
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
    ],
  ])('%s', (_name, schema, expected) => {
    expect(property(schema)).toEqual(expected)
  })
})

describe('#19 values', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['texts', { enum: ['a', 'b', 'a'] }, { type: 'string', enum: ['a', 'b'] }],
    ['a constant', { const: 'a' }, { type: 'string', enum: ['a'] }],
    [
      'null among them',
      { type: ['string', 'null'], enum: ['a', null] },
      { type: 'string', nullable: true, enum: ['a'] },
    ],
    ['mixed become texts', { enum: ['auto', 1, true] }, { type: 'string', enum: ['auto', '1', 'true'] }],
    ['texts by type', { type: 'string', enum: [1, 2] }, { type: 'string', enum: ['1', '2'] }],
    [
      'numbers stay numbers, and are told',
      { enum: [1, 2] },
      { type: 'integer', description: '(one of 1, 2)' },
    ],
    ['a constant number', { const: 0.5 }, { type: 'number', description: '(one of 0.5)' }],
    ['truths', { type: 'boolean', enum: [true] }, { type: 'boolean', description: '(one of true)' }],
    [
      'an empty text is refused in a list',
      { enum: ['a', ''] },
      { type: 'string', description: '(one of "a", "")' },
    ],
    ['none at all', { type: 'string', enum: [] }, { type: 'string' }],
    ['only null', { const: null }, { type: 'string', nullable: true }],
  ])('%s', (_name, schema, expected) => {
    expect(property(schema)).toEqual(expected)
  })
})

describe('#19 alternatives', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['or null', { type: ['integer', 'null'] }, { type: 'integer', nullable: true }],
    ['null alone', { type: 'null' }, { type: 'string', nullable: true }],
    [
      'several types',
      { type: ['string', 'number'], minLength: 1 },
      {
        anyOf: [
          { type: 'string', minLength: 1 },
          { type: 'number', minLength: 1 },
        ],
      },
    ],
    [
      'anyOf with null, as Python writes it',
      { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'Name', description: 'D' },
      { type: 'string', title: 'Name', description: 'D', nullable: true },
    ],
    [
      'stand alone: what is said of all is said of the first',
      { oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }], description: 'D', default: null },
      { anyOf: [{ type: 'string', description: 'D', nullable: true }, { type: 'number' }] },
    ],
    [
      '… also inside of each other',
      { anyOf: [{ anyOf: [{ type: 'string' }, { type: 'number' }] }, { type: 'null' }] },
      { anyOf: [{ type: 'string', nullable: true }, { type: 'number' }] },
    ],
    [
      'of what is required: the object says more',
      { type: 'object', properties: { a: {}, b: {} }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
    ],
    [
      'all of them at once',
      {
        allOf: [
          { properties: { a: { type: 'string' } }, required: ['a'] },
          { type: 'object', properties: { b: { type: 'number' } }, description: 'B' },
        ],
      },
      {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'number' } },
        required: ['a'],
        description: 'B',
      },
    ],
  ])('%s', (_name, schema, expected) => {
    expect(property(schema)).toEqual(expected)
  })
})

describe('#19 references', () => {
  const $defs = {
    Name: { type: 'string', description: 'N' },
    Node: {
      type: 'object',
      properties: { name: { $ref: '#/$defs/Name' }, next: { $ref: '#/$defs/Node' } },
    },
    Maybe: { anyOf: [{ $ref: '#/$defs/Node' }, { type: 'null' }] },
    'a/b~c': { type: 'integer' },
  }

  it.each<[string, JsonObject, JsonObject]>([
    ['are put in place', { $ref: '#/$defs/Name' }, { type: 'string', description: 'N' }],
    [
      'what stands beside counts',
      { $ref: '#/$defs/Name', description: 'M' },
      { type: 'string', description: 'M' },
    ],
    ['with signs in the name', { $ref: '#/$defs/a~1b~0c' }, { type: 'integer' }],
    ['to nothing', { $ref: '#/$defs/None' }, { type: 'string' }],
    ['to elsewhere', { $ref: 'https://example.com/x.json' }, { type: 'string' }],
    [
      'in a circle end',
      { $ref: '#/$defs/Node' },
      {
        type: 'object',
        properties: {
          name: { type: 'string', description: 'N' },
          next: { type: 'object', description: 'as #/$defs/Node above' },
        },
      },
    ],
    [
      'in a circle of alternatives end',
      { $ref: '#/$defs/Maybe' },
      {
        type: 'object',
        properties: {
          name: { type: 'string', description: 'N' },
          next: { type: 'object', description: 'as #/$defs/Node above' },
        },
        nullable: true,
      },
    ],
  ])('%s', (_name, schema, expected) => {
    expect(property(schema, { $defs })).toEqual(expected)
  })

  it('to the root itself', () => {
    const { schema } = parametersSchema({ type: 'object', properties: { again: { $ref: '#' } } })
    expect(schema).toMatchObject({ properties: { again: { type: 'object' } } })
  })

  it('that double with each step stay small', () => {
    const doubling = Object.fromEntries(
      Array.from({ length: 40 }, (_, at): [string, unknown] => [
        `D${at}`,
        {
          type: 'object',
          properties: { a: { $ref: `#/$defs/D${at + 1}` }, b: { $ref: `#/$defs/D${at + 1}` } },
        },
      ]),
    )
    const { schema } = parametersSchema({
      type: 'object',
      properties: { p: { $ref: '#/$defs/D0' } },
      $defs: doubling,
    })
    expect(JSON.stringify(schema).length).toBeLessThan(1_000_000)
  })
})

describe('#19 the whole', () => {
  it.each<[string, JsonObject | undefined]>([
    ['none', undefined],
    ['no properties', { type: 'object', properties: {} }],
    ['nothing but a type', { type: 'object' }],
  ])('a function without parameters has no schema: %s', (_name, schema) => {
    expect(parametersSchema(schema).schema).toBeUndefined()
  })

  it('a root of alternatives becomes one object', () => {
    const { schema } = parametersSchema({
      anyOf: [
        { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
        {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'number' } },
          required: ['a', 'b'],
        },
      ],
    })
    expect(schema).toEqual({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'number' } },
      required: ['a'],
    })
  })

  it('properties that are called like words of JSON Schema survive', () => {
    const words = [
      'type',
      'title',
      'format',
      'properties',
      'required',
      'enum',
      'const',
      '$ref',
      'anyOf',
      'items',
      '$schema',
      'additionalProperties',
      'description',
      'nullable',
      '__proto__',
    ]
    const properties = Object.fromEntries(words.map((word): [string, unknown] => [word, { type: 'string' }]))
    const { schema, changed } = parametersSchema({ type: 'object', properties, required: words })
    expect(Object.keys(schema!.properties as object)).toEqual(words)
    expect(schema!.required).toEqual(words)
    expect(changed).toBe(false)
  })

  it.each<[string, JsonObject, boolean]>([
    ['a map', { type: 'object', additionalProperties: { type: 'string' } }, true],
    ['an object in a list', { type: 'array', items: { type: 'object' } }, true],
    ['a circle', { $ref: '#' }, true],
    ['an object with properties', { type: 'object', properties: { a: {} } }, false],
    ['a text', { type: 'string' }, false],
  ])('an object that takes anything cannot be said in Google’s form: %s', (_name, schema, isFree) => {
    expect(parametersSchema({ type: 'object', properties: { p: schema } }).isFree).toBe(isFree)
  })

  const WORDS = new Set(
    [
      'type format title description nullable enum maxItems minItems properties required minProperties',
      'maxProperties minLength maxLength anyOf items minimum maximum',
    ]
      .join(' ')
      .split(' '),
  )

  /** What Google's parser and its checks would say. */
  function complain(schema: unknown, path: string): string[] {
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
      return [`${path} is no schema`]
    const { type, properties, items, anyOf, required, format, ...rest } = schema as JsonObject
    const unknown = Object.keys(schema).filter((word) => !WORDS.has(word))
    const listed = rest.enum as unknown[] | undefined
    const inside = Object.entries((properties ?? {}) as JsonObject)
    return [
      ...unknown.map((word) => `${path}: unknown name ${word}`),
      ...(anyOf === undefined &&
      !['object', 'array', 'string', 'number', 'integer', 'boolean'].includes(type as string)
        ? [`${path}: no type`]
        : []),
      ...(anyOf !== undefined && Object.keys(schema).length > 1
        ? [`${path}: any_of must be the only field`]
        : []),
      ...(listed !== undefined &&
      (type !== 'string' ||
        listed.length === 0 ||
        listed.some((one) => typeof one !== 'string' || one === ''))
        ? [`${path}: enum`]
        : []),
      ...(type === 'string' && format !== undefined && format !== 'date-time' ? [`${path}: format`] : []),
      ...(type === 'array' && items === undefined ? [`${path}: items: missing field`] : []),
      ...((required ?? []) as string[])
        .filter((name) => !inside.some(([one]) => one === name))
        .map((name) => `${path}: required ${name} is not defined`),
      ...inside.flatMap(([name, one]) => complain(one, `${path}.${name}`)),
      ...(items === undefined ? [] : complain(items, `${path}[]`)),
      ...((anyOf ?? []) as unknown[]).flatMap((one, at) => complain(one, `${path}|${at}`)),
    ]
  }

  it('Google takes every schema of the agents', () => {
    for (const name of ['default-second-turn', 'sonnet-4-5-second-turn', 'tool-search-unknown-model']) {
      const { tools } = JSON.parse(readFileSync(`test/data/claude/${name}.json`, 'utf8')) as {
        tools: { name: string; input_schema?: JsonObject }[]
      }
      for (const tool of tools) {
        const { schema } = parametersSchema(tool.input_schema)
        if (schema !== undefined) expect(complain(schema, tool.name)).toEqual([])
      }
    }
  })

  const anySchema = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom<unknown>(
        {},
        true,
        { type: 'string' },
        { type: 'null' },
        { $ref: '#/$defs/A' },
        { $ref: '#/$defs/B' },
        { $ref: '#' },
        { const: 1 },
        { enum: ['a', '', null] },
      ),
      fc.record(
        {
          type: fc.constantFrom(
            'object',
            'array',
            'string',
            'number',
            'weird',
            ['string', 'null'],
            ['object', 'array', 'null'],
            7,
          ),
          properties: fc.dictionary(
            fc.constantFrom('a', 'type', 'properties', '$ref', '__proto__'),
            tie('schema'),
            { maxKeys: 3 },
          ),
          required: fc.constantFrom(['a'], ['a', 'zzz'], 'a', [1]),
          items: fc.oneof(tie('schema'), fc.array(tie('schema'), { maxLength: 2 })),
          anyOf: fc.array(tie('schema'), { maxLength: 3 }),
          oneOf: fc.array(tie('schema'), { maxLength: 2 }),
          allOf: fc.array(tie('schema'), { maxLength: 2 }),
          prefixItems: fc.array(tie('schema'), { maxLength: 2 }),
          additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
          enum: fc.array(fc.constantFrom<unknown>('a', '', 1, true, null, {}), { maxLength: 3 }),
          format: fc.constantFrom('uri', 'date-time', 'int32'),
          nullable: fc.boolean(),
          description: fc.constantFrom('D', '', 1),
          minLength: fc.nat(3),
          if: tie('schema'),
          pattern: fc.constant('x'),
        },
        { requiredKeys: [] },
      ),
    ),
  })).schema

  it('Google takes whatever a client sends, and names of properties stay', () => {
    const root = fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(fc.string(), anySchema, { maxKeys: 4 }),
        $defs: fc.record({ A: anySchema, B: anySchema }),
      },
      { requiredKeys: ['properties', 'type'] },
    )
    fc.assert(
      fc.property(root, (schema) => {
        const before = JSON.stringify(schema)
        const { schema: converted } = parametersSchema(schema)
        expect(JSON.stringify(schema)).toBe(before)
        if (Object.keys(schema.properties).length === 0) {
          expect(converted).toBeUndefined()
          return
        }
        expect(complain(converted, '')).toEqual([])
        expect(Object.keys(converted!.properties as object)).toEqual(Object.keys(schema.properties))
      }),
      { numRuns: 1500 },
    )
  }, 60_000)
})

describe('#20 #72 the schema of an answer', () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      'plain words stay',
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false },
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false },
    ],
    ['a constant is a list of one', { const: 'x' }, { enum: ['x'] }],
    ['a constant truth is told', { const: true }, { description: 'Also required: const true.' }],
    [
      'limits without a word are told',
      { type: 'string', minLength: 2 },
      { type: 'string', description: 'Also required: minLength 2.' },
    ],
    [
      'definitions',
      { definitions: { A: { const: 'x' } }, properties: { a: { $ref: '#/definitions/A', title: 'T' } } },
      { $defs: { A: { enum: ['x'] } }, properties: { a: { $ref: '#/$defs/A' } } },
    ],
    ['all of one', { allOf: [{ type: 'string' }], description: 'D' }, { type: 'string', description: 'D' }],
    [
      'all of one reference',
      { allOf: [{ $ref: '#/$defs/A' }], description: 'D' },
      { anyOf: [{ $ref: '#/$defs/A' }], description: 'D' },
    ],
    ['words about the schema go', { $schema: 'x', type: 'integer', default: 1 }, { type: 'integer' }],
    [
      'properties called like words',
      { properties: { minLength: { type: 'integer' } } },
      { properties: { minLength: { type: 'integer' } } },
    ],
  ])('%s', (_name, schema, expected) => {
    expect(answerSchema(schema)).toEqual(expected)
  })
})

describe('a client’s schema', () => {
  it('what went to Gemini and comes from a Gemini client means the same', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: ['string', 'null'], enum: ['x', null] },
        b: { type: 'array', items: { type: 'integer' } },
      },
      required: ['b'],
    }
    expect(jsonSchema(parametersSchema(schema).schema!)).toEqual(schema)
  })

  it.each<[string, JsonObject, JsonObject]>([
    [
      'alternatives or null',
      { anyOf: [{ type: 'STRING' }, { type: 'NUMBER' }], nullable: true },
      { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }] },
    ],
    [
      'the other spelling',
      { type: 'ARRAY', min_items: '2', any_of: [{ type: 'STRING' }] },
      { type: 'array', minItems: 2, anyOf: [{ type: 'string' }] },
    ],
    ['not an example', { type: 'STRING', example: 'x', nullable: false }, { type: 'string' }],
  ])('%s', (_name, schema, expected) => {
    expect(jsonSchema(schema)).toEqual(expected)
  })
})
