import { jsonSchema } from '../../src/stores/config/json-schema.ts'

/** The part of a JSON schema that the table shows. */
interface Part {
  type?: string
  enum?: readonly string[]
  anyOf?: readonly Part[]
  minimum?: number
  maximum?: number
  description?: string
  default?: unknown
  'x-served'?: boolean
  properties?: Readonly<Record<string, Part>>
  required?: readonly string[]
  items?: Part
  additionalProperties?: Part
}

/** Every setting as Markdown: first those that this version serves, then those that it accepts. */
export function settingsTables(): string {
  const rows = { served: [] as string[], accepted: [] as string[] }
  collect(jsonSchema(), '', true)
  return [
    '### Served',
    '',
    '| setting | value | default | |',
    '|---|---|---|---|',
    ...rows.served,
    '',
    '### Accepted, not served by this version',
    '',
    '| setting | value | |',
    '|---|---|---|',
    ...rows.accepted,
  ].join('\n')

  function collect(part: Part, path: string, isServed: boolean): void {
    for (const [name, setting] of Object.entries(part.properties ?? {})) {
      const settingPath = path === '' ? name : `${path}.${name}`
      const servedHere = isServed && setting['x-served'] !== false
      const absent = part.required?.includes(name) === true ? 'required' : defaultOf(setting)
      const cells = [
        `\`${settingPath}\``,
        valueOf(setting),
        ...(servedHere ? [absent] : []),
        setting.description ?? '',
      ]
      rows[servedHere ? 'served' : 'accepted'].push(`| ${cells.map(escapeCell).join(' | ')} |`)
      collectInside(setting, settingPath, servedHere)
    }
  }

  function collectInside(setting: Part, path: string, isServed: boolean): void {
    if (setting.items !== undefined) collect(setting.items, `${path}[]`, isServed)
    else if (setting.type === 'object' && setting.additionalProperties?.properties !== undefined) {
      collect(setting.additionalProperties, `${path}.<name>`, isServed)
    } else collect(setting, path, isServed)
  }
}

function defaultOf(part: Part): string {
  return part.default === undefined ? '' : `\`${JSON.stringify(part.default)}\``
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function valueOf(part: Part): string {
  if (part.anyOf !== undefined) {
    // The object form of a text is how the admin API writes what the file writes as `env.NAME`.
    if (part.anyOf.some((option) => option.properties?.['env_var'] !== undefined)) return 'text or `env.NAME`'
    return [...new Set(part.anyOf.map(valueOf))].join(' or ')
  }
  if (part.enum !== undefined) return part.enum.map((value) => `\`${value}\``).join(', ')
  if (part.type === 'boolean') return '`true`, `false`'
  if (part.type === 'string') return 'text'
  if (part.type === 'null') return '`null`'
  if (part.type === 'integer' || part.type === 'number')
    return `${part.type === 'integer' ? 'whole number' : 'number'}${range(part)}`
  if (part.type === 'array')
    return part.items?.properties === undefined ? `list: ${valueOf(part.items ?? {})}` : 'list'
  if (part.type !== 'object') return 'anything'
  const value = part.additionalProperties
  if (value === undefined || Object.keys(value).length === 0 || value.properties !== undefined)
    return 'object'
  return `object: name → ${valueOf(value)}`
}

function range({ minimum, maximum }: Part): string {
  if (minimum !== undefined && maximum !== undefined) return ` ${minimum}–${maximum}`
  return minimum === undefined ? '' : ` ≥ ${minimum}`
}
