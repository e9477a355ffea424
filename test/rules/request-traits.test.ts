import { describe, expect, it } from 'vitest'
import { asksToThink, hasImages, hasTools } from '../../src/rules/request-traits.ts'
import type { TraitSigns } from '../../src/rules/request-traits.ts'

/** As a client sends it, with or without blanks. */
function signs(body: Record<string, unknown>, blanks = false): TraitSigns {
  const write = (value: unknown): string => {
    const text = JSON.stringify(value, undefined, blanks ? 1 : undefined)
    return blanks ? text.replaceAll(/\n */g, ' ') : text
  }
  const text = write(body)
  return {
    field: (name) => (Object.hasOwn(body, name) ? write(body[name]) : undefined),
    bodyHas: (part) => text.includes(part),
  }
}

describe('what a request has', () => {
  const tool = { name: 'bash', input_schema: { type: 'object' } }
  const told = {
    role: 'user',
    content: 'What is {"type":"image"} or "image":{ or {"type":"additional_tools"}?',
  }
  it.each<[what: string, body: Record<string, unknown>, traits: string]>([
    ['words only', { messages: [told], input: [told] }, ''],
    ['no tools', { tools: [], functions: null, toolConfig: { tools: [] } }, ''],
    ['Claude’s tools', { tools: [tool] }, 'tools'],
    ['older functions', { functions: [tool] }, 'tools'],
    ['Converse’s tools', { toolConfig: { tools: [{ toolSpec: tool }] } }, 'tools'],
    ['tools of Codex for newer models', { input: [{ type: 'additional_tools', tools: [] }] }, 'tools'],
    [
      'Claude’s picture',
      { messages: [{ role: 'user', content: [{ type: 'image', source: {} }] }] },
      'images',
    ],
    [
      'Chat’s picture',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: '' } }] }] },
      'images',
    ],
    ['Responses’ picture', { input: [{ role: 'user', content: [{ type: 'input_image' }] }] }, 'images'],
    [
      'Gemini’s picture',
      { contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: '' } }] }] },
      'images',
    ],
    [
      'Gemini’s picture by its SDK',
      { contents: [{ parts: [{ inline_data: { mime_type: 'image/png' } }] }] },
      'images',
    ],
    ['Gemini’s PDF', { contents: [{ parts: [{ inlineData: { mimeType: 'application/pdf' } }] }] }, ''],
    ['Converse’s picture', { messages: [{ content: [{ image: { format: 'png' } }] }] }, 'images'],
    ['Claude thinking', { thinking: { type: 'enabled', budget_tokens: 1024 } }, 'thinking'],
    ['Claude thinking as it likes', { thinking: { type: 'adaptive' } }, 'thinking'],
    ['Claude not thinking', { thinking: { type: 'disabled' } }, ''],
    ['Chat thinking', { reasoning_effort: 'low' }, 'thinking'],
    ['Chat not thinking', { reasoning_effort: 'none' }, ''],
    ['Responses thinking', { reasoning: { effort: 'high', summary: 'auto' } }, 'thinking'],
    ['Responses not thinking', { reasoning: { effort: 'none' } }, ''],
    ['Gemini thinking', { generationConfig: { thinkingConfig: { thinkingBudget: -1 } } }, 'thinking'],
    [
      'Gemini thinking by level',
      { generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } },
      'thinking',
    ],
    ['Gemini not thinking', { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }, ''],
    [
      'Converse thinking',
      { additionalModelRequestFields: { thinking: { budget_tokens: 1024, type: 'enabled' } } },
      'thinking',
    ],
    ['Converse not thinking', { additionalModelRequestFields: { thinking: { type: 'disabled' } } }, ''],
    [
      'all of it',
      { tools: [tool], thinking: { type: 'enabled' }, messages: [{ content: [{ type: 'image' }] }] },
      'tools images thinking',
    ],
  ])('%s', (_, body, expected) => {
    for (const blanks of [false, true]) {
      const all = signs(body, blanks)
      const traits = [hasTools(all) && 'tools', hasImages(all) && 'images', asksToThink(all) && 'thinking']
      expect(traits.filter((trait) => trait !== false).join(' ')).toBe(expected)
    }
  })
})
