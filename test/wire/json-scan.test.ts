/**
 * The scanner must see at the top level exactly what a JSON parser sees, refuse with one error type, and leave
 * every byte that it was not asked to change. Tables for what is known, properties for what is not.
 */
import { isUtf8 } from 'node:buffer'
import { readFileSync, readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  JsonScanError,
  SCAN_LIMITS,
  arrayElements,
  fieldEdits,
  readBoolean,
  readNumber,
  readString,
  scanObject,
  splice,
} from '../../src/wire/json-scan.ts'
import type { Span } from '../../src/wire/json-scan.ts'

const captures = new URL('../data/claude/', import.meta.url)
const captured = ['bare-second-turn', 'default-second-turn', 'session-title', 'web-search-server-tool']

function slice(body: Buffer, span: Span): string {
  return body.toString('utf8', span.start, span.end)
}

function scanText(text: string): Record<string, string> {
  const body = Buffer.from(text)
  return Object.fromEntries([...scanObject(body).fields].map(([name, span]) => [name, slice(body, span)]))
}

function refusal(body: Buffer | string): JsonScanError {
  try {
    scanObject(Buffer.from(body))
  } catch (error) {
    if (error instanceof JsonScanError) return error
    throw error
  }
  throw new Error(`accepted: ${body.toString().slice(0, 200)}`)
}

describe('fields and their spans', () => {
  const accepted: [title: string, text: string, fields: Record<string, string>][] = [
    ['an empty object', '{}', {}],
    ['an empty object in space', ' \t\r\n{ \n } \n', {}],
    [
      'scalars',
      '{"a":"x","b":1,"c":true,"d":false,"e":null}',
      { a: '"x"', b: '1', c: 'true', d: 'false', e: 'null' },
    ],
    ['space everywhere', '{ "a" :\n"x"\t,\r"b": [ 1 ] }', { a: '"x"', b: '[ 1 ]' }],
    ['brackets in strings', '{"a":["}]"],"b":"{"}', { a: '["}]"]', b: '"{"' }],
    [
      'escaped quotes in nested strings',
      '{"a":["\\"","\\\\","\\\\\\""],"b":1}',
      { a: '["\\"","\\\\","\\\\\\""]', b: '1' },
    ],
    [
      'an escaped quote far after another',
      `{"a":["\\"${'x'.repeat(99)}\\"y"],"b":1}`,
      { a: `["\\"${'x'.repeat(99)}\\"y"]`, b: '1' },
    ],
    ['a key written with escapes', '{"mod\\u0065l":"x"}', { model: '"x"' }],
    ['keys that differ in case', '{"model":1,"Model":2}', { model: '1', Model: '2' }],
    [
      'a nested field of the same name',
      '{"model":"a","x":{"model":"b","model":"c"}}',
      { model: '"a"', x: '{"model":"b","model":"c"}' },
    ],
    ['text beyond ASCII', '{"你好":"🚀","é":["ß"]}', { 你好: '"🚀"', é: '["ß"]' }],
    [
      'E4 names of the prototype',
      '{"constructor":{"prototype":{"polluted":1}},"toString":2}',
      { constructor: '{"prototype":{"polluted":1}}', toString: '2' },
    ],
    [
      'E5 numbers that JavaScript cannot hold',
      '{"a":1e400,"b":-0,"c":9007199254740993,"d":1.0}',
      { a: '1e400', b: '-0', c: '9007199254740993', d: '1.0' },
    ],
    [
      'E6 a lone surrogate as an escape',
      '{"a":"\\ud800","b":["\\ud800"]}',
      { a: '"\\ud800"', b: '["\\ud800"]' },
    ],
    ['E7 an escaped NUL', '{"a":"\\u0000"}', { a: '"\\u0000"' }],
  ]
  it.each(accepted)('%s', (_title, text, fields) => {
    expect(scanText(text)).toEqual(fields)
  })

  it('E4 __proto__ is a field like any other', () => {
    const { fields } = scanObject(Buffer.from('{"__proto__":{"polluted":1},"model":"m"}'))
    expect([...fields.keys()]).toEqual(['__proto__', 'model'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('E9 fields come in the order of the body, numeric names too', () => {
    expect([...scanObject(Buffer.from('{"b":0,"2":0,"1":0}')).fields.keys()]).toEqual(['b', '2', '1'])
  })

  it('knows the file list of its captures', () => {
    expect(readdirSync(captures)).toEqual(expect.arrayContaining(captured.map((name) => `${name}.json`)))
  })

  it.each(captured)('captured request %s: what JSON.parse sees', (name) => {
    const body = readFileSync(new URL(`${name}.json`, captures))
    const parsed = JSON.parse(body.toString()) as Record<string, unknown>
    const { fields } = scanObject(body)
    expect([...fields.keys()]).toEqual(Object.keys(parsed))
    for (const [key, span] of fields) expect(JSON.parse(slice(body, span))).toEqual(parsed[key])
    expect(readString(body, fields.get('model')!)).toBe(parsed['model'])
    expect(readNumber(body, fields.get('max_tokens')!)).toBe(parsed['max_tokens'])
    expect(readBoolean(body, fields.get('stream')!)).toBe(parsed['stream'])
    const messages = arrayElements(body, fields.get('messages')!)!
    expect(messages.map((span) => JSON.parse(slice(body, span)))).toEqual(parsed['messages'])
  })
})

describe('refusals', () => {
  const refused: [title: string, body: string | Buffer, kind: string, offset: number, message: string][] = [
    ['nothing', '', 'empty', 0, 'The request body is empty: send a JSON object'],
    ['only space', ' \n\t', 'empty', 0, 'The request body is empty: send a JSON object'],
    [
      'an array',
      ' [1]',
      'not_an_object',
      1,
      "The request body must be a JSON object, but it starts with '['",
    ],
    [
      'a string',
      '"{}"',
      'not_an_object',
      0,
      `The request body must be a JSON object, but it starts with '"'`,
    ],
    [
      'a form',
      'model=x',
      'not_an_object',
      0,
      "The request body must be a JSON object, but it starts with 'm'",
    ],
    [
      'a NUL first',
      '\0{}',
      'not_an_object',
      0,
      'The request body must be a JSON object, but it starts with byte 0x00',
    ],
    [
      'E6 a byte order mark',
      '\ufeff{}',
      'syntax',
      0,
      'The request body starts with a byte order mark (EF BB BF): send the JSON without it',
    ],
    [
      'E6 UTF-16',
      Buffer.from('\ufeff{}', 'utf16le'),
      'invalid_utf8',
      0,
      'The request body is not valid UTF-8 at byte 0: send JSON in UTF-8',
    ],
    [
      'E6 an overlong slash',
      Buffer.from('{"a":"\xc0\xaf"}', 'latin1'),
      'invalid_utf8',
      6,
      'The request body is not valid UTF-8 at byte 6: send JSON in UTF-8',
    ],
    [
      'E6 a surrogate in UTF-8',
      Buffer.from('{"a":["\xed\xa0\x80"]}', 'latin1'),
      'invalid_utf8',
      7,
      'The request body is not valid UTF-8 at byte 7: send JSON in UTF-8',
    ],
    [
      'a key without quotes',
      '{model:"x"}',
      'syntax',
      1,
      "Invalid JSON at byte 1: expected a field name in double quotes, found 'm'",
    ],
    [
      'a key in single quotes',
      "{'model':1}",
      'syntax',
      1,
      `Invalid JSON at byte 1: expected a field name in double quotes, found '''`,
    ],
    [
      'no colon',
      '{"a" 1}',
      'syntax',
      5,
      `Invalid JSON at byte 5, in field "a": expected ":" after the field name, found '1'`,
    ],
    [
      'no value',
      '{"a":}',
      'syntax',
      5,
      `Invalid JSON at byte 5, in field "a": expected a JSON value, found '}'`,
    ],
    [
      'no comma',
      '{"a":1 "b":2}',
      'syntax',
      7,
      `Invalid JSON at byte 7, in field "a": expected "," or "}" after the value, found '"'`,
    ],
    [
      'two commas',
      '{"a":1,,"b":2}',
      'syntax',
      7,
      "Invalid JSON at byte 7: expected a field name in double quotes, found ','",
    ],
    [
      'a comma at the end',
      '{"a":1,}',
      'syntax',
      7,
      "Invalid JSON at byte 7: expected a field name in double quotes, found '}'",
    ],
    [
      'a comma alone',
      '{,}',
      'syntax',
      1,
      "Invalid JSON at byte 1: expected a field name in double quotes, found ','",
    ],
    [
      'a bracket that does not fit',
      '{"a":[}',
      'syntax',
      6,
      `Invalid JSON at byte 6, in field "a": expected the bracket that closes the last open one, found '}'`,
    ],
    [
      'the wrong bracket at the end',
      '{"a":1]',
      'syntax',
      6,
      `Invalid JSON at byte 6, in field "a": expected "," or "}" after the value, found ']'`,
    ],
    [
      'a second object',
      '{"a":1}{"a":2}',
      'syntax',
      7,
      `Invalid JSON at byte 7: expected nothing after the closing "}", found '{'`,
    ],
    [
      'a NUL after the object',
      '{"a":1}\0',
      'syntax',
      7,
      'Invalid JSON at byte 7: expected nothing after the closing "}", found byte 0x00',
    ],
    [
      'the end in an object',
      '{"a":1',
      'syntax',
      6,
      'Invalid JSON at byte 6, in field "a": expected "," or "}" after the value, found the end of the body',
    ],
    [
      'the end in an array',
      '{"a":[1',
      'syntax',
      7,
      'Invalid JSON at byte 7, in field "a": expected the end of an object or array, found the end of the body',
    ],
    [
      'the end in a string',
      '{"a":"x',
      'syntax',
      7,
      'Invalid JSON at byte 7, in field "a": expected the closing quote of a string, found the end of the body',
    ],
    [
      'the end in a nested string',
      '{"a":["x\\"]}',
      'syntax',
      12,
      'Invalid JSON at byte 12, in field "a": expected the closing quote of a string, found the end of the body',
    ],
    [
      'the end after a backslash',
      '{"a":["\\"\\',
      'syntax',
      10,
      'Invalid JSON at byte 10, in field "a": expected the closing quote of a string, found the end of the body',
    ],
    [
      'a line feed in a string',
      '{"a":"x\ny"}',
      'syntax',
      7,
      'Invalid JSON at byte 7, in field "a": expected a control character in a string to be escaped, found byte 0x0a',
    ],
    [
      'a line feed in a key',
      '{"a\n":1}',
      'syntax',
      3,
      'Invalid JSON at byte 3: expected a control character in a string to be escaped, found byte 0x0a',
    ],
    [
      'an unknown escape',
      '{"a":"\\x"}',
      'syntax',
      6,
      `Invalid JSON at byte 6, in field "a": expected an escape that JSON knows, found '\\'`,
    ],
    [
      'a short \\u escape',
      '{"a":"\\u12g4"}',
      'syntax',
      10,
      `Invalid JSON at byte 10, in field "a": expected a hexadecimal digit, found 'g'`,
    ],
    [
      'a comment between fields',
      '{"a":1/*x*/}',
      'syntax',
      6,
      `Invalid JSON at byte 6, in field "a": expected "," or "}" after the value, found '/'`,
    ],
    [
      'a nested comment that hides a field',
      '{"a":[/*"*/],"model":"x","b":[/*"*/]}',
      'syntax',
      6,
      `Invalid JSON at byte 6, in field "a": expected a JSON value, found '/'`,
    ],
    [
      'nested single quotes',
      `{"a":['"'],"model":"x"}`,
      'syntax',
      6,
      `Invalid JSON at byte 6, in field "a": expected a JSON value, found '''`,
    ],
    [
      'E3 a field twice',
      '{"model":"a","stream":true,"model":"b"}',
      'duplicate_field',
      27,
      'The field "model" stands twice in the request body (again at byte 27): send it once',
    ],
    [
      'E3 a field twice, once with escapes',
      '{"model":"a","mod\\u0065l":"b"}',
      'duplicate_field',
      13,
      'The field "model" stands twice in the request body (again at byte 13): send it once',
    ],
    [
      'E3 E4 __proto__ twice',
      '{"__proto__":1,"__proto__":2}',
      'duplicate_field',
      15,
      'The field "__proto__" stands twice in the request body (again at byte 15): send it once',
    ],
  ]
  it.each(refused)('%s', (_title, body, kind, offset, message) => {
    const { kind: actualKind, offset: actualOffset, message: actualMessage } = refusal(body)
    expect({ kind: actualKind, offset: actualOffset, message: actualMessage }).toEqual({
      kind,
      offset,
      message,
    })
  })

  it('control characters end at 0x1f', () => {
    expect(refusal('{"a":"\x1f"}')).toMatchObject({ kind: 'syntax', offset: 6 })
    expect(scanText('{"a":" \x7f"}')).toEqual({ a: '" \x7f"' })
  })

  const notScalars = [
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    '1e+',
    '0x10',
    'tru',
    'True',
    'nul',
    'undefined',
    '--1',
    '1.2.3',
  ]
  it.each([...notScalars, 'NaN', 'Infinity', '-Infinity'])('E5 %s is no value at the top level', (token) => {
    expect(refusal(`{"max_tokens":${token}}`)).toMatchObject({ kind: 'syntax', field: 'max_tokens' })
  })

  it('names the field clipped and escaped: the sender chose it', () => {
    expect(refusal(`{"${'k'.repeat(500)}\\n":?}`).message.length).toBeLessThan(160)
    expect(refusal('{"\\u001b[31m":?}').message).toContain('"\\u001b[31m"')
  })
})

describe('limits', () => {
  const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
  const members = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":0`).join(',')

  it('E1 nesting up to the limit passes', () => {
    expect(scanText(nested(SCAN_LIMITS.maxDepth))).toHaveProperty('a')
  })

  it('E1 one level more is refused', () => {
    expect(refusal(nested(SCAN_LIMITS.maxDepth + 1))).toMatchObject({ kind: 'too_deep', field: 'a' })
  })

  it.each([
    ['arrays', '['],
    ['objects', '{"a":'],
  ])('E1 a million nested %s are refused at the limit, not after the million', (_title, open) => {
    const error = refusal(`{"a":${open.repeat(1_000_000)}`)
    expect(error.kind).toBe('too_deep')
    expect(error.offset).toBeLessThan(1_000)
    expect(error.message).toBe('The request body nests deeper than 128 levels, in field "a"')
  })

  it('E1 a million opening brackets without an object', () => {
    expect(refusal('['.repeat(1_000_000))).toMatchObject({ kind: 'not_an_object', offset: 0 })
  })

  it('E2 a million tiny fields are refused at the limit of fields', () => {
    const error = refusal(`{${members(1_000_000)}}`)
    expect(error).toMatchObject({ kind: 'too_many_values', field: 'k1000' })
    expect(error.message).toBe('The request body holds more than 1000 fields, in field "k1000"')
  })

  it('E2 a million tiny nested keys are refused', () => {
    const error = refusal(`{"a":{${members(1_000_000)}}}`)
    expect(error.message).toBe('The request body holds more than 250000 values, in field "a"')
  })

  const limits = { maxDepth: 9, maxFields: 9, maxValues: 5 }
  it.each([
    ['fields', '{"a":1,"b":1,"c":1,"d":1,"e":1}', '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}'],
    ['elements', '{"a":[1,1,1,1]}', '{"a":[1,1,1,1,1]}'],
    ['containers', '{"a":[[[[]]]]}', '{"a":[[[[[]]]]]}'],
    ['values of several fields together', '{"a":[1,1],"b":[]}', '{"a":[1,1],"b":[1,1]}'],
  ])('E2 counts %s', (_title, within, beyond) => {
    expect(() => scanObject(Buffer.from(within), limits)).not.toThrow()
    expect(() => scanObject(Buffer.from(beyond), limits)).toThrow('more than 5 values')
  })
})

describe('reading scalars', () => {
  const read = (json: string) => {
    const body = Buffer.from(`{"a": ${json} }`)
    const span = scanObject(body).fields.get('a')!
    return [readString(body, span), readNumber(body, span), readBoolean(body, span)]
  }
  const none = undefined
  it.each([
    ['"x"', ['x', none, none]],
    ['""', ['', none, none]],
    ['"a\\u0062\\n\\"\\\\🚀"', ['ab\n"\\🚀', none, none]],
    ['"\\ud800"', ['\ud800', none, none]],
    ['"true"', ['true', none, none]],
    ['"1"', ['1', none, none]],
    ['0', [none, 0, none]],
    ['-0', [none, -0, none]],
    ['-1.5e2', [none, -150, none]],
    ['1e400', [none, Infinity, none]],
    ['true', [none, none, true]],
    ['false', [none, none, false]],
    ['null', [none, none, none]],
    ['[]', [none, none, none]],
    ['{}', [none, none, none]],
  ])('%s', (json, expected) => {
    expect(read(json)).toEqual(expected)
  })
})

describe('array elements', () => {
  it.each<[json: string, elements: string[] | undefined]>([
    ['[]', []],
    ['[ \n ]', []],
    ['[1]', ['1']],
    ['[ 1 ,"a,]" , {"b":[1,2]} ,[ ] , null ]', ['1', '"a,]"', '{"b":[1,2]}', '[ ]', 'null']],
    ['["\\"",-1.5E+3,"\\\\"]', ['"\\""', '-1.5E+3', '"\\\\"']],
    ['"[1]"', undefined],
    ['{"a":1}', undefined],
    ['1', undefined],
    ['[1,,2]', undefined],
    ['[,]', undefined],
    ['[1,]', undefined],
    ['[1 2]', undefined],
    ['["a":1]', undefined],
  ])('%s', (json, elements) => {
    const body = Buffer.from(`{"a": ${json} }`)
    const spans = arrayElements(body, scanObject(body).fields.get('a')!)
    expect(spans?.map((span) => slice(body, span))).toEqual(elements)
  })
})

describe('edits', () => {
  it.each([
    ['set in the middle', '{"a":1, "b" : 2,"c":3}', { b: '"ü"' }, '{"a":1, "b" : "ü","c":3}'],
    ['set all', '{"a":1,"b":2}', { b: '[]', a: '{}' }, '{"a":{},"b":[]}'],
    ['remove the first', '{ "a":1 , "b":2 }', { a: undefined }, '{ "b":2 }'],
    ['remove from the middle', '{"a":1, "b":2, "c":3}', { b: undefined }, '{"a":1, "c":3}'],
    ['remove the last', '{"a":1 , "b":2 }', { b: undefined }, '{"a":1 }'],
    ['remove the only one', '{ "a":1 }', { a: undefined }, '{  }'],
    ['remove neighbours', '{"a":1,"b":2,"c":3,"d":4}', { b: undefined, c: undefined }, '{"a":1,"d":4}'],
    ['remove both ends', '{"a":1,"b":2,"c":3}', { a: undefined, c: undefined }, '{"b":2}'],
    ['remove all', '{"a":1,"b":2}', { a: undefined, b: undefined }, '{}'],
    ['remove what is not there', '{"a":1}', { x: undefined }, '{"a":1}'],
    ['add', '{"a":1 }', { 'b"': '2', c: '3' }, '{"a":1,"b\\"":2,"c":3 }'],
    ['add to an empty object', '{ }', { a: '1' }, '{ "a":1}'],
    ['add, and remove the last', '{"a":1,"b":2}', { b: undefined, c: '3' }, '{"a":1,"c":3}'],
    ['add, and remove all', '{"a":1,"b":2}', { a: undefined, b: undefined, c: '3' }, '{"c":3}'],
    ['set the last, and add', '{"a":1}', { a: '2', b: '3' }, '{"a":2,"b":3}'],
    ['nothing', '{"a":1}', {}, '{"a":1}'],
  ])('%s', (_title, text, changes, expected) => {
    const body = Buffer.from(text)
    const edits = fieldEdits(scanObject(body), new Map(Object.entries(changes)))
    expect(splice(body, edits).toString()).toBe(expected)
  })

  it('E9 every byte outside the edited span stays', () => {
    const body = readFileSync(new URL('default-second-turn.json', captures))
    const span = scanObject(body).fields.get('model')!
    const edited = splice(body, [{ span, text: '"你好/model"' }])
    const added = edited.length - body.length
    expect(edited.subarray(0, span.start).equals(body.subarray(0, span.start))).toBe(true)
    expect(edited.subarray(span.end + added).equals(body.subarray(span.end))).toBe(true)
    expect(edited.toString('utf8', span.start, span.end + added)).toBe('"你好/model"')
  })

  it('edits that overlap are a fault of the caller', () => {
    const edits = [
      { span: { start: 0, end: 3 }, text: '' },
      { span: { start: 2, end: 4 }, text: '' },
    ]
    expect(() => splice(Buffer.from('{"a":1}'), edits)).toThrow('Edits overlap at byte 2')
  })
})

/** JSON text of a value, with white space and escapes where JSON allows them. */
function write(value: unknown, space: () => string, escape: () => boolean): string {
  const text = (plain: string) =>
    `"${Array.from({ length: plain.length }, (_, at) => {
      const unit = plain.charCodeAt(at).toString(16).padStart(4, '0')
      return escape() || /[\ud800-\udfff]/.test(plain[at]!)
        ? `\\u${unit}`
        : JSON.stringify(plain[at]).slice(1, -1)
    }).join('')}"`
  const list = (open: string, items: string[], close: string) =>
    open + (items.length === 0 ? space() : items.map((item) => space() + item + space()).join(',')) + close
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value))
    return list(
      '[',
      value.map((item) => write(item, space, escape)),
      ']',
    )
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([key, item]) => text(key) + space() + ':' + space() + write(item, space, escape),
  )
  return list('{', members, '}')
}

/** Takes the choices of a generated list in turn. */
function cycle<Choice>(choices: Choice[]): () => Choice {
  let next = 0
  return () => choices[next++ % choices.length]!
}

const key = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('model', '__proto__', '1', 'toString', 'a"b\\'),
)
const members = fc.uniqueArray(fc.tuple(key, fc.jsonValue({ stringUnit: 'binary' })), {
  selector: ([name]) => name,
})
const spaces = fc.array(fc.constantFrom('', '', ' ', '\n', '\r\n\t '), { minLength: 1 })
const escapes = fc.array(fc.boolean(), { minLength: 1 })

/** A JSON object with its members, written in any of the ways that JSON allows. */
const written = fc.tuple(members, spaces, escapes).map(([pairs, space, escape]) => {
  const object = Object.fromEntries(pairs)
  return { object, text: write(object, cycle(space), cycle(escape)) }
})

describe('properties', () => {
  it('E3 E4 E9 any object: the names and values that JSON.parse gives', () => {
    fc.assert(
      fc.property(written, ({ text }) => {
        const body = Buffer.from(text)
        const { fields } = scanObject(body)
        const parsed = JSON.parse(text) as Record<string, unknown>
        expect([...fields.keys()].toSorted()).toEqual(Object.keys(parsed).toSorted())
        for (const [name, span] of fields) {
          const value = parsed[name]
          expect(JSON.parse(slice(body, span))).toEqual(value)
          expect(readString(body, span)).toBe(typeof value === 'string' ? value : undefined)
          expect(readNumber(body, span)).toBe(typeof value === 'number' ? value : undefined)
          expect(readBoolean(body, span)).toBe(typeof value === 'boolean' ? value : undefined)
          const elements = arrayElements(body, span)?.map((element): unknown =>
            JSON.parse(slice(body, element)),
          )
          expect(elements).toEqual(Array.isArray(value) ? value : undefined)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('any object, any changes: the edited body parses to the changed object', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.option(fc.jsonValue(), { nil: undefined })))
    const additions = fc.dictionary(fc.constantFrom('new', 'newer', '__proto__'), fc.jsonValue())
    fc.assert(
      fc.property(written, changes, additions, ({ object, text }, chosen, added) => {
        const names = Object.keys(object)
        const wanted = new Map<string, unknown>(Object.entries(added))
        for (const [pick, value] of chosen)
          if (names.length > 0) wanted.set(names[pick % names.length]!, value)
        const body = Buffer.from(text)
        const texts = [...wanted].map(([name, value]): [string, string | undefined] => [
          name,
          JSON.stringify(value),
        ])
        const edited = splice(body, fieldEdits(scanObject(body), new Map(texts)))
        const expected = new Map(
          [...Object.entries(object), ...wanted].filter(([, value]) => value !== undefined),
        )
        for (const [name, value] of wanted) if (value === undefined) expected.delete(name)
        const plain = JSON.parse(JSON.stringify(Object.fromEntries(expected))) as unknown
        expect(JSON.parse(edited.toString())).toEqual(plain)
      }),
      { numRuns: 2_000 },
    )
  })

  const piece = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\\"',
      '"a"',
      '"b":',
      '"\\u0061"',
      '"c":"',
      '1',
      '-',
      '.5',
      'e9',
    ],
    ...['true', 'null', ' ', '\n', '\0', '/', "'", 'é', '"model":"x",', '\ufeff'],
  )
  const assembled = fc.array(piece).map((pieces) => Buffer.from(`{"a":1${pieces.join('')}`))
  const loose = fc.array(piece).map((pieces) => Buffer.from(pieces.join('')))
  const random = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))
  const damaged = fc
    .tuple(
      written,
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.oneof(
        piece.map((text) => Buffer.from(text)),
        random,
      ),
    )
    .map(([{ text }, at, removed, inserted]) => {
      const body = Buffer.from(text)
      const start = at % body.length
      return Buffer.concat([body.subarray(0, start), inserted, body.subarray(start + removed)])
    })

  /**
   * What JSON.parse makes of the body with each nested value replaced by null: the scanner vouches for the
   * top level only, nested values may be ill-formed and are the upstream's to refuse.
   */
  function topLevel(body: Buffer, fields: ReadonlyMap<string, Span>): Record<string, unknown> {
    const nested = [...fields.values()].filter(
      (span) => body[span.start] === 0x5b || body[span.start] === 0x7b,
    )
    return JSON.parse(
      splice(
        body,
        nested.map((span) => ({ span, text: 'null' })),
      ).toString(),
    ) as Record<string, unknown>
  }

  function parses(body: Buffer): boolean {
    try {
      const value: unknown = JSON.parse(body.toString())
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    } catch {
      return false
    }
  }

  it('E1-E6 any bytes: a JsonScanError, or a top level that JSON.parse accepts and reads alike', () => {
    fc.assert(
      fc.property(fc.oneof(random, loose, assembled, damaged), (body) => {
        try {
          const { fields } = scanObject(body)
          expect(isUtf8(body)).toBe(true)
          const parsed = topLevel(body, fields)
          expect([...fields.keys()].toSorted()).toEqual(Object.keys(parsed).toSorted())
          for (const [name, span] of fields) {
            if (typeof parsed[name] === 'string') expect(readString(body, span)).toBe(parsed[name])
            if (typeof parsed[name] === 'number') expect(readNumber(body, span)).toBe(parsed[name])
            arrayElements(body, span)
          }
        } catch (error) {
          if (!(error instanceof JsonScanError)) throw error
          expect(error.offset).toBeLessThanOrEqual(body.length)
          if (error.kind !== 'duplicate_field') expect(isUtf8(body) && parses(body)).toBe(false)
        }
      }),
      { numRuns: 20_000 },
    )
  })

  it('E6 the first byte that is not UTF-8 is named', () => {
    const text = fc.string({ unit: 'binary' }).map((value) => Buffer.from(`{${value}`))
    fc.assert(
      fc.property(text, text, fc.constantFrom('ff', 'c0af', 'e4bd', '80'), (before, after, bad) => {
        const body = Buffer.concat([before, Buffer.from(bad, 'hex'), after])
        expect(refusal(body)).toMatchObject({ kind: 'invalid_utf8', offset: before.length })
      }),
    )
  })
})
