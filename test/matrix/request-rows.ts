import { expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import { toChat, user } from './translate.ts'
import type { ToChat } from './translate.ts'

/**
 * What an Anthropic client asks (left) and what a Chat Completions upstream gets (right). The numbers are those of
 * the translation checklist; the letters are reports of what broke in other gateways.
 */
export interface Row extends ToChat {
  name: string
  from: JsonObject
  /** A fragment of the body; lists are complete. */
  to?: JsonObject
  /** Top-level fields that must not be there. */
  without?: string[]
  /** Warnings that must be there. */
  warns?: string[]
}

export function translates(rows: readonly Row[]): void {
  it.each(rows)('$name', ({ from, to, without = [], warns = [], ...target }) => {
    const { body, warnings } = toChat(from, target)
    if (to !== undefined) expect(body).toMatchObject(to)
    for (const field of without) expect(body).not.toHaveProperty([field])
    for (const warning of warns) expect(warnings).toContain(warning)
  })
}

/** The messages behind the question that the rows begin with. */
export const after = (...messages: JsonObject[]) => ({ messages: [user('Hi'), ...messages] })
export const hi = { role: 'user', content: 'Hi' }
export const tool = (
  name: string,
  input_schema: JsonObject = { type: 'object', properties: {} },
  more: JsonObject = {},
) => ({ name, input_schema, ...more })
export const called = (id: string, name = 'Bash', args = `{"command":"${id}"}`) => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})
export const PNG = { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' }
export const PDF = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }
export const imagePart = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }
export const twoTools = { tools: [tool('Bash'), tool('Edit')] }
