import type { GatewayError } from '../../message/error.ts'

/** What an answer of Claude's signs its thinking with: long base64. Others' signatures have other forms. */
const CLAUDE_SIGNATURE = /^[A-Za-z0-9+/]{40,}={0,2}$/

/** Any other on Claude's thinking ("Invalid signature in thinking block") fails the whole conversation. */
export function isClaudeSignature(signature: string | undefined): signature is string {
  return signature !== undefined && CLAUDE_SIGNATURE.test(signature)
}

/** Is this how Claude refuses one? Bedrock puts words of its own before it, and Claude some behind it. */
export function isRefusedSignature({ kind, message }: GatewayError): boolean {
  return kind === 'invalid_request' && /\binvalid `?signature`? in `?thinking`? block/i.test(message)
}
