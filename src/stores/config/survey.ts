import type * as z from 'zod/mini'
import { closest } from '../../lib/closest.ts'
import { notes } from './fields.ts'
import { formatPath, type Path } from './problem.ts'

/** What a valid file sets that has no effect here, each place once. */
export interface Survey {
  /** Known settings that this version does not serve. */
  readonly unserved: readonly string[]
  /** Those of them that were meant to limit access or spending. */
  readonly unenforced: readonly string[]
  /** Names that are no settings, with the setting that was probably meant. */
  readonly unknown: readonly string[]
}

/** Compares a valid value with the schema. A setting that is not served is named once, not with all its parts. */
export function survey(schema: z.core.$ZodType, value: unknown): Survey {
  const found = { unserved: new Set<string>(), unenforced: new Set<string>(), unknown: new Set<string>() }
  /** Of what is being visited. Named only where something is found: large files have a million settings. */
  const path: (string | number)[] = []
  visit(schema, value)
  return { unserved: [...found.unserved], unenforced: [...found.unenforced], unknown: [...found.unknown] }

  function visit(type: z.core.$ZodType, current: unknown): void {
    const { def } = (type as z.core.$ZodTypes)._zod
    if (current === null || typeof current !== 'object') return
    if (def.type === 'optional' || def.type === 'nullable') return visit(def.innerType, current)
    if (def.type === 'object') return visitBlock(def.shape, current as Record<string, unknown>)
    if (def.type === 'record')
      for (const [key, item] of Object.entries(current)) visitInside(def.valueType, item, key)
    // Positions would repeat a setting for each of a hundred keys.
    if (def.type === 'array') for (const item of current as unknown[]) visitInside(def.element, item, '[]')
  }

  function visitInside(type: z.core.$ZodType, current: unknown, part: string): void {
    path.push(part)
    visit(type, current)
    path.pop()
  }

  function visitBlock(shape: z.core.$ZodShape, block: Record<string, unknown>): void {
    // An object without known names is one that is not looked into.
    if (isEmpty(shape)) return
    for (const [key, setting] of Object.entries(block)) {
      const type = Object.hasOwn(shape, key) ? shape[key] : undefined
      if (type === undefined) {
        const meant = closest(key, Object.keys(shape))
        const place = placeName([...path, key])
        found.unknown.add(meant === undefined ? place : `${place} (did you mean ${meant}?)`)
        continue
      }
      const service = notes.get(type as z.ZodMiniType)?.service
      if (service === 'served') visitInside(type, setting, key)
      else found.unserved.add(placeName([...path, key]))
      if (service === 'unenforced') found.unenforced.add(placeName([...path, key]))
    }
  }
}

function isEmpty(shape: z.core.$ZodShape): boolean {
  for (const _ in shape) return false
  return true
}

function placeName(path: Path): string {
  return formatPath(path).replaceAll('["[]"]', '[]')
}
