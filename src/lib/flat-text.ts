/**
 * The same text in one piece, for texts that are made of others and kept for long: V8 keeps such a one as a tree of its
 * parts. Those of where 10,000 virtual keys stand in their file took 12 MB.
 */
export function flatText(text: string): string {
  return Buffer.from(text).toString()
}
