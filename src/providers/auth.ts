/** `Authorization: Bearer`, as almost every API takes its key. A keyless local server gets no header at all. */
export function bearer(key: string): Record<string, string> {
  return key === '' ? {} : { authorization: `Bearer ${key}` }
}
