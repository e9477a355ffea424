/**
 * Gives the memory of bytes back at once; they are empty from here on. Only for bytes that nobody reads any more,
 * the kernel included: what was given to a socket must have been written.
 *
 * The garbage collector would do it, later: bodies wait for a full collection, up to 64 MB of them and more, and each
 * next one is made of memory that was not used lately. To allocate and leave 100 KB costs 8 µs, to allocate and free
 * them 0.8 µs; 1 MB, 60 µs and 0.8 µs (Node 24).
 */
export function free(bytes: Uint8Array): void {
  const { buffer } = bytes
  // What was freed before has none, and cannot be transferred again.
  if (bytes.length === 0) return
  // A part of a larger buffer has neighbours.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0)
}
