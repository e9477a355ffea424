import type { PostgresConnection } from './connection.ts'
import { MIGRATIONS } from './schema.ts'

/** Of Postgres' advisory locks, which a database has once: the letters `signalbx`. */
const LOCK = '8316866936012178040'
/** Another gateway may be making the schema, and a large one takes its time. */
const TIMEOUT_MS = 30_000
const ASK_TIMEOUT_MS = 1_000

/**
 * Brings the schema to the newest version, whoever else begins at the same moment. Throws when it is newer than this
 * program, and when the user may not make it.
 */
export async function migrate(connection: PostgresConnection): Promise<void> {
  if ((await versionOf(connection)) === MIGRATIONS.length) return
  await connection.query('BEGIN', [], TIMEOUT_MS)
  try {
    await connection.query(`SELECT pg_advisory_xact_lock(${LOCK})`, [], TIMEOUT_MS)
    const from = await versionOf(connection)
    for (const sql of MIGRATIONS.slice(from)) await connection.query(sql, [], TIMEOUT_MS)
    await connection.query(
      `UPDATE signalbox_ledger.version SET number = ${MIGRATIONS.length}`,
      [],
      TIMEOUT_MS,
    )
    await connection.query('COMMIT', [], TIMEOUT_MS)
  } catch (error) {
    await connection.query('ROLLBACK', [], TIMEOUT_MS).catch(() => {})
    throw error
  }
}

/** `to_regclass` would do, but answers from before the lock was waited for. */
const IS_MADE = `SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'signalbox_ledger' AND c.relname = 'version'`

async function versionOf(connection: PostgresConnection): Promise<number> {
  const made = await connection.query(IS_MADE, [], ASK_TIMEOUT_MS)
  if (made.length === 0) return 0
  const [row] = await connection.query('SELECT number FROM signalbox_ledger.version', [], ASK_TIMEOUT_MS)
  const version = Number(row?.['number'])
  if (version > MIGRATIONS.length)
    throw new Error(
      `its schema signalbox_ledger is of a newer Signalbox (version ${version}, this one knows ${MIGRATIONS.length})`,
    )
  return version
}
