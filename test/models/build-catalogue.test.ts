import { expect, it } from 'vitest'
import { mergeSources } from '../../scripts/catalogue/merge.ts'
import type { CatalogueEntry } from '../../src/models/catalogue-file.ts'

type Table = Record<string, CatalogueEntry>

const CHAT: CatalogueEntry = { context: 1000, input: ['text'], tools: true, reasoning: false }

const ROWS: [title: string, prices: Table, limits: Table, merged: Table, conflicts: string[]][] = [
  [
    'prices add the kinds that only they know',
    { 'groq/a': { context: 900, price: { input: 10, output: 20, input_audio: 30 } } },
    { 'groq/a': { ...CHAT, price: { input: 10, output: 20, cache_read: 1 } } },
    { 'groq/a': { ...CHAT, price: { input: 10, output: 20, cache_read: 1, input_audio: 30 } } },
    [],
  ],
  [
    'not when they are of another day: the fresher source stands alone, and it is said',
    { 'groq/a': { price: { input: 40, output: 20, input_audio: 30 }, tiers: [{ above: 5, input: 80 }] } },
    { 'groq/a': { ...CHAT, price: { input: 10, output: 20 } } },
    { 'groq/a': { ...CHAT, price: { input: 10, output: 20 } } },
    ['groq/a input: 10 taken, not 40'],
  ],
  [
    'a dated spelling gets the kinds of the undated one',
    { 'groq/a': { price: { input: 10, web_search: 7 } } },
    { 'groq/a-20260101': { ...CHAT, price: { input: 10 } } },
    { 'groq/a-20260101': { ...CHAT, price: { input: 10, web_search: 7 } } },
    [],
  ],
  [
    'a model that only prices know has only prices; case does not make another model',
    { 'groq/B': { deprecated: true, price: { input: 10 } }, 'groq/A': { price: { output: 1 } } },
    { 'groq/a': { ...CHAT } },
    { 'groq/B': { deprecated: true, price: { input: 10 } }, 'groq/a': { ...CHAT, price: { output: 1 } } },
    [],
  ],
  [
    'the old price of an alias that has moved on is dropped',
    { 'mistral/a': { price: { input: 40 } } },
    { 'mistral/a-latest': { ...CHAT, price: { input: 10 } } },
    { 'mistral/a-latest': { ...CHAT, price: { input: 10 } } },
    [],
  ],
  [
    'one threshold, written in two ways, is one tier',
    { 'xai/a': { price: { input: 10 }, tiers: [{ above: 199, input: 20, cache_read: 2 }] } },
    { 'xai/a': { ...CHAT, price: { input: 10 }, tiers: [{ above: 200, input: 20 }] } },
    { 'xai/a': { ...CHAT, price: { input: 10 }, tiers: [{ above: 200, input: 20, cache_read: 2 }] } },
    [],
  ],
  [
    'a window that ends at the first tier is the true one from elsewhere, or unknown',
    {},
    {
      'azure/a': { ...CHAT, context: 5000 },
      'openai/a': { ...CHAT, tiers: [{ above: 1000, input: 1 }] },
      'openai/b': { ...CHAT, tiers: [{ above: 1000, input: 1 }] },
    },
    {
      'azure/a': { ...CHAT, context: 5000 },
      'openai/a': { ...CHAT, context: 5000, tiers: [{ above: 1000, input: 1 }] },
      'openai/b': { input: ['text'], tools: true, reasoning: false, tiers: [{ above: 1000, input: 1 }] },
    },
    [],
  ],
  [
    'a batch is a percentage of the model, and of the maker’s where that costs the same',
    {},
    {
      'xai/grok-9': { ...CHAT, price: { input: 10, output: 20 } },
      'xai/grok-8': { ...CHAT, price: { input: 11, output: 20 } },
      'openrouter/x-ai/grok-9': { ...CHAT, price: { input: 10, output: 20 } },
      'openrouter/x-ai/grok-9:batch': { ...CHAT, price: { input: 8, output: 16 } },
      'openrouter/x-ai/grok-8': { ...CHAT, price: { input: 10, output: 20 } },
      'openrouter/x-ai/grok-8:batch': { ...CHAT, price: { input: 5, output: 10 } },
      'openrouter/x/uneven': { ...CHAT, price: { input: 10, output: 20 } },
      'openrouter/x/uneven:batch': { ...CHAT, price: { input: 5, output: 19 } },
    },
    {
      'xai/grok-9': { ...CHAT, price: { input: 10, output: 20 }, services: { batch: 80 } },
      'xai/grok-8': { ...CHAT, price: { input: 11, output: 20 } },
      'openrouter/x-ai/grok-9': { ...CHAT, price: { input: 10, output: 20 }, services: { batch: 80 } },
      'openrouter/x-ai/grok-8': { ...CHAT, price: { input: 10, output: 20 }, services: { batch: 50 } },
      'openrouter/x/uneven': { ...CHAT, price: { input: 10, output: 20 } },
    },
    [],
  ],
  [
    'F4 one-hour cache writes of Claude, in every tier',
    {},
    {
      'anthropic/claude-x': {
        ...CHAT,
        price: { input: 10, cache_write_5m: 12 },
        tiers: [{ above: 9, input: 20, cache_write_5m: 25 }],
      },
    },
    {
      'anthropic/claude-x': {
        ...CHAT,
        price: { input: 10, cache_write_5m: 12, cache_write_1h: 20, web_search: 10_000_000_000 },
        tiers: [{ above: 9, input: 20, cache_write_5m: 25, cache_write_1h: 40 }],
        services: { batch: 50, us: 110 },
      },
    },
    [],
  ],
  [
    'clouds have the abilities of the maker’s model',
    {},
    {
      'anthropic/claude-x': {
        ...CHAT,
        reasoning: true,
        efforts: ['low'],
        sampling: false,
        adaptive: true,
        price: {},
      },
      'bedrock/us.anthropic.claude-x-v1:0': { ...CHAT, reasoning: true },
      'openrouter/anthropic/claude-x': { ...CHAT, reasoning: true },
    },
    {
      'anthropic/claude-x': {
        ...CHAT,
        reasoning: true,
        efforts: ['low'],
        sampling: false,
        adaptive: true,
        price: { web_search: 10_000_000_000 },
      },
      'bedrock/us.anthropic.claude-x-v1:0': {
        ...CHAT,
        reasoning: true,
        efforts: ['low'],
        sampling: false,
        adaptive: true,
      },
      'openrouter/anthropic/claude-x': { ...CHAT, reasoning: true },
    },
    [],
  ],
]

const GAPS: [title: string, limits: Table, gap: Table, merged: Table, conflicts: string[]][] = [
  [
    'a further source fills what is not known',
    { 'groq/a': { ...CHAT, price: { input: 10, output: 20 } } },
    {
      'groq/A': {
        name: 'A',
        released: '2026-01-02',
        context: 5,
        max_output: 7,
        input: ['text', 'pdf'],
        price: { input: 10, output: 20, cache_read: 1 },
        services: { priority: { input: 15 } },
      },
    },
    {
      'groq/a': {
        ...CHAT,
        name: 'A',
        released: '2026-01-02',
        max_output: 7,
        input: ['text', 'pdf'],
        price: { input: 10, output: 20, cache_read: 1 },
        services: { priority: { input: 15 } },
      },
    },
    [],
  ],
  [
    'but no rates of another day',
    { 'groq/a': { ...CHAT, price: { input: 10, output: 20 } } },
    { 'groq/a': { price: { input: 11, output: 20, cache_read: 1 } } },
    { 'groq/a': { ...CHAT, price: { input: 10, output: 20 } } },
    ['groq/a input: 10 taken, not 11'],
  ],
  [
    'and of a model that is here under another spelling only the name',
    { 'groq/a': { ...CHAT } },
    { 'groq/a-20260101': { name: 'A', context: 5, price: { input: 11 } } },
    { 'groq/a': { ...CHAT, name: 'A' } },
    [],
  ],
  ['adds what nobody else has', {}, { 'groq/b': { name: 'B' } }, { 'groq/b': { name: 'B' } }, []],
]

it.each(GAPS)('%s', (_title, limits, gap, merged, conflicts) => {
  const table = (rows: Table) => new Map(Object.entries(structuredClone(rows)))
  const result = mergeSources(new Map(), table(limits), table(gap))
  expect(Object.fromEntries(result.entries)).toEqual(merged)
  expect(result.conflicts).toEqual(conflicts)
})

it.each(ROWS)('%s', (_title, prices, limits, merged, conflicts) => {
  const result = mergeSources(
    new Map(Object.entries(structuredClone(prices))),
    new Map(Object.entries(structuredClone(limits))),
  )
  expect(Object.fromEntries(result.entries)).toEqual(merged)
  expect(result.conflicts).toEqual(conflicts)
})
