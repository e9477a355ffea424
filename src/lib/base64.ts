/** So many bytes at once as arguments of one call; a multiple of three, so that the pieces can be joined. */
const CHUNK_BYTES = 24_576

/** Standard base64 with padding. Without Node's Buffer, because codecs run elsewhere, too. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES)))
  return text
}

/** Also of the URL-safe letters. Undefined where the text is no base64. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let binary: string
  try {
    binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return undefined
  }
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

/** A text's UTF-8 as base64. */
export function textToBase64(text: string): string {
  return encodeBase64(new TextEncoder().encode(text))
}

/** Undefined where the bytes are no UTF-8, or the text no base64. */
export function base64ToText(base64: string): string | undefined {
  const bytes = decodeBase64(base64)
  try {
    return bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** `data:image/png;base64,…`; undefined for any other address. */
export function readDataUrl(url: string): { mediaType: string; data: string } | undefined {
  const match = /^data:([^;,]{0,100})(?:;[^;,]{0,100}){0,8};base64,/.exec(url)
  return match === null ? undefined : { mediaType: match[1]!, data: url.slice(match[0].length) }
}
