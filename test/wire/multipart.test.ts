import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splice } from '../../src/wire/json-scan.ts'
import { FormError, fieldText, onlyPart, scanForm, writeForm } from '../../src/wire/multipart.ts'
import type { NewPart, ScannedPart } from '../../src/wire/multipart.ts'

const TYPE = 'multipart/form-data; boundary=b1'

/** A form as text with line feeds, which stand for CRLF. */
const form = (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'))

const told = (body: Buffer, parts: readonly ScannedPart[]) =>
  parts.map(({ name, filename, type, content }) => ({
    name,
    ...(filename === undefined ? {} : { filename }),
    ...(type === undefined ? {} : { type }),
    text: body.toString('utf8', content.start, content.end),
  }))

describe('scanForm', () => {
  const taken = [
    {
      client: 'a browser',
      type: 'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW',
      text:
        '------WebKitFormBoundary7MA4YWxkTrZu0gW\nContent-Disposition: form-data; name="model"\n\nwhisper-1\n' +
        '------WebKitFormBoundary7MA4YWxkTrZu0gW\nContent-Disposition: form-data; name="file"; filename="a%22b.mp3"\n' +
        'Content-Type: audio/mpeg\n\nID3\n\n--more\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\n',
      parts: [
        { name: 'model', text: 'whisper-1' },
        { name: 'file', filename: 'a%22b.mp3', type: 'audio/mpeg', text: 'ID3\r\n\r\n--more' },
      ],
    },
    {
      client: 'curl',
      type: 'multipart/form-data; boundary=------------------------d74496d66958873e',
      text:
        '--------------------------d74496d66958873e\nContent-Disposition: form-data; name="file"; filename="höre.wav"\n' +
        'Content-Type: audio/wav\n\nRIFF\n--------------------------d74496d66958873e\n' +
        'Content-Disposition: form-data; name="model"\n\nwhisper-1\n--------------------------d74496d66958873e--\n',
      parts: [
        { name: 'file', filename: 'höre.wav', type: 'audio/wav', text: 'RIFF' },
        { name: 'model', text: 'whisper-1' },
      ],
    },
    {
      client: "Python's httpx, without a last line break",
      type: 'multipart/form-data; boundary="b 1"',
      text:
        '--b 1\nContent-Disposition: form-data; name="timestamp_granularities[]"\n\nword\n' +
        '--b 1\nContent-Disposition: form-data; name="image[]"; filename="x"; filename*=utf-8\'\'%C3%A4\n\n\n--b 1--',
      parts: [
        { name: 'timestamp_granularities[]', text: 'word' },
        { name: 'image[]', filename: 'x', text: '' },
      ],
    },
    {
      client: 'names without quotes, and a transfer encoding that changes nothing',
      type: TYPE,
      text: '--b1\ncontent-disposition:form-data;name=model;filename=m.txt\ncontent-transfer-encoding: binary\n\nx\n--b1--\n',
      parts: [{ name: 'model', filename: 'm.txt', text: 'x' }],
    },
    { client: 'nobody in particular: no part at all', type: TYPE, text: '--b1--\n', parts: [] },
  ]
  it.each(taken)('takes the form of $client', ({ type, text, parts }) => {
    const body = form(text)
    expect(told(body, scanForm(body, type))).toEqual(parts)
  })

  const DISPOSITION = 'Content-Disposition: form-data; name="model"'
  const refused: [what: string, text: string, message: RegExp, type?: string][] = [
    ['no boundary in the header', '--b1--', /one boundary/, 'multipart/form-data'],
    [
      'two boundaries in the header',
      '--b1--',
      /one boundary/,
      'multipart/form-data; boundary=b1; boundary=b2',
    ],
    ['a boundary that ends with a space', '--b1 --', /one boundary/, 'multipart/form-data; boundary="b1 "'],
    ['a boundary of 71 letters', '', /one boundary/, `multipart/form-data; boundary=${'b'.repeat(71)}`],
    ['a header of a megabyte', '', /one boundary/, `multipart/form-data; ${';'.repeat(1_000_000)}`],
    ['text before the first boundary', `hello\n--b1\n${DISPOSITION}\n\nx\n--b1--`, /does not begin/],
    ['nothing', '', /does not begin/],
    ['a boundary that is not a line', `--b1 \n${DISPOSITION}\n\nx\n--b1--`, /line of its own/],
    ['a longer boundary inside', `--b1\n${DISPOSITION}\n\nx\n--b12\n--b1--`, /line of its own/],
    ['a boundary inside a line', `--b1\n${DISPOSITION}\n\nx --b1\n--b1--`, /line of its own/],
    ['no closing boundary', `--b1\n${DISPOSITION}\n\nx\n`, /without its closing/],
    ['text behind the closing boundary', `--b1\n${DISPOSITION}\n\nx\n--b1--\nmore`, /behind the closing/],
    ['no blank line', `--b1\n${DISPOSITION}\n--b1--`, /no blank line/],
    ['no headers', '--b1\n\nx\n--b1--', /no blank line/],
    ['a folded header', `--b1\nContent-Disposition: form-data;\n name="model"\n\nx\n--b1--`, /malformed/],
    ['a header without a colon', `--b1\n${DISPOSITION}\nhello\n\nx\n--b1--`, /malformed/],
    ['no disposition', '--b1\nContent-Type: text/plain\n\nx\n--b1--', /no content-disposition/],
    ['another disposition', '--b1\nContent-Disposition: attachment; name="model"\n\nx\n--b1--', /form-data/],
    ['two dispositions', `--b1\n${DISPOSITION}\n${DISPOSITION}\n\nx\n--b1--`, /more than one/],
    ['two names', `--b1\n${DISPOSITION}; NAME="x"\n\nx\n--b1--`, /its name twice/],
    [
      'an escape in a name',
      '--b1\nContent-Disposition: form-data; name="mod\\el"\n\nx\n--b1--',
      /plain name/,
    ],
    ['an escaped quote', '--b1\nContent-Disposition: form-data; name="m\\"x"\n\nx\n--b1--', /form-data/],
    ['an extended name', `--b1\n${DISPOSITION}; name*=utf-8''x\n\nx\n--b1--`, /plain name/],
    ['an empty name', '--b1\nContent-Disposition: form-data; name=""\n\nx\n--b1--', /plain name/],
    ['a long name', `--b1\nContent-Disposition: form-data; name="${'n'.repeat(257)}"\n\nx\n--b1--`, /256/],
    [
      'an encoded part',
      `--b1\n${DISPOSITION}\nContent-Transfer-Encoding: base64\n\neA==\n--b1--`,
      /encoded as base64/,
    ],
    ['long headers', `--b1\n${DISPOSITION}\nx: ${'y'.repeat(8192)}\n\nx\n--b1--`, /longer than 8192/],
    ['many parts', `${`--b1\n${DISPOSITION}\n\nx\n`.repeat(257)}--b1--`, /more than 256 parts/],
  ]
  it.each(refused)('refuses %s (E8)', (_what, text, message, type = TYPE) => {
    expect(() => scanForm(form(text), type)).toThrow(FormError)
    expect(() => scanForm(form(text), type)).toThrow(message)
  })

  it('refuses line feeds without carriage returns, and headers that are no UTF-8', () => {
    const text = `--b1\n${DISPOSITION}\n\nx\n--b1--`
    expect(() => scanForm(Buffer.from(text), TYPE)).toThrow(FormError)
    const latin1 = Buffer.from(`--b1\r\n${DISPOSITION}; filename="\xe4"\r\n\r\nx\r\n--b1--`, 'latin1')
    expect(() => scanForm(latin1, TYPE)).toThrow('not UTF-8')
  })
})

describe('fields', () => {
  const body = form(
    '--b1\nContent-Disposition: form-data; name="a"\n\nä\n--b1\nContent-Disposition: form-data; name="b"\n\n1\n' +
      '--b1\nContent-Disposition: form-data; name="b"\n\n2\n--b1\nContent-Disposition: form-data; name="f"; filename=""\n\nx\n--b1--',
  )
  const parts = scanForm(body, TYPE)

  it('gives the one part of a name, and refuses two', () => {
    expect(onlyPart(parts, 'a')).toBe(parts[0])
    expect(onlyPart(parts, 'c')).toBeUndefined()
    expect(() => onlyPart(parts, 'b')).toThrow('The field b stands twice')
  })

  it('reads text, and refuses a file and what is not UTF-8', () => {
    expect(fieldText(body, parts[0]!)).toBe('ä')
    expect(() => fieldText(body, parts[3]!)).toThrow('f: expected a field, got a file')
    const half = {
      ...parts[0]!,
      content: { start: parts[0]!.content.start, end: parts[0]!.content.start + 1 },
    }
    expect(() => fieldText(body, half)).toThrow('a: expected text in UTF-8')
  })
})

const name = fc.stringMatching(/^[a-z_]{1,12}(?:\[\])?$/)
const content = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .constantFrom('\r\n', '--', '\r\n--', '\r\n--b', '--signalbox', '\r\n\r\n', '\n--signalbox-r')
    .map((text) => Buffer.from(text)),
)
const parts: fc.Arbitrary<NewPart[]> = fc.array(
  fc.oneof(
    fc.record({ name, content: fc.string({ unit: 'binary' }) }),
    fc.record({
      name,
      filename: fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text)),
      type: fc.constantFrom('audio/mpeg', 'image/png', 'text/plain; charset=utf-8'),
      content,
    }),
  ),
  { maxLength: 8 },
)

const bytesOf = (part: NewPart) =>
  typeof part.content === 'string' ? Buffer.from(part.content) : Buffer.from(part.content)

describe('properties', () => {
  it('reads what it writes, byte for byte', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const { type, body } = writeForm(given, 'r4nd0m0123456789')
        const found = scanForm(body, type)
        expect(found.map((part) => [part.name, part.type])).toEqual(
          given.map((part) => [part.name, part.type]),
        )
        for (const [at, part] of found.entries())
          expect(body.subarray(part.content.start, part.content.end).equals(bytesOf(given[at]!))).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('replaces the model and leaves every other byte', () => {
    fc.assert(
      fc.property(parts, fc.nat(), fc.string(), (given, at, model) => {
        const all = given.filter((part) => part.name !== 'model')
        all.splice(at % (all.length + 1), 0, { name: 'model', content: 'openai/whisper-1' })
        const { type, body } = writeForm(all, 'r4nd0m0123456789')
        const part = onlyPart(scanForm(body, type), 'model')!
        const changed = splice(body, [{ span: part.content, text: model }])
        const wanted = all.map((one) => (one.name === 'model' ? { ...one, content: model } : one))
        expect(changed.equals(writeForm(wanted, 'r4nd0m0123456789').body)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('what it takes, another parser reads alike; what is broken is refused, never thrown over', async () => {
    const broken = fc.tuple(parts, fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.boolean()), { maxLength: 3 }))
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(broken, async ([given, faults]) => {
        const { type, body: whole } = writeForm(given, 'r4nd0m0123456789')
        let body = Buffer.from(whole)
        for (const [place, byte, cuts] of faults) {
          const at = place % Math.max(body.length, 1)
          if (cuts) body = Buffer.concat([body.subarray(0, at), body.subarray(at + 1)])
          else body[at] = byte
        }
        let found: ScannedPart[]
        try {
          found = scanForm(body, type)
        } catch (error) {
          expect(error).toBeInstanceOf(FormError)
          return
        }
        const response = new Response(body, { headers: { 'content-type': type } })
        // What the other one refuses does no harm: nobody reads it in another way.
        const other = await response.formData().catch(() => undefined)
        if (other === undefined) return
        accepted++
        const theirs = [...other.entries()].map(([key]) => key)
        expect(found.map((part) => part.name)).toEqual(theirs)
        for (const [at, [, value]] of [...other.entries()].entries()) {
          const { start, end } = found[at]!.content
          const bytes = typeof value === 'string' ? undefined : Buffer.from(await value.arrayBuffer())
          if (bytes === undefined)
            expect(body.toString('utf8', start, end).replace(/^\ufeff/, '')).toBe(value)
          else expect(bytes.equals(body.subarray(start, end))).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
    expect(accepted).toBeGreaterThan(200)
  })
})
