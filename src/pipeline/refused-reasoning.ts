import type { GatewayError } from '../message/error.ts'
import type { Block, Request, Warning } from '../message/request.ts'
import type { Call } from './call.ts'
import { cutForeignBlocks } from './foreign-blocks.ts'
import type { Target } from './plan.ts'
import type { InboundRequest } from './read-request.ts'

/** For the row of a call whose conversation went up without its reasoning. */
export const REASONING_LEFT_OUT: Warning = {
  kind: 'dropped',
  field: 'reasoning',
  reason: 'the upstream refused what proves where it comes from',
}

/**
 * The same target, to be asked without the reasoning of the conversation, where `error` says that the upstream does
 * not take it. Undefined where it says something else, or where the body would be the same: what was refused once is
 * refused each time, and agents that repeated it were locked out of their own session for good.
 */
export function withoutReasoning<Place extends Target>(
  call: Call,
  request: InboundRequest,
  target: Place,
  error: GatewayError,
): Place | undefined {
  const { refusedReasoning } = target.surface.protocol
  if (target.leavesOutReasoning === true || refusedReasoning?.isRefusal(error) !== true) return undefined
  const isThere =
    target.mode === 'native'
      ? cutForeignBlocks(request, refusedReasoning.blocks, target.model).length > 0
      : call.protocol.request
          .decode(request.parsed())
          .request.messages.some(({ content }) => content.some(isSealed))
  if (!isThere) return undefined
  return {
    ...target,
    leavesOutReasoning: true,
    reason: `${target.reason}, without the reasoning that was refused`,
  }
}

/** Takes the proofs off: no encoder sends reasoning on without one to where proofs are looked at. */
export function unsealReasoning(request: Request): void {
  for (const message of request.messages)
    message.content = message.content.flatMap((block) => (isSealed(block) ? unsealed(block) : [block]))
}

function isSealed(block: Block): boolean {
  return block.type === 'redacted-thinking' || (block.type === 'thinking' && block.signature !== undefined)
}

function unsealed(block: Block): Block[] {
  return block.type === 'thinking' && block.text !== '' ? [{ type: 'thinking', text: block.text }] : []
}
