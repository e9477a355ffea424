import { type Json, isObject, listOf } from './json.ts'

/**
 * What a schema in the API's own form must fulfil, beyond its names. Free JSON schemas (`parametersJsonSchema`) are
 * not checked.
 */
export function checkGeminiSchema(schema: Json, at: string): string[] {
  if (!isObject(schema)) return []
  const type = String(schema.type ?? '').toUpperCase()
  const properties = isObject(schema.properties) ? schema.properties : {}
  const names = Object.keys(properties)
  const isUnion = listOf(schema.anyOf).length > 0
  const wrong: string[] = []
  if (type === 'OBJECT' && names.length === 0) {
    wrong.push(`${at}.properties: should be non-empty for OBJECT type`)
  }
  if (type === 'ARRAY' && !schema.items && !isUnion) wrong.push(`${at}.items: missing field.`)
  if (listOf(schema.enum).length > 0 && type !== 'STRING')
    wrong.push(`${at}.enum: only allowed for STRING type`)
  for (const [index, value] of listOf(schema.enum).entries()) {
    if (value === '') wrong.push(`${at}.enum[${index}]: cannot be empty`)
  }
  if (type === 'STRING' && schema.format && !['enum', 'date-time'].includes(schema.format)) {
    wrong.push(`${at}.format: only 'enum' and 'date-time' are supported for STRING type`)
  }
  for (const [index, name] of listOf(schema.required).entries()) {
    if (!names.includes(name)) wrong.push(`${at}.required[${index}]: property is not defined`)
  }
  const children: [string, Json][] = [
    ...Object.entries(properties).map(([name, one]): [string, Json] => [`${at}.properties["${name}"]`, one]),
    ...listOf(schema.anyOf).map((one, index): [string, Json] => [`${at}.any_of[${index}]`, one]),
    [`${at}.items`, schema.items],
  ]
  return [...wrong, ...children.flatMap(([path, one]) => checkGeminiSchema(one, path))]
}
