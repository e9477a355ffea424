import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entries } from '../../src/models/catalogue-file.ts'
import { fromModelsDev } from '../../src/models/models-dev.ts'
import type { ModelsDev } from '../../src/models/models-dev.ts'

/**
 * The edition of models.dev that OpenCode carries in its program, as the text of a JavaScript object: there is no
 * package with the table alone that is kept fresh.
 */
export function readModelsDev(folder: string): Entries {
  const program = readFileSync(join(folder, 'bin/opencode')).toString('latin1')
  const begin = /\(\{[\w"-]+:\{id:"[\w-]+",env:\[/.exec(program)?.index
  if (begin === undefined) throw new Error(`${folder}: no table of models in the program`)
  // The bytes are UTF-8; Latin-1 kept their places.
  const text = Buffer.from(objectAt(program, begin + 1), 'latin1').toString('utf8')
  return fromModelsDev(JSON.parse(toJson(text)) as ModelsDev)
}

function objectAt(text: string, begin: number): string {
  let depth = 0
  for (let at = begin; at < text.length; at++) {
    const character = text[at]!
    if (character === '"' || character === "'" || character === '`') at = endOfString(text, at)
    else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return text.slice(begin, at + 1)
  }
  throw new Error('the table of models has no end')
}

/** Where the string ends that begins at `at`. */
function endOfString(text: string, at: number): number {
  const quote = text[at]
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\') end++
    else if (text[end] === quote) return end
  }
  return text.length
}

/** Minified literals differ from JSON in bare names, `!0` and `!1`, `.5`, `1e6` and their quotes. */
function toJson(literal: string): string {
  let json = ''
  for (let at = 0; at < literal.length;) {
    const character = literal[at]!
    if (character === '"' || character === "'" || character === '`') {
      const end = endOfString(literal, at)
      json += JSON.stringify(unquoted(literal.slice(at + 1, end)))
      at = end + 1
      continue
    }
    const word = /^(?:!0|!1|void 0|-?\.?\d[\w.]*|[A-Za-z_$][\w$]*)/.exec(literal.slice(at, at + 80))?.[0]
    json += word === undefined ? character : jsonWord(word, literal[at + word.length] === ':')
    at += word?.length ?? 1
  }
  return json
}

function jsonWord(word: string, isName: boolean): string {
  if (isName) return JSON.stringify(word)
  if (word === '!0' || word === '!1') return String(word === '!0')
  if (word === 'void 0') return 'null'
  return /\d/.test(word) ? String(Number(word)) : word
}

function unquoted(text: string): string {
  return text.replace(/\\(u[\da-f]{4}|x[\da-f]{2}|.)/gi, (_, escape: string) => {
    if (/^[ux]./.test(escape)) return String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return { n: '\n', t: '\t', r: '\r' }[escape] ?? escape
  })
}
