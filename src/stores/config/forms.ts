/** The forms that texts of the configuration must have. Apart from `fields.ts`, so that using them loads no validator. */

/** `env.NAME`, or `${NAME}` as shells have it: the text stands in an environment variable. */
export function isReference(value: string): boolean {
  return variableOf(value) !== undefined
}

/** The name of the variable; undefined: the text stands for itself. */
export function variableOf(value: string): string | undefined {
  if (value.startsWith('env.')) return value.slice('env.'.length)
  return /^\$\{(\w+)\}$/.exec(value)?.[1]
}

/** An absolute http(s) URL to which a path can be added. */
export function isWebAddress(value: string): boolean {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
}

export function isHeaderName(value: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(value)
}

/** What the HTTP client lets through; anything else would fail every request. */
export function isHeaderText(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}

export function isCertificate(value: string): boolean {
  return value.includes('-----BEGIN CERTIFICATE-----')
}
