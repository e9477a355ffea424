import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { Transform } from 'node:stream'
import type { Zlib } from 'node:zlib'

/** Content codings that are understood, in requests and in answers. */
const INFLATERS: Readonly<Record<string, () => Inflater>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

export const CODINGS: readonly string[] = Object.keys(INFLATERS)

/** JSON and event streams compress 4 to 30 times; what grows more is made to fill memory. */
const RATIO_MAX = 100
/** Below it the ratio means nothing: a short body of one word compresses a thousand times. */
const RATIO_FREE_BYTES = 1024 * 1024

/** What a `content-encoding` header asks for: nothing, one known coding, or something that is refused. */
export function readCoding(header: string | undefined): { coding?: string; refused?: boolean } {
  const coding = header?.trim().toLowerCase() ?? ''
  if (coding === '' || coding === 'identity') return {}
  // Not a chain either: forty layers of gzip make 1 KB into any size.
  return Object.hasOwn(INFLATERS, coding) ? { coding } : { refused: true }
}

export type Inflater = Transform & Zlib

/** A stream that undoes one of {@link CODINGS}. */
export function createInflater(coding: string): Inflater {
  return INFLATERS[coding]!()
}

/** Whether what an inflater has given so far, in bytes, is what honest text could have grown to. */
export function isPlausible(inflater: Inflater, givenBytes: number): boolean {
  return givenBytes <= Math.max(RATIO_FREE_BYTES, inflater.bytesWritten * RATIO_MAX)
}
