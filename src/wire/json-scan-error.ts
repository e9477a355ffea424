export type JsonScanErrorKind =
  | 'empty'
  | 'invalid_utf8'
  | 'not_an_object'
  | 'syntax'
  | 'too_deep'
  | 'too_many_values'
  | 'duplicate_field'

/** A body that was refused. `message` is written for the person who sent it. */
export class JsonScanError extends Error {
  override readonly name = 'JsonScanError'
  readonly kind: JsonScanErrorKind
  /** Byte offset of what was wrong. */
  readonly offset: number
  /** The top-level field in which it was found, where there is one. */
  readonly field: string | undefined

  constructor(kind: JsonScanErrorKind, offset: number, message: string, field?: string) {
    super(message)
    this.kind = kind
    this.offset = offset
    this.field = field
  }
}

/** A field's name for a message: the sender chose it, so it is clipped and escaped. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)
}

export function describeByte(byte: number | undefined): string {
  if (byte === undefined) return 'the end of the body'
  if (byte > 0x20 && byte < 0x7f) return `'${String.fromCharCode(byte)}'`
  return `byte 0x${byte.toString(16).padStart(2, '0')}`
}
