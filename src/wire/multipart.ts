/**
 * Forms (`multipart/form-data`, RFC 7578) as clients send them: files with a few fields beside them.
 *
 * The native path forwards a form's bytes as they came but for the model's name, so the parts are found here as
 * spans. Parsers of forms differ more than those of JSON (bare line feeds, folded headers, escapes in names,
 * fields that stand twice), and the model that was checked must be the one that the upstream reads. So a form
 * is taken only in the one shape that every client writes and every parser reads alike.
 */
import { isUtf8 } from 'node:buffer'
import { FormError, dispositionOf, partType } from './multipart-headers.ts'
import type { Span } from './json-scan.ts'

export { FormError }

/** One part of a form, as places in its body. */
export interface ScannedPart {
  readonly name: string
  /** Undefined: a field. Else a file, with the name that the client gave it; often empty or `blob`. */
  readonly filename: string | undefined
  /** `content-type` of the part. */
  readonly type: string | undefined
  /** Its content alone. */
  readonly content: Span
}

export interface FormLimits {
  /** OpenAI takes 16 images at once; each option of a list is a part of its own. */
  readonly maxParts: number
  readonly maxHeaderBytes: number
}

export const FORM_LIMITS: FormLimits = { maxParts: 256, maxHeaderBytes: 8 * 1024 }

const CRLF = Buffer.from('\r\n')
const BLANK_LINE = Buffer.from('\r\n\r\n')
const DASH = 0x2d

/**
 * Finds the parts of a form; each byte is looked at twice at most. `contentType` is the header of the request.
 * Throws {@link FormError} on everything that two parsers could read in two ways.
 */
export function scanForm(body: Buffer, contentType: string, limits: FormLimits = FORM_LIMITS): ScannedPart[] {
  const delimiter = Buffer.from(`--${boundaryOf(contentType)}`)
  const parts: ScannedPart[] = []
  let at = body.indexOf(delimiter)
  if (at !== 0) throw new FormError('The form does not begin with the boundary that its content-type names')
  for (;;) {
    at += delimiter.length
    if (body[at] === DASH && body[at + 1] === DASH) {
      checkEnd(body, at + 2)
      return parts
    }
    if (!startsWith(body, CRLF, at))
      throw new FormError(`The boundary at byte ${at} is not a line of its own`)
    if (parts.length === limits.maxParts)
      throw new FormError(`The form has more than ${limits.maxParts} parts`)
    const next = body.indexOf(delimiter, at)
    if (next === -1) throw new FormError('The form ends without its closing boundary')
    parts.push(readPart(body, at, next, limits))
    at = next
  }
}

/** One part between the line of its boundary, which ends at `from`, and the next boundary. */
function readPart(body: Buffer, from: number, next: number, limits: FormLimits): ScannedPart {
  // The line break before a boundary belongs to it, not to the part.
  if (!startsWith(body, CRLF, next - CRLF.length))
    throw new FormError(`The boundary at byte ${next} is not a line of its own`)
  const start = from + CRLF.length
  const headersEnd = body.indexOf(BLANK_LINE, start)
  if (headersEnd === -1 || headersEnd + BLANK_LINE.length > next - CRLF.length)
    throw new FormError(`The part at byte ${start} has no blank line behind its headers`)
  if (headersEnd - start > limits.maxHeaderBytes)
    throw new FormError(
      `The headers of the part at byte ${start} are longer than ${limits.maxHeaderBytes} bytes`,
    )
  const headers = body.subarray(start, headersEnd)
  if (!isUtf8(headers)) throw new FormError(`The headers of the part at byte ${start} are not UTF-8`)
  const lines = headers.toString('utf8').split('\r\n')
  return {
    ...dispositionOf(lines),
    type: partType(lines),
    content: { start: headersEnd + BLANK_LINE.length, end: next - CRLF.length },
  }
}

/** Behind the closing boundary there may be a line break, and nothing else: parsers differ in what they skip. */
function checkEnd(body: Buffer, at: number): void {
  const rest = body.length - at
  if (rest === 0 || (rest === CRLF.length && startsWith(body, CRLF, at))) return
  throw new FormError(`Something stands behind the closing boundary at byte ${at}`)
}

function startsWith(body: Buffer, text: Buffer, at: number): boolean {
  return at >= 0 && body.subarray(at, at + text.length).equals(text)
}

/** Real ones have 60 to 90 characters; splitting takes the square of the length. */
const CONTENT_TYPE_MAX_LENGTH = 256
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/** RFC 2046: 1 to 70 letters of a small alphabet, the last of which is no space. */
function boundaryOf(contentType: string): string {
  const header = contentType.length > CONTENT_TYPE_MAX_LENGTH ? '' : contentType
  const [, ...parameters] = header.split(/;(?=(?:[^"]*"[^"]*")*[^"]*$)/)
  const found = parameters
    .map((parameter) => /^\s*boundary=(?:"([^"\\]*)"|([^\s"]*))\s*$/i.exec(parameter))
    .filter((match) => match !== null)
  const boundary = found[0]?.[1] ?? found[0]?.[2] ?? ''
  if (found.length === 1 && BOUNDARY.test(boundary)) return boundary
  throw new FormError('content-type: expected multipart/form-data with one boundary')
}

/** The part of this name. Throws {@link FormError} where two have it: the upstream may read the other one. */
export function onlyPart(parts: readonly ScannedPart[], name: string): ScannedPart | undefined {
  const found = parts.filter((part) => part.name === name)
  if (found.length > 1) throw new FormError(`The field ${name} stands twice in the form: send it once`, name)
  return found[0]
}

/** The text of a field. Throws {@link FormError} where the part is a file or is not UTF-8. */
export function fieldText(body: Buffer, part: ScannedPart): string {
  const bytes = body.subarray(part.content.start, part.content.end)
  if (part.filename !== undefined)
    throw new FormError(`${part.name}: expected a field, got a file`, part.name)
  if (!isUtf8(bytes)) throw new FormError(`${part.name}: expected text in UTF-8`, part.name)
  return bytes.toString('utf8')
}

/** A part to be written. `filename` makes it a file. */
export interface NewPart {
  readonly name: string
  readonly filename?: string
  readonly type?: string
  readonly content: string | Uint8Array
}

/** The bytes of a form, and the content-type that says its boundary. `random` makes it: letters and digits. */
export function writeForm(parts: readonly NewPart[], random: string): { type: string; body: Buffer } {
  const boundary = `signalbox-${random}`
  const pieces: Uint8Array[] = []
  for (const { name, filename, type, content } of parts) {
    const file = filename === undefined ? '' : `; filename="${escaped(filename)}"`
    const typeLine = type === undefined ? '' : `content-type: ${oneLine(type)}\r\n`
    const disposition = `content-disposition: form-data; name="${escaped(name)}"${file}\r\n`
    pieces.push(Buffer.from(`--${boundary}\r\n${disposition}${typeLine}\r\n`))
    pieces.push(typeof content === 'string' ? Buffer.from(content) : content, CRLF)
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`))
  return { type: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(pieces) }
}

/** As browsers do it: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function escaped(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('\\', '_')
}

function oneLine(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '')
}
