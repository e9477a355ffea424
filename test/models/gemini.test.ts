import { describe, expect, it } from 'vitest'
import { capabilities } from '../../src/models/catalogue.ts'
import { geminiTraits } from '../../src/models/gemini.ts'
import type { GeminiTraits } from '../../src/models/gemini.ts'

const level = (...efforts: string[]) => ({ thinking: { by: 'level', efforts }, isNew: true }) as GeminiTraits
const budget = (least: number, most: number, canStop: boolean): GeminiTraits => ({
  thinking: { by: 'budget', least, most, canStop },
  isNew: false,
})

describe('#35 what Google’s own API needs to know of a model', () => {
  it.each<[provider: string, model: string, GeminiTraits]>([
    ['gemini', 'gemini-4-argon', level('low', 'medium', 'high')],
    ['gemini', 'gemini-3.8-flash', level('low', 'medium', 'high')],
    ['vertex', 'gemini-3-flash-preview', level('minimal', 'low', 'medium', 'high')],
    ['gemini', 'models/gemini-3.8-flash', level('low', 'medium', 'high')],
    ['gemini', 'gemini-flash-latest', level('minimal', 'low', 'medium', 'high')],
    // Known by its name alone: what every model of the generation takes.
    ['gemini', 'gemini-3-pro-preview', level('low', 'high')],
    ['gemini', 'gemini-5-neon', level('low', 'high')],
    ['gemini', 'gemini-2.5-pro', budget(128, 32_768, false)],
    ['vertex', 'gemini-2.5-flash', budget(1, 24_576, true)],
    ['gemini', 'gemini-2.5-flash-lite', budget(512, 24_576, true)],
    ['gemini', 'gemini-2.0-flash', { thinking: { by: 'nothing' }, isNew: false }],
    ['gemini', 'gemma-4-31b-it', { thinking: { by: 'level', efforts: ['minimal', 'high'] }, isNew: false }],
    // An endpoint of the operator's own.
    ['vertex', '1234567890', { thinking: undefined, isNew: true }],
  ])('%s %s', (provider, model, traits) => {
    expect(geminiTraits(model, capabilities(provider, model))).toEqual(traits)
  })
})
