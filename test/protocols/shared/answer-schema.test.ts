import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { JsonObject } from '../../../src/message/request.ts'
import { anthropic } from '../../../src/protocols/anthropic/index.ts'

/** The schema that Claude gets for one that an OpenAI client wrote, and what the log says of it. */
function encode(schema: JsonObject): { schema: JsonObject; warned: string[] } {
  const { body, warnings } = anthropic.request.encode(
    {
      system: [],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      tools: [],
      stopSequences: [],
      stream: false,
      extra: {},
      format: { type: 'json', schema },
    } as unknown as Parameters<typeof anthropic.request.encode>[0],
    { model: 'claude-opus-5-5', facts: undefined, quirks: {} },
  )
  const sent = JSON.parse(body.join('')) as { output_config: { format: { schema: JsonObject } } }
  return {
    schema: sent.output_config.format.schema,
    warned: warnings.map(({ kind, field }) => `${kind} ${field}`),
  }
}

const text = { type: 'string' }
const closed = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties,
  ...more,
  additionalProperties: false,
})

/** What a property is told as. `told` is missing where it stays as it is. */
const PROPERTIES: { name: string; from: JsonObject; told?: JsonObject }[] = [
  { name: 'a text', from: text },
  { name: 'words to choose from', from: { type: 'string', enum: ['a', 'b', null] } },
  { name: 'one value', from: { const: 1 } },
  { name: 'one of two types, with a default', from: { type: ['string', 'null'], default: null } },
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'].map(
    (format) => ({ name: `the format ${format}`, from: { type: 'string', format } }),
  ),
  {
    name: 'a format that Claude does not know',
    from: { type: 'string', format: 'regex' },
    told: { type: 'string', description: 'Also required: format "regex".' },
  },
  {
    name: 'limits of a number',
    from: { type: 'integer', description: 'A port.', minimum: 1, maximum: 65535, multipleOf: 2 },
    told: { type: 'integer', description: 'A port. Also required: minimum 1, maximum 65535, multipleOf 2.' },
  },
  {
    name: 'open limits of a number',
    from: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
    told: { type: 'number', description: 'Also required: exclusiveMinimum 0, exclusiveMaximum 1.' },
  },
  {
    name: 'lengths and pattern of a text',
    from: { type: 'string', minLength: 1, maxLength: 9, pattern: '^a"b$' },
    told: { type: 'string', description: 'Also required: minLength 1, maxLength 9, pattern "^a\\"b$".' },
  },
  { name: 'a list that is not empty', from: { type: 'array', items: text, minItems: 1 } },
  {
    name: 'other sizes of a list, and those of its items',
    from: {
      type: 'array',
      items: { type: 'number', maximum: 3 },
      minItems: 2,
      maxItems: 4,
      uniqueItems: true,
    },
    told: {
      type: 'array',
      items: { type: 'number', description: 'Also required: maximum 3.' },
      description: 'Also required: minItems 2, maxItems 4, uniqueItems true.',
    },
  },
  {
    name: 'an open object is closed',
    from: { type: 'object', properties: { a: text }, required: ['a'] },
    told: closed({ a: text }, { required: ['a'] }),
  },
  {
    name: 'an object of any names',
    from: { type: 'object', additionalProperties: { type: 'number' } },
    told: closed({}, { description: 'Also required: additionalProperties {"type":"number"}.' }),
  },
  {
    name: 'a closed object, in any order',
    from: { additionalProperties: false, properties: {}, type: 'object' },
  },
  { name: 'alternatives', from: { anyOf: [text, closed({ a: text })] } },
  {
    name: 'exclusive alternatives',
    from: { oneOf: [text, { type: 'number', minimum: 1 }] },
    told: { anyOf: [text, { type: 'number', description: 'Also required: minimum 1.' }] },
  },
  { name: 'a reference', from: { $ref: '#/$defs/Node' } },
  {
    name: 'a reference with something beside it',
    from: { $ref: '#/$defs/Node', description: 'x', minProperties: 1 },
    told: { $ref: '#/$defs/Node' },
  },
  {
    name: 'properties that are called like keywords',
    from: closed({ minimum: text, format: text, pattern: text, oneOf: text, properties: text, $ref: text }),
  },
]

describe('#20 the schema of an answer, as Claude takes it', () => {
  it.each(PROPERTIES)('$name', ({ from, told }) => {
    expect(encode(closed({ it: from }))).toEqual({
      schema: closed({ it: told ?? from }),
      warned: told === undefined ? [] : ['changed response_format.json_schema.schema'],
    })
  })

  it('definitions are told alike, and the dialect is not told', () => {
    const from = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $ref: '#/$defs/Node',
      $defs: {
        Node: {
          type: 'object',
          properties: { next: { $ref: '#/$defs/Node' }, n: { type: 'integer', minimum: 1 } },
        },
      },
    }
    expect(encode(from).schema).toEqual({
      $ref: '#/$defs/Node',
      $defs: {
        Node: closed({
          next: { $ref: '#/$defs/Node' },
          n: { type: 'integer', description: 'Also required: minimum 1.' },
        }),
      },
    })
  })

  it('E4 a property called __proto__ stays one', () => {
    const from = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string","minLength":1}}}')
    expect(JSON.stringify(encode(from).schema)).toContain('"__proto__":{"type":"string"')
  })

  it('whatever comes in, what comes out has no word that the API refuses, and is told the same once more', () => {
    const word = fc.constantFrom(
      'type', 'properties', 'items', 'anyOf', 'oneOf', 'allOf', '$ref', '$defs', 'enum', 'const', 'required',
      'minimum', 'maxLength', 'pattern', 'minItems', 'format', 'additionalProperties', 'description', 'not', 'if',
    ) // prettier-ignore
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('object', 'array', 'string', 'uuid', null, 1, true),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(word, fc.constant('a')), tie('tree'), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(fc.dictionary(word, tree, { maxKeys: 6 }), (from) => {
        const { schema } = encode(from)
        for (const refused of ['minimum', 'maxLength', 'pattern', 'oneOf', 'not', 'if'])
          expect(schema).not.toHaveProperty([refused])
        expect(encode(schema).schema).toEqual(schema)
      }),
    )
  })
})
