import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adaptBody } from '../../src/pipeline/dialect.ts'
import type { DialectChange } from '../../src/pipeline/dialect.ts'
import { bedrockInvoke, vertex } from '../../src/protocols/anthropic/dialects.ts'
import { WATCHED } from '../../src/pipeline/watched.ts'
import { scanObject, splice } from '../../src/wire/json-scan.ts'

const CHANGE: DialectChange = { from: undefined, to: undefined, model: 'claude-x', stream: false, betas: [] }

function adapt(text: string, change: Partial<DialectChange>) {
  const body = Buffer.from(text)
  const adapted = adaptBody({ body, ...scanObject(body, undefined, WATCHED) }, { ...CHANGE, ...change })
  return {
    text: splice(body, adapted.edits).toString(),
    betas: adapted.betas,
    warnings: adapted.warnings.map(({ kind, field }) => `${kind} ${field}`),
  }
}

const BEDROCK = '"anthropic_version":"bedrock-2023-05-31"'
const VERTEX = '"anthropic_version":"vertex-2023-10-16"'
const toBedrock = { from: undefined, to: bedrockInvoke }
const toVertex = { from: undefined, to: vertex }

interface Row {
  name: string
  change: Partial<DialectChange>
  body: string
  becomes: string
  betas?: string[]
  warns?: string[]
}

const ROWS: Row[] = [
  {
    name: '#37 to Bedrock: model and stream go, the version comes first',
    change: toBedrock,
    body: '{"model":"m","stream":true,"max_tokens":1, "messages": []}',
    becomes: `{${BEDROCK},"max_tokens":1, "messages": []}`,
  },
  {
    name: '#37 wherever they stand',
    change: toBedrock,
    body: '{ "max_tokens" : 1 , "model" : "m" , "messages": [] , "stream" : false }',
    becomes: `{${BEDROCK}, "max_tokens" : 1 , "messages": [] }`,
  },
  {
    name: '#37 also when nothing else stands there',
    change: toBedrock,
    body: '{"model":"m","stream":true}',
    becomes: `{${BEDROCK}}`,
  },
  { name: '#37 and in an empty body', change: toBedrock, body: '{}', becomes: `{${BEDROCK}}` },
  {
    name: '#37 a name with an escape is the same name',
    change: toBedrock,
    body: '{"mod\\u0065l":"m","a":1}',
    becomes: `{${BEDROCK},"a":1}`,
  },
  {
    name: 'a client’s own version is kept',
    change: toBedrock,
    body: '{"anthropic_version":"mine","a":1}',
    becomes: '{"anthropic_version":"mine","a":1}',
  },
  {
    name: '#37 A3 betas move into the body, under the names that Bedrock knows',
    change: {
      ...toBedrock,
      betas: ['interleaved-thinking-2025-05-14', 'advanced-tool-use-2025-11-20', 'mcp-servers-2025-12-04'],
    },
    body: '{"model":"m","tools":[{"defer_loading":true}],"messages":[]}',
    becomes: `{${BEDROCK},"anthropic_beta":["interleaved-thinking-2025-05-14","tool-search-tool-2025-10-19"],"tools":[{"defer_loading":true}],"messages":[]}`,
    warns: ['dropped anthropic-beta: mcp-servers-2025-12-04'],
  },
  {
    name: 'A3 two names for one beta are one',
    change: { ...toBedrock, betas: ['tool-search-tool-2025-10-19', 'advanced-tool-use-2025-11-20'] },
    body: '{"a":"tool_reference"}',
    becomes: `{${BEDROCK},"anthropic_beta":["tool-search-tool-2025-10-19"],"a":"tool_reference"}`,
  },
  {
    name: 'A3 a beta that not every model takes is told where it is needed',
    change: {
      ...toBedrock,
      betas: ['tool-search-tool-2025-10-19', 'mid-conversation-tool-changes-2026-07-01'],
    },
    body: '{"messages":[{"type":"tool_addition"}]}',
    becomes: `{${BEDROCK},"anthropic_beta":["mid-conversation-tool-changes-2026-07-01"],"messages":[{"type":"tool_addition"}]}`,
  },
  {
    name: 'A3 no list where no beta is left',
    change: { ...toBedrock, betas: ['extended-cache-ttl-2025-04-11'] },
    body: '{"a":1}',
    becomes: `{${BEDROCK},"a":1}`,
    warns: ['dropped anthropic-beta: extended-cache-ttl-2025-04-11'],
  },
  {
    name: 'A1 A2 a field goes with its beta',
    change: { ...toBedrock, betas: ['context-management-2025-06-27'] },
    body: '{"a":1,"context_management":{"edits":[{"type":"clear_thinking_20251015"}]},"messages":[]}',
    becomes: `{${BEDROCK},"a":1,"messages":[]}`,
    warns: ['dropped anthropic-beta: context-management-2025-06-27', 'dropped context_management'],
  },
  {
    name: 'A4 on Vertex, too, and whatever else is Anthropic’s own',
    change: toVertex,
    body: '{"model":"m","service_tier":"auto","mcp_servers":[],"container":"c","speed":"fast","max_tokens":1,"inference_geo":"us"}',
    becomes: `{${VERTEX},"max_tokens":1}`,
    warns: [
      'dropped service_tier',
      'dropped mcp_servers',
      'dropped container',
      'dropped speed',
      'dropped inference_geo',
    ],
  },
  {
    name: 'A4 the form of an answer, which only Vertex does not know; the effort it does',
    change: toVertex,
    body: '{"output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}},"a":1}',
    becomes: `{${VERTEX},"output_config":{"effort":"low"},"a":1}`,
    warns: ['dropped output_config.format'],
  },
  {
    name: 'A4 … Bedrock knows it',
    change: toBedrock,
    body: '{"output_config":{"format":{"type":"json_schema","schema":{}}}}',
    becomes: `{${BEDROCK},"output_config":{"format":{"type":"json_schema","schema":{}}}}`,
  },
  {
    name: '#45 E1 on Vertex the stream stays in the body, betas in the header, and the order',
    change: { ...toVertex, stream: true, betas: ['effort-2025-11-24', 'advanced-tool-use-2025-11-20'] },
    body: '{"tools":[{"defer_loading":true}],"model":"m","system":"s","stream":true,"messages":[]}',
    becomes: `{${VERTEX},"tools":[{"defer_loading":true}],"system":"s","stream":true,"messages":[]}`,
    betas: ['effort-2025-11-24', 'tool-search-tool-2025-10-19'],
  },
  {
    name: 'the scope of a cache mark',
    change: { ...toBedrock, betas: ['prompt-caching-scope-2026-01-05'] },
    body: '{"system":[{"type":"text","text":"\\"scope\\"","cache_control":{"type":"ephemeral","scope":"global"}},{"scope":1}]}',
    becomes: `{${BEDROCK},"system":[{"type":"text","text":"\\"scope\\"","cache_control":{"type":"ephemeral"}},{"scope":1}]}`,
    warns: [
      'dropped anthropic-beta: prompt-caching-scope-2026-01-05',
      'dropped system[].cache_control.scope',
    ],
  },
  {
    name: 'the scope of a cache mark deep in the conversation',
    change: toBedrock,
    body: '{"messages":[{"role":"user","content":"x"},{"role":"user","content":[{"cache_control":{"scope":"global","type":"ephemeral"}}]}]}',
    becomes: `{${BEDROCK},"messages":[{"role":"user","content":"x"},{"role":"user","content":[{"cache_control":{"type":"ephemeral"}}]}]}`,
    warns: ['dropped messages[].content[].cache_control.scope'],
  },
  {
    name: '#2 the effort of a turn becomes the request’s, and its empty message goes',
    change: toBedrock,
    body: '{"output_config":{"effort":"high"},"messages":[{"role":"user","content":"a"},{"role":"system","content":[],"output_config":{"effort":"low"}}]}',
    becomes: `{${BEDROCK},"output_config":{"effort":"low"},"messages":[{"role":"user","content":"a"}]}`,
    warns: ['dropped messages[].role: system'],
  },
  {
    name: '#2 a message with text stays',
    change: toVertex,
    body: '{"messages":[{"role":"user","content":"a"},{"role":"system","content":"b","output_config":{"effort":"low"}}]}',
    becomes: `{${VERTEX},"output_config":{"effort":"low"},"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}`,
    warns: ['dropped messages[].output_config'],
  },
  {
    name: '#2 a message for a turn that is over goes; for the newest it stays',
    change: toBedrock,
    body: '{"messages":[{"role":"system","content":"a","clear_at":"next_user_message"},{"role":"user","content":"b"},{"role":"system","content":"c","clear_at":"next_user_message"}]}',
    becomes: `{${BEDROCK},"messages":[{"role":"user","content":"b"},{"role":"system","content":"c"}]}`,
    warns: ['dropped messages[].role: system', 'dropped messages[].clear_at'],
  },
  {
    name: '#2 an effort beside a form of the answer',
    change: toVertex,
    body: '{"output_config":{"format":{}},"messages":[{"role":"user","content":"a"},{"role":"system","output_config":{"effort":"low"}}]}',
    becomes: `{${VERTEX},"output_config":{"effort":"low"},"messages":[{"role":"user","content":"a"}]}`,
    warns: ['dropped output_config.format', 'dropped messages[].role: system'],
  },
  {
    name: 'from Bedrock to Anthropic: model and stream come, the version goes, betas move to the header',
    change: { from: bedrockInvoke, to: undefined, stream: true, betas: ['effort-2025-11-24'] },
    body: `{"max_tokens":1,"anthropic_beta":["interleaved-thinking-2025-05-14","effort-2025-11-24"],${BEDROCK},"context_management":{}}`,
    becomes: '{"model":"claude-x","stream":true,"max_tokens":1,"context_management":{}}',
    betas: ['effort-2025-11-24', 'interleaved-thinking-2025-05-14'],
  },
  {
    name: 'from Vertex to Anthropic',
    change: { from: vertex, to: undefined, stream: true, betas: ['web-search-2025-03-05'] },
    body: `{"stream":true,${VERTEX},"a":1}`,
    becomes: '{"model":"claude-x","stream":true,"a":1}',
    betas: ['web-search-2025-03-05'],
  },
  {
    name: 'from Bedrock to Vertex',
    change: { from: bedrockInvoke, to: vertex, stream: true },
    body: `{${BEDROCK},"anthropic_beta":["interleaved-thinking-2025-05-14","fine-grained-tool-streaming-2025-05-14"],"a":1}`,
    becomes: `{"stream":true,${VERTEX},"a":1}`,
    betas: ['interleaved-thinking-2025-05-14'],
    warns: ['dropped anthropic-beta: fine-grained-tool-streaming-2025-05-14'],
  },
  {
    name: 'from Vertex to Bedrock',
    change: { from: vertex, to: bedrockInvoke, stream: true, betas: ['web-search-2025-03-05'] },
    body: `{"stream":true,"a":1,${VERTEX}}`,
    becomes: `{${BEDROCK},"a":1}`,
    warns: ['dropped anthropic-beta: web-search-2025-03-05'],
  },
  {
    name: 'from Bedrock to Bedrock nothing changes, whatever it is',
    change: { from: bedrockInvoke, to: bedrockInvoke, betas: ['claude-code-20250219'] },
    body: '{"anthropic_beta":["x"],"context_management":{},"messages":[{"role":"system","output_config":{}}]}',
    becomes:
      '{"anthropic_beta":["x"],"context_management":{},"messages":[{"role":"system","output_config":{}}]}',
    betas: ['claude-code-20250219'],
  },
  {
    name: 'at Anthropic only the model’s name changes',
    change: {},
    body: '{"model":"m","context_management":{}}',
    becomes: '{"model":"claude-x","context_management":{}}',
  },
  {
    name: '… if it does',
    change: {},
    body: '{"model":"claude\\u002dx"}',
    becomes: '{"model":"claude\\u002dx"}',
  },
  {
    name: 'counting on Vertex needs the model in the body',
    change: { ...toVertex, count: true },
    body: '{"model":"m","messages":[]}',
    becomes: `{${VERTEX},"model":"claude-x","messages":[]}`,
  },
  {
    name: 'counting at Anthropic for a client of Vertex',
    change: { from: vertex, to: undefined, stream: true, count: true },
    body: `{${VERTEX},"messages":[]}`,
    becomes: '{"model":"claude-x","messages":[]}',
  },
  {
    name: 'what is malformed inside is for the upstream to judge',
    change: toBedrock,
    body: '{"system":[{"cache_control":{"scope":"a" "b"}}],"messages":[{"role":"user","output_config":[,]},1],"output_config":[1,,2]}',
    becomes: `{${BEDROCK},"system":[{"cache_control":{"scope":"a" "b"}}],"messages":[{"role":"user"},1],"output_config":[1,,2]}`,
    warns: ['dropped messages[].output_config'],
  },
]

describe('a body in the dialect of another host', () => {
  it.each(ROWS)('$name', ({ change, body, becomes, betas = [], warns = [] }) => {
    expect(adapt(body, change)).toEqual({ text: becomes, betas, warnings: warns })
  })
})

interface Capture {
  betas: string[]
  body: Record<string, unknown>
}

function capture(name: string): Capture {
  return JSON.parse(readFileSync(new URL(`../data/claude-hosts/${name}.json`, import.meta.url), 'utf8'))
}

describe('Claude Code’s own requests', () => {
  it.each(['anthropic', 'anthropic-second-turn', 'anthropic-safeguards'])(
    'A1 A4 %s becomes for Bedrock what it sends there itself',
    (name) => {
      const { body, betas } = capture(name)
      const adapted = adapt(JSON.stringify(body), { ...toBedrock, stream: true, betas })
      const theirs = capture('bedrock').body
      const sent = JSON.parse(adapted.text)
      expect(Object.keys(sent).toSorted()).toEqual(Object.keys(theirs).toSorted())
      expect(sent.anthropic_beta).toEqual(expect.arrayContaining(theirs['anthropic_beta'] as string[]))
      expect(adapted.text).not.toMatch(/"scope"|"context_management"|"safeguards"/)
      expect(sent.messages.map(Object.keys).flat()).not.toContain('output_config')
    },
  )

  it.each(['anthropic', 'anthropic-second-turn', 'anthropic-safeguards'])(
    'A1 A4 %s becomes for Vertex what it sends there itself',
    (name) => {
      const { body, betas } = capture(name)
      const adapted = adapt(JSON.stringify(body), { ...toVertex, stream: true, betas })
      const theirs = capture('vertex')
      expect(Object.keys(JSON.parse(adapted.text)).toSorted()).toEqual(Object.keys(theirs.body).toSorted())
      expect(theirs.betas).toEqual(expect.arrayContaining([...adapted.betas]))
    },
  )

  it.each([
    ['bedrock', bedrockInvoke],
    ['vertex', vertex],
  ] as const)('%s becomes a request to Anthropic with the same conversation', (name, from) => {
    const { body, betas } = capture(name)
    const sent = JSON.parse(adapt(JSON.stringify(body), { from, to: undefined, stream: true, betas }).text)
    expect(sent).toMatchObject({ model: 'claude-x', stream: true, messages: body['messages'] })
    expect(sent).not.toHaveProperty('anthropic_version')
    expect(sent).not.toHaveProperty('anthropic_beta')
  })
})

describe('any body', () => {
  const dialect = fc.constantFrom(undefined, bedrockInvoke, vertex)
  const names = [
    'model',
    'stream',
    'anthropic_version',
    'anthropic_beta',
    'context_management',
    'a',
    'ü',
    'speed',
  ]
  const value = fc.oneof(fc.constantFrom('"x"', '1', '[ ]', '{"a" : 1}', '"🚀\\""'))
  const space = fc.constantFrom('', ' ', '\n\t')
  const member = fc.tuple(fc.constantFrom(...names), space, value, space)
  const members = fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 8 })

  it('#45 E1 becomes another with the members that stay, byte for byte and in their order', () => {
    fc.assert(
      fc.property(members, dialect, dialect, fc.boolean(), (list, from, to, stream) => {
        const text = `{${list.map(([name, a, json, b]) => `${a}"${name}"${b}:${json}${a}`).join(',')}}`
        const adapted = adapt(text, { from, to, stream }).text
        const sent = JSON.parse(adapted)
        const isOwn = (name: string) => ['a', 'ü'].includes(name)
        const kept = list.filter(([name]) => isOwn(name))
        expect(Object.keys(sent).filter(isOwn)).toEqual(kept.map(([name]) => name))
        for (const [name, , json, b] of kept) expect(adapted).toContain(`"${name}"${b}:${json}`)
        if (to !== undefined && from?.id !== to.id)
          for (const name of to.without) expect(sent).not.toHaveProperty([name])
        if (from?.id === to?.id) return
        if (to === undefined) expect(sent).toMatchObject({ model: 'claude-x' })
        else expect(sent).toHaveProperty('anthropic_version')
      }),
    )
  })
})
