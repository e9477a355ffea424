import type { KeyHash } from '../config/key-hash.ts'
import { fields } from '../config/raw.ts'
import { canonicalJson, saysTheSame, withoutSecrets, written } from './identity.ts'
import { SettingsRefused } from './port.ts'
import type { Body, Change, ObjectKind, StoredObject } from './port.ts'

/** What has to be written and forgotten for a change. */
export interface Rows {
  readonly put: readonly StoredObject[]
  readonly forget: readonly Pick<StoredObject, 'kind' | 'id'>[]
}

/**
 * A change as rows of the store. What is the same as in the file is no row: from then on the file says it again. Throws
 * {@link SettingsRefused} for objects of a file that is the source of truth.
 */
export function rowsOf(
  { put = [], remove = [] }: Change,
  file: unknown,
  stored: readonly StoredObject[],
  hash: KeyHash,
  nowMs: number,
): Rows {
  const inFile = (kind: ObjectKind, id: string) => written(file, kind).find((each) => each.id === id)?.body
  const row = (kind: ObjectKind, id: string, body: Body | null, ofFile: Body | undefined): StoredObject => {
    const before = stored.find((each) => each.kind === kind && each.id === id)
    const fileHash = ofFile && hash.of(canonicalJson(ofFile))
    return { kind, id, body, fileHash, createdAtMs: before?.createdAtMs ?? nowMs, updatedAtMs: nowMs }
  }
  const rows: { put: StoredObject[]; forget: Pick<StoredObject, 'kind' | 'id'>[] } = { put: [], forget: [] }
  for (const { kind, id, body } of put) {
    const ofFile = inFile(kind, id)
    if (ofFile !== undefined) refuseWhereFileWins(file, kind, id)
    if (ofFile !== undefined && saysTheSame(kind, ofFile, body)) rows.forget.push({ kind, id })
    else rows.put.push(row(kind, id, withoutSecrets(kind, body), ofFile))
  }
  for (const { kind, id } of remove) {
    const ofFile = inFile(kind, id)
    if (ofFile === undefined) rows.forget.push({ kind, id })
    else {
      refuseWhereFileWins(file, kind, id)
      rows.put.push(row(kind, id, null, ofFile))
    }
  }
  return rows
}

/** What is stored after a change, in the order in which it was first made. */
export function after({ put, forget }: Rows, stored: readonly StoredObject[]): StoredObject[] {
  const changed = new Map(put.map((row) => [keyOf(row), row]))
  const gone = new Set(forget.map(keyOf))
  const before = new Set(stored.map(keyOf))
  const kept = stored.filter((row) => !gone.has(keyOf(row)))
  return [
    ...kept.map((row) => changed.get(keyOf(row)) ?? row),
    ...put.filter((row) => !before.has(keyOf(row))),
  ]
}

export function keyOf({ kind, id }: Pick<StoredObject, 'kind' | 'id'>): string {
  return `${kind}/${id}`
}

/** `source_of_truth` of a file: nothing of it may be changed but by the file. */
export function fileWins(file: unknown): boolean {
  return fields(file)['source_of_truth'] === 'config.json'
}

function refuseWhereFileWins(file: unknown, kind: ObjectKind, id: string): void {
  if (!fileWins(file)) return
  const message = `${kind} ${JSON.stringify(id)} stands in the configuration file, which is the source_of_truth: change it there.`
  throw new SettingsRefused([], message)
}
