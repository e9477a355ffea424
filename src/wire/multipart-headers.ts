/** A form that was refused. `message` is written for the person who sent it. */
export class FormError extends Error {
  override readonly name = 'FormError'
  /** The field at fault, where there is one. */
  readonly field: string | undefined

  constructor(message: string, field?: string) {
    super(message)
    this.field = field
  }
}

/** Longer names are no API's; they are repeated in errors. */
const NAME_MAX_LENGTH = 256

/** A line with a name, a colon and visible text: no folding, no control characters. */
// oxlint-disable-next-line eslint/no-control-regex -- they are what is refused
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)$/

/** Everything that is in use: `form-data`, a name, perhaps a file's name in one or both of its forms. */
const DISPOSITION = /^form-data((?:;[ \t]*[a-z]+\*?=(?:"(?:[^"\\]|\\(?!"))*"|[^";\s\\]+))+)$/i
const PARAMETER = /;[ \t]*([a-z]+\*?)=(?:"((?:[^"\\]|\\(?!"))*)"|([^";\s\\]+))/gi

/** Name and file name of a part, from the lines of its headers. Throws {@link FormError}. */
export function dispositionOf(lines: readonly string[]): { name: string; filename: string | undefined } {
  const value = headerOf(lines, 'content-disposition')
  const match = value === undefined ? null : DISPOSITION.exec(value)
  if (match === null)
    throw new FormError('A part of the form has no content-disposition: form-data with a name')
  const parameters = new Map<string, string>()
  for (const [, key = '', quoted, token] of match[1]!.matchAll(PARAMETER)) {
    const lower = key.toLowerCase()
    if (parameters.has(lower)) throw new FormError(`A part of the form says its ${lower} twice`)
    parameters.set(lower, quoted ?? token ?? '')
  }
  const name = parameters.get('name')
  // `name*` is forbidden (RFC 7578, 4.2), and of a backslash some parsers make nothing, others an escape.
  if (name === undefined || name === '' || parameters.has('name*') || name.includes('\\'))
    throw new FormError('A part of the form has no plain name')
  if (name.length > NAME_MAX_LENGTH)
    throw new FormError(`A part of the form has a name of more than ${NAME_MAX_LENGTH} characters`)
  const filename = parameters.get('filename') ?? (parameters.has('filename*') ? '' : undefined)
  checkEncoding(lines)
  return { name, filename }
}

export function partType(lines: readonly string[]): string | undefined {
  return headerOf(lines, 'content-type')
}

/** Some parsers undo `base64` and `quoted-printable`, others do not: the model's name could be two. */
function checkEncoding(lines: readonly string[]): void {
  const encoding = headerOf(lines, 'content-transfer-encoding')?.trim()
  if (encoding !== undefined && !/^(?:7bit|8bit|binary)$/i.test(encoding))
    throw new FormError(`A part of the form is encoded as ${encoding.slice(0, 40)}: send it as it is`)
}

function headerOf(lines: readonly string[], name: string): string | undefined {
  const found: string[] = []
  for (const line of lines) {
    const match = HEADER.exec(line)
    if (match === null) throw new FormError('A header of a part of the form is malformed')
    if (match[1]!.toLowerCase() === name) found.push(match[2]!.trimEnd())
  }
  if (found.length > 1) throw new FormError(`A part of the form has more than one ${name}`)
  return found[0]
}
