/** What an answer of Claude's signs its thinking with: long base64. Others' signatures have other forms. */
const CLAUDE_SIGNATURE = /^[A-Za-z0-9+/]{40,}={0,2}$/

/** Any other on Claude's thinking ("Invalid signature in thinking block") fails the whole conversation. */
export function isClaudeSignature(signature: string | undefined): signature is string {
  return signature !== undefined && CLAUDE_SIGNATURE.test(signature)
}
