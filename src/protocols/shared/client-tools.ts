import type { FunctionTool, JsonObject, ServerTool } from '../../message/request.ts'

/**
 * Anthropic's typed tools that the client runs itself. Claude knows their parameters by heart; every other model
 * has to be told, and then the client gets calls in the same form. Parameters as documented at
 * https://docs.claude.com/en/docs/agents-and-tools/tool-use (bash, text editor, memory, computer use).
 */
export function clientTool(tool: ServerTool): FunctionTool | undefined {
  const family = FAMILIES.find(({ type }) => type.test(tool.type))
  if (family === undefined) return undefined
  const { description, schema } = family.define(tool)
  return {
    kind: 'function',
    name: tool.name,
    description,
    schema,
    ...(tool.raw['defer_loading'] === true ? { deferred: true } : {}),
    extra: {},
  }
}

interface Definition {
  description: string
  schema: JsonObject
}

const FAMILIES: readonly { type: RegExp; define: (tool: ServerTool) => Definition }[] = [
  { type: /^bash_\d{8}$/, define: bash },
  { type: /^text_editor_\d{8}$/, define: textEditor },
  { type: /^memory_\d{8}$/, define: memory },
  { type: /^computer_\d{8}$/, define: computer },
]

const text = (description: string) => ({ type: 'string', description })
const integer = (description: string) => ({ type: 'integer', description })
const choice = (values: readonly string[], description: string) => ({
  type: 'string',
  enum: values,
  description,
})

function object(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: 'object', properties, required }
}

function bash(): Definition {
  return {
    description:
      'Runs a command in a bash session that stays open between calls: directory, variables and files persist.',
    schema: object(
      {
        command: text('The command to run.'),
        restart: { type: 'boolean', description: 'true: start a new session instead.' },
      },
      [],
    ),
  }
}

/** Since this version there is no undo, and the text to insert has its own parameter. */
const EDITOR_WITHOUT_UNDO = '20250429'

function textEditor(tool: ServerTool): Definition {
  const isNew = tool.type.slice(-8) >= EDITOR_WITHOUT_UNDO
  const commands = ['view', 'create', 'str_replace', 'insert', ...(isNew ? [] : ['undo_edit'])]
  return {
    description: `Views and edits text files. Commands: ${commands.join(', ')}.`,
    schema: object(
      {
        command: choice(commands, 'What to do.'),
        path: text('Absolute path of the file, or of a directory to view.'),
        view_range: {
          type: 'array',
          items: { type: 'integer' },
          description: 'view: first and last line, from 1; -1 is the end of the file.',
        },
        file_text: text('create: the whole content of the new file.'),
        old_str: text(
          'str_replace: the text to replace. It must stand in the file exactly once, white space included.',
        ),
        new_str: text(
          isNew ? 'str_replace: the new text.' : 'str_replace: the new text. insert: the text to insert.',
        ),
        insert_line: integer(
          'insert: the number of the line to insert after; 0 is the beginning of the file.',
        ),
        ...(isNew ? { insert_text: text('insert: the text to insert.') } : {}),
      },
      ['command', 'path'],
    ),
  }
}

function memory(): Definition {
  return {
    description:
      'Keeps notes in files below /memories that persist between conversations. Look there before starting a task.',
    schema: object(
      {
        command: choice(['view', 'create', 'str_replace', 'insert', 'delete', 'rename'], 'What to do.'),
        path: text('Path below /memories; for all commands but rename.'),
        view_range: {
          type: 'array',
          items: { type: 'integer' },
          description: 'view: first and last line of a file.',
        },
        file_text: text('create: the whole content of the file.'),
        old_str: text('str_replace: the text to replace.'),
        new_str: text('str_replace: the new text.'),
        insert_line: integer('insert: the number of the line to insert at.'),
        insert_text: text('insert: the text to insert.'),
        old_path: text('rename: the path now.'),
        new_path: text('rename: the path then.'),
      },
      ['command'],
    ),
  }
}

const POINTER_ACTIONS = [
  'left_click',
  'right_click',
  'middle_click',
  'double_click',
  'left_click_drag',
  'mouse_move',
]
const FIRST_ACTIONS = ['key', 'type', ...POINTER_ACTIONS, 'cursor_position', 'screenshot']
const LATER_ACTIONS = ['triple_click', 'left_mouse_down', 'left_mouse_up', 'scroll', 'hold_key', 'wait']

function computer(tool: ServerTool): Definition {
  const version = tool.type.slice(-8)
  const { display_width_px: width, display_height_px: height, enable_zoom: zoom } = tool.raw
  const later = version >= '20250124'
  const actions = [...FIRST_ACTIONS, ...(later ? LATER_ACTIONS : []), ...(zoom === true ? ['zoom'] : [])]
  const point = { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 }
  return {
    description:
      `Controls mouse and keyboard of a screen of ${String(width)} by ${String(height)} pixels and takes screenshots. ` +
      'Take a screenshot first, and again after each action to see what it did.',
    schema: object(
      {
        action: choice(actions, 'What to do.'),
        coordinate: {
          ...point,
          description: 'x and y in pixels from the upper left: where to click, move, drag to or scroll.',
        },
        start_coordinate: { ...point, description: 'left_click_drag: x and y where the drag begins.' },
        text: text(
          'type: the text. key, hold_key: keys in xdotool syntax, e.g. "ctrl+s". Clicks and scroll: a key to hold.',
        ),
        ...(later
          ? {
              scroll_direction: choice(['up', 'down', 'left', 'right'], 'scroll: where to.'),
              scroll_amount: integer('scroll: by how many clicks of the wheel.'),
              duration: { type: 'number', description: 'hold_key, wait: for how many seconds.' },
            }
          : {}),
        ...(zoom === true
          ? {
              region: {
                type: 'array',
                items: { type: 'integer' },
                minItems: 4,
                maxItems: 4,
                description: 'zoom: x0, y0, x1, y1 in pixels.',
              },
            }
          : {}),
      },
      ['action'],
    ),
  }
}
