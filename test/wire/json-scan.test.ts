import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  JsonScanError,
  SCAN_LIMITS,
  arrayElements,
  readBoolean,
  readNumber,
  readString,
  scanObject,
  splice,
} from '../../src/wire/json-scan.ts'
import type { Span } from '../../src/wire/json-scan.ts'

// Requests of Claude Code as sent, long texts replaced by filler of the same length.
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
  const accepted: [text: string, fields: Record<string, string>][] = [
    ['{}', {}],
    [' \t\r\n{ \n } \n', {}],
    ['{"a":"x","b":1,"c":true,"d":null}', { a: '"x"', b: '1', c: 'true', d: 'null' }],
    ['{ "a" :\n"x"\t,\r"b": [ 1 ] }', { a: '"x"', b: '[ 1 ]' }],
    ['{"a":["}]"],"b":"{"}', { a: '["}]"]', b: '"{"' }],
    ['{"a":["\\"","\\\\","\\\\\\""],"b":1}', { a: '["\\"","\\\\","\\\\\\""]', b: '1' }],
    ['{"a":["\\"far, far away\\""],"b":1}', { a: '["\\"far, far away\\""]', b: '1' }],
    ['{"mod\\u0065l":"x"}', { model: '"x"' }],
    ['{"model":1,"Model":2}', { model: '1', Model: '2' }],
    ['{"model":"a","x":{"model":1,"model":2}}', { model: '"a"', x: '{"model":1,"model":2}' }],
    ['{"你好":"🚀","é":["\x7f"]}', { 你好: '"🚀"', é: '["\x7f"]' }],
  ]
  it.each(accepted)('%j', (text, fields) => {
    expect(scanText(text)).toEqual(fields)
  })

  const untouched = ['1e400', '-0', '9007199254740993', '1.0', '"\\ud800"', '["\\ud800"]', '"\\u0000"']
  it.each(untouched)('E5 E6 E7 %s stays as it is written', (value) => {
    expect(scanText(`{"a":${value}}`)).toEqual({ a: value })
  })

  it('E4 names of the prototype are fields like any other', () => {
    const { fields } = scanObject(Buffer.from('{"__proto__":{"polluted":1},"constructor":{},"toString":1}'))
    expect([...fields.keys()]).toEqual(['__proto__', 'constructor', 'toString'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('E9 fields come in the order of the body, numeric names too', () => {
    expect([...scanObject(Buffer.from('{"b":0,"2":0,"1":0}')).fields.keys()]).toEqual(['b', '2', '1'])
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
  const beginnings: [body: string | Buffer, kind: string, offset: number, message: string][] = [
    ['', 'empty', 0, 'is empty: send a JSON object'],
    [' \n\t', 'empty', 0, 'is empty: send a JSON object'],
    [' [1]', 'not_an_object', 1, "must be a JSON object, but it starts with '['"],
    ['"{}"', 'not_an_object', 0, `must be a JSON object, but it starts with '"'`],
    ['model=x', 'not_an_object', 0, "must be a JSON object, but it starts with 'm'"],
    ['\0{}', 'not_an_object', 0, 'must be a JSON object, but it starts with byte 0x00'],
    ['\ufeff{}', 'syntax', 0, 'starts with a byte order mark (EF BB BF): send the JSON without it'],
    [
      Buffer.from('\ufeff{}', 'utf16le'),
      'invalid_utf8',
      0,
      'is not valid UTF-8 at byte 0: send JSON in UTF-8',
    ],
  ]
  it.each(beginnings)('E6 a body that begins as %j', (body, kind, offset, message) => {
    expect(refusal(body)).toMatchObject({ kind, offset, message: `The request body ${message}` })
  })

  const badBytes: [title: string, latin1: string, offset: number][] = [
    ['an overlong slash', '{"a":"\xc0\xaf"}', 6],
    ['a surrogate', '{"a":["\xed\xa0\x80"]}', 7],
    ['half a character', '{"a":"\xe4\xbd"}', 6],
    ['Latin-1', '{"a":"caf\xe9"}', 9],
  ]
  it.each(badBytes)('E6 %s is no UTF-8', (_title, latin1, offset) => {
    expect(refusal(Buffer.from(latin1, 'latin1'))).toMatchObject({ kind: 'invalid_utf8', offset })
  })

  const misspelt: [body: string, offset: number, field: string | undefined, expected: string][] = [
    ['{model:"x"}', 1, undefined, "a field name in double quotes, found 'm'"],
    ["{'model':1}", 1, undefined, "a field name in double quotes, found '''"],
    ['{"a" 1}', 5, 'a', `":" after the field name, found '1'`],
    ['{"a":}', 5, 'a', "a JSON value, found '}'"],
    ['{"a":1 "b":2}', 7, 'a', `"," or "}" after the value, found '"'`],
    ['{"a":1,,"b":2}', 7, undefined, "a field name in double quotes, found ','"],
    ['{"a":1,}', 7, undefined, "a field name in double quotes, found '}'"],
    ['{,}', 1, undefined, "a field name in double quotes, found ','"],
    ['{"a":[}', 6, 'a', "the bracket that closes the last open one, found '}'"],
    ['{"a":1]', 6, 'a', `"," or "}" after the value, found ']'`],
    ['{"a":1}{"a":2}', 7, undefined, `nothing after the closing "}", found '{'`],
    ['{"a":1}\0', 7, undefined, 'nothing after the closing "}", found byte 0x00'],
    ['{"a":1', 6, 'a', '"," or "}" after the value, found the end of the body'],
    ['{"a":[1', 7, 'a', 'the end of an object or array, found the end of the body'],
    ['{"a":"x', 7, 'a', 'the closing quote of a string, found the end of the body'],
    ['{"a":["x\\"]}', 12, 'a', 'the closing quote of a string, found the end of the body'],
    ['{"a":["\\"\\', 10, 'a', 'the closing quote of a string, found the end of the body'],
    ['{"a":"x\ny"}', 7, 'a', 'a control character in a string to be escaped, found byte 0x0a'],
    ['{"a":"\x1f"}', 6, 'a', 'a control character in a string to be escaped, found byte 0x1f'],
    ['{"a\n":1}', 3, undefined, 'a control character in a string to be escaped, found byte 0x0a'],
    ['{"a":"\\x"}', 6, 'a', "an escape that JSON knows, found '\\'"],
    ['{"a":"\\u12g4"}', 10, 'a', "a hexadecimal digit, found 'g'"],
    // Comments and single quotes could hide a field from the scan that a lenient upstream sees.
    ['{"a":1/*x*/}', 6, 'a', `"," or "}" after the value, found '/'`],
    ['{"a":[/*"*/],"model":"x","b":[/*"*/]}', 6, 'a', "a JSON value, found '/'"],
    [`{"a":['"'],"model":"x"}`, 6, 'a', "a JSON value, found '''"],
  ]
  it.each(misspelt)('%j', (body, offset, field, expected) => {
    const place = field === undefined ? '' : `, in field "${field}"`
    const message = `Invalid JSON at byte ${offset}${place}: expected ${expected}`
    expect(refusal(body)).toMatchObject({ kind: 'syntax', offset, field, message })
  })

  const LONG = 61
  const inLong: [name: string, letter: string, isRefused: boolean][] = [
    ['NUL', '\0', true],
    ['a line end', '\n', true],
    ['the last control character', '\x1f', true],
    ['a backslash before no escape', '\\', true],
    ['a quote', '"', true],
    ['a space', ' ', false],
    ['an exclamation mark', '!', false],
    ['a number sign', '#', false],
    ['a bracket', '[', false],
    ['DEL', '\x7f', false],
    ['a letter of two bytes', 'é', false],
    ['one of four', '🚀', false],
    ['an escaped quote', '\\"', false],
    ['an escape of six', '\\u0022', false],
  ]
  it.each(inLong)('%s in a long string, wherever it stands', (_name, letter, isRefused) => {
    for (let at = 0; at < LONG; at++) {
      const text = `"${'x'.repeat(at)}${letter}${'x'.repeat(LONG - at)}"`
      const body = `{"a":${text}}`
      if (isRefused) expect(refusal(body)).toBeInstanceOf(JsonScanError)
      else expect(scanText(body)).toEqual({ a: text })
    }
  })

  const twice: [body: string, field: string, offset: number][] = [
    ['{"model":"a","stream":true,"model":"b"}', 'model', 27],
    ['{"stream":true,"stream":false}', 'stream', 15],
    ['{"model":"a","mod\\u0065l":"b"}', 'model', 13],
    ['{"__proto__":1,"__proto__":2}', '__proto__', 15],
  ]
  it.each(twice)('E3 E4 %s', (body, field, offset) => {
    const message = `The field "${field}" stands twice in the request body (again at byte ${offset}): send it once`
    expect(refusal(body)).toMatchObject({ kind: 'duplicate_field', offset, field, message })
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
    ['one in the middle', '{"a":1, "b" : 2,"c":3}', { b: '"ü"' }, '{"a":1, "b" : "ü","c":3}'],
    ['all, given in another order', '{"a":1,"b":2}', { b: '[]', a: '{}' }, '{"a":{},"b":[]}'],
    ['the last', '{"a":1 , "b":2 }', { b: '-1.5' }, '{"a":1 , "b":-1.5 }'],
    ['a value with nothing', '{"a":[1]}', { a: '' }, '{"a":}'],
    ['none', '{"a":1}', {}, '{"a":1}'],
  ])('%s', (_title, text, changes, expected) => {
    const body = Buffer.from(text)
    const { fields } = scanObject(body)
    const edits = Object.entries(changes).map(([name, value]) => ({ span: fields.get(name)!, text: value }))
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
