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
  readonly unknown: readonly { readonly place: string; readonly meant: string | undefined }[]
  /** Where each of all these places is for the first time. */
  readonly paths: ReadonlyMap<string, Path>
}

/** Compares a valid value with the schema. A setting that is not served is named once, not with all its parts. */
export function survey(schema: z.core.$ZodType, value: unknown): Survey {
  const found = { unserved: new Set<string>(), unenforced: new Set<string>() }
  const unknown = new Map<string, string | undefined>()
  const paths = new Map<string, Path>()
  /** Of what is being visited. Named only where something is found: large files have a million settings. */
  const path: (string | number)[] = []
  visit(schema, value)
  return {
    unserved: [...found.unserved],
    unenforced: [...found.unenforced],
    unknown: [...unknown].map(([place, meant]) => ({ place, meant })),
    paths,
  }

  function visit(type: z.core.$ZodType, current: unknown): void {
    const { def } = (type as z.core.$ZodTypes)._zod
    if (current === null || typeof current !== 'object') return
    if (def.type === 'optional' || def.type === 'nullable') return visit(def.innerType, current)
    if (def.type === 'object') return visitBlock(def.shape, current as Record<string, unknown>)
    if (def.type === 'record')
      for (const [key, item] of Object.entries(current)) visitInside(def.valueType, item, key)
    if (def.type === 'array')
      for (const [index, item] of (current as unknown[]).entries()) visitInside(def.element, item, index)
  }

  function visitInside(type: z.core.$ZodType, current: unknown, part: string | number): void {
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
        unknown.set(noted(key), closest(key, Object.keys(shape)))
        continue
      }
      const service = notes.get(type as z.ZodMiniType)?.service
      if (service === 'served') visitInside(type, setting, key)
      else found.unserved.add(noted(key))
      if (service === 'unenforced') found.unenforced.add(noted(key))
    }
  }

  /** The name of the place within what is being visited. */
  function noted(key: string): string {
    const full = [...path, key]
    const place = placeName(full)
    if (!paths.has(place)) paths.set(place, full)
    return place
  }
}

function isEmpty(shape: z.core.$ZodShape): boolean {
  for (const _ in shape) return false
  return true
}

/** Without positions, which would repeat a setting for each of a hundred keys. */
function placeName(path: Path): string {
  return formatPath(path.map((part) => (typeof part === 'number' ? '[]' : part))).replaceAll('["[]"]', '[]')
}
