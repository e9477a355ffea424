import { flatText } from '../../lib/flat-text.ts'
import type { Body, ListedKind, ObjectKind, SettingsObject, StoredObject } from './port.ts'
import { LISTED_KINDS } from './port.ts'
import { canonicalJson, saysTheSame, written } from './identity.ts'
import type { Written } from './identity.ts'
import { fileWins } from './rows.ts'

export interface ReconcileInput {
  /** The file's settings as they were parsed; undefined: there is no file. */
  readonly file: unknown
  readonly stored: readonly StoredObject[]
  /** Of an object's canonical text. */
  readonly hashOf: (text: string) => string
}

const KINDS = [...(Object.keys(LISTED_KINDS) as ListedKind[]), 'provider_keys', 'auth_config'] as const

/** File and API together. */
export interface Reconciled {
  readonly objects: ReadonlyMap<ObjectKind, readonly SettingsObject[]>
  /** What the API made and the file has overruled since. */
  readonly overruled: readonly StoredObject[]
}

/**
 * Which version of each object counts. The API's, while the file still says what it said when the API first changed
 * the object; the file's, once the file has been changed there. What was deleted over the API stays away as long; what
 * is taken out of the file is gone, whatever the API made of it, for whoever takes a key out of the file wants it shut.
 * A file that is not there at all says nothing. Pure.
 */
export function reconcile({ file, stored, hashOf }: ReconcileInput): Reconciled {
  const objects = new Map<ObjectKind, SettingsObject[]>()
  const overruled: StoredObject[] = []
  const wins = fileWins(file)
  for (const kind of KINDS) {
    const rows = new Map(stored.filter((row) => row.kind === kind).map((row) => [row.id, row]))
    const merged: SettingsObject[] = []
    for (const each of written(file, kind)) {
      const row = rows.get(each.id)
      rows.delete(each.id)
      const counts = row !== undefined && !wins && row.fileHash === hashOf(canonicalJson(each.body))
      if (row !== undefined && !counts) overruled.push(row)
      if (!counts) merged.push(ofFile(kind, each))
      else if (row.body !== null) merged.push(ofApi(row, each.body))
    }
    for (const row of rows.values()) {
      if (row.fileHash === undefined && row.body !== null) merged.push(ofApi(row, undefined))
      else if (file !== undefined) overruled.push(row)
    }
    objects.set(kind, merged)
  }
  return { objects, overruled }
}

function ofFile(kind: ObjectKind, { id, body, place }: Written): SettingsObject {
  return {
    kind,
    id,
    body,
    source: 'file',
    place: flatText(place),
    fileDiffers: false,
    createdAtMs: undefined,
    updatedAtMs: undefined,
    problem: undefined,
  }
}

function ofApi(
  { kind, id, body, createdAtMs, updatedAtMs }: StoredObject,
  inFile: Body | undefined,
): SettingsObject {
  return {
    kind,
    id,
    body: body!,
    source: 'api',
    place: placeOfApi(kind, id),
    fileDiffers: inFile !== undefined && !saysTheSame(kind, inFile, body!),
    createdAtMs,
    updatedAtMs,
    problem: undefined,
  }
}

/** `virtual-keys/dev`, as in the path of its route. */
export function placeOfApi(kind: ObjectKind, id: string): string {
  if (kind === 'auth_config') return `session/${id}`
  return `${kind === 'provider_keys' ? 'provider-keys' : LISTED_KINDS[kind]}/${id}`
}
