/**
 * CRC-32 (ISO-HDLC, the one of zip and of AWS event streams), four bytes a step. `node:zlib` has one too; codecs
 * that other hosts embed have no Node.
 */
const TABLES = buildTables()

/** Of the bytes from `start` to `end`, as an unsigned number. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const [low, second, third, high] = TABLES
  let crc = -1
  let at = start
  for (; at + 4 <= end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc = high[crc & 0xff]! ^ third[(crc >>> 8) & 0xff]! ^ second[(crc >>> 16) & 0xff]! ^ low[crc >>> 24]!
  }
  for (; at < end; at++) crc = low[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

/** Table n holds what a byte does to the sum when n more bytes follow it. */
function buildTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const low = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    low[byte] = crc
  }
  const second = low.map((crc) => low[crc & 0xff]! ^ (crc >>> 8))
  const third = second.map((crc) => low[crc & 0xff]! ^ (crc >>> 8))
  const high = third.map((crc) => low[crc & 0xff]! ^ (crc >>> 8))
  return [low, second, third, high]
}
