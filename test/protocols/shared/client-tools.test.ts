import { describe, expect, it } from 'vitest'
import { clientTool } from '../../../src/protocols/shared/client-tools.ts'
import type { Json } from '../../support/provider/json.ts'

function server(type: string, name: string, raw: Record<string, unknown> = {}) {
  return clientTool({ kind: 'server', type, name, raw: { type, name, ...raw } })
}

const COMMANDS: [type: string, name: string, choice: string, values: string[]][] = [
  [
    'text_editor_20241022',
    'str_replace_editor',
    'command',
    ['view', 'create', 'str_replace', 'insert', 'undo_edit'],
  ],
  [
    'text_editor_20250124',
    'str_replace_editor',
    'command',
    ['view', 'create', 'str_replace', 'insert', 'undo_edit'],
  ],
  [
    'text_editor_20250429',
    'str_replace_based_edit_tool',
    'command',
    ['view', 'create', 'str_replace', 'insert'],
  ],
  [
    'text_editor_20250728',
    'str_replace_based_edit_tool',
    'command',
    ['view', 'create', 'str_replace', 'insert'],
  ],
  ['memory_20250818', 'memory', 'command', ['view', 'create', 'str_replace', 'insert', 'delete', 'rename']],
]

describe('#17 tools that the client runs', () => {
  it.each(COMMANDS)('%s', (type, name, choice, values) => {
    const tool = server(type, name)!
    expect(tool).toMatchObject({
      kind: 'function',
      name,
      schema: { type: 'object', properties: { [choice]: { enum: values } } },
    })
  })

  it('bash takes a command or a restart', () => {
    const { schema } = server('bash_20250124', 'bash')!
    expect(Object.keys(schema!['properties'] as object)).toEqual(['command', 'restart'])
  })

  it('the text to insert is new_str in the older editor and insert_text in the newer', () => {
    const properties = (type: string) => Object.keys(server(type, 'x')!.schema!['properties'] as object)
    expect(properties('text_editor_20250124')).not.toContain('insert_text')
    expect(properties('text_editor_20250728')).toContain('insert_text')
  })

  it('computer knows its screen, and scrolls and zooms only where it can', () => {
    const display = { display_width_px: 1024, display_height_px: 768 }
    const actions = (tool: ReturnType<typeof clientTool>) => (tool!.schema as Json).properties.action.enum
    const first = server('computer_20241022', 'computer', display)
    expect(first!.description).toContain('1024 by 768')
    expect(actions(first)).not.toContain('scroll')
    expect(actions(server('computer_20250124', 'computer', display))).toContain('scroll')
    expect(actions(server('computer_20251124', 'computer', display))).not.toContain('zoom')
    expect(actions(server('computer_20251124', 'computer', { ...display, enable_zoom: true }))).toContain(
      'zoom',
    )
  })

  it.each([
    'web_search_20250305',
    'web_fetch_20250910',
    'code_execution_20250825',
    'tool_search_tool_regex_20251119',
    'bash_code_execution',
  ])('%s runs at the provider', (type) => {
    expect(server(type, 'x')).toBeUndefined()
  })

  it('keeps a tool deferred', () => {
    expect(server('bash_20250124', 'bash', { defer_loading: true })).toMatchObject({ deferred: true })
  })
})
