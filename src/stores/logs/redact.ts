/**
 * Takes secrets out of a row on its way to the disk. The pipeline already removes the key that it used; this
 * is for what nobody expected: an upstream that quotes another key or a `?key=` URL in its error, a logged
 * header that carries a credential. Bodies are not touched: they are kept as they were on the wire, or not.
 */

/** By shape. No pattern crosses a quote or a backslash, so that JSON stays JSON. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek and virtual keys all begin with sk-.
  [/\bsk-[\w-]{8,}/g, '[redacted]'],
  [/\b(?:gsk_|xai-|hf_|gh[opsur]_|github_pat_|r8_|pplx-|nvapi-)[\w-]{16,}/g, '[redacted]'],
  [/\bAIza[\w-]{30,}/g, '[redacted]'],
  [/\bya29\.[\w.-]+/g, '[redacted]'],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, '[redacted]'],
  // Not behind a hyphen: each eyJ of eyJ-eyJ-eyJ-… would read on to the end, 8 s for 80 KB.
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '[redacted]'],
  [/\b(bearer|basic)\s+[^\s"'\\,;]{8,}/gi, '$1 [redacted]'],
  [
    /([?&](?:api[_-]?key|key|access[_-]?token|token|sig|signature|x-amz-[\w-]+)=)[^&\s"'\\]+/gi,
    '$1[redacted]',
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^"\\]|\\[nr])*/g, '[redacted]'],
]

/** Headers whose value is a credential whatever its shape, as entries of the row's metadata. */
const CREDENTIAL_HEADERS =
  /"((?:proxy-)?authorization|(?:set-)?cookie|(?:x-)?(?:goog-)?api-key|x-goog-api-key|x-bf-vk|x-amz-security-token)":"(?:[^"\\]|\\.)*"/gi

/** The JSON text of a row without the secrets in it. */
export function redactSecrets(json: string): string {
  let clean = json.replace(CREDENTIAL_HEADERS, '"$1":"[redacted]"')
  for (const [shape, replacement] of SHAPES) clean = clean.replace(shape, replacement)
  return clean
}
