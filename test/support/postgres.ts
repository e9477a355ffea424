import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { PostgresAccess } from '../../src/stores/config/configuration.ts'
import { makeCertificates } from './certificates.ts'

const USER = 'signalbox'
const PASSWORD = 'words with = and " and \' in them'
const START_MS = 30_000

/** A real PostgreSQL, in a directory and on a port of its own. */
export class Postgres {
  readonly #programs: string
  readonly #directory: string
  readonly #port: number
  readonly #as: { uid: number; gid: number } | undefined
  #server: ChildProcess | undefined
  #databases = 0

  private constructor(
    programs: string,
    directory: string,
    port: number,
    as: { uid: number; gid: number } | undefined,
  ) {
    this.#programs = programs
    this.#directory = directory
    this.#port = port
    this.#as = as
  }

  /** Throws where PostgreSQL is not installed. */
  static async start(): Promise<Postgres> {
    const directory = mkdtempSync(join(tmpdir(), 'signalbox-postgres-'))
    const as = unprivileged()
    if (as !== undefined) chownSync(directory, as.uid, as.gid)
    const postgres = new Postgres(programsDirectory(), directory, await freePort(), as)
    postgres.#initialise()
    await postgres.start()
    return postgres
  }

  /** Starts it again after {@link stop}. */
  async start(): Promise<void> {
    const flags = ['-D', join(this.#directory, 'data'), '-p', String(this.#port)]
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      // A test ends it hard, never the machine.
      fsync: 'off',
      ssl: 'on',
      ssl_cert_file: join(this.#directory, 'certificate.pem'),
      ssl_key_file: join(this.#directory, 'key.pem'),
      max_connections: '200',
      deadlock_timeout: '200ms',
    }
    const set = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    this.#server = spawn(join(this.#programs, 'postgres'), [...flags, ...set], {
      ...this.#as,
      cwd: this.#directory,
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    const deadline = performance.now() + START_MS
    while (!(await this.#answers())) {
      if (performance.now() > deadline || this.#server.exitCode !== null)
        throw new Error(`PostgreSQL did not start (exit code ${this.#server.exitCode})`)
      await sleep(20)
    }
  }

  /** At once, as when it is killed: every connection is cut, and what was not committed is gone. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined || server.exitCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGQUIT')
    await exited
  }

  async close(): Promise<void> {
    await this.stop()
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 })
  }

  /** A database that nothing is in. */
  async newDatabase(): Promise<PostgresAccess> {
    const database = `test_${++this.#databases}`
    await this.query('postgres', `CREATE DATABASE ${database}`)
    return this.access(database)
  }

  access(database: string): PostgresAccess {
    return {
      host: '127.0.0.1',
      port: this.#port,
      user: USER,
      password: PASSWORD,
      database,
      sslMode: 'disable',
      connectionsMax: 4,
    }
  }

  async query(database: string, sql: string): Promise<Record<string, unknown>[]> {
    const { host, port, user, password } = this.access(database)
    const client = new Client({ host, port, user, password: password!, database })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }

  #initialise(): void {
    const { cert, key } = makeCertificates(['127.0.0.1'])['127.0.0.1']
    const passwordFile = this.#write('password', PASSWORD)
    this.#write('certificate.pem', cert)
    this.#write('key.pem', key)
    const { status, stderr } = spawnSync(
      join(this.#programs, 'initdb'),
      [
        '-D',
        join(this.#directory, 'data'),
        '-U',
        USER,
        '-A',
        'scram-sha-256',
        '--pwfile',
        passwordFile,
        '--no-sync',
        '-E',
        'UTF8',
        '--locale',
        'C',
      ],
      { ...this.#as, cwd: this.#directory, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`initdb failed: ${stderr}`)
  }

  #write(name: string, text: string): string {
    const path = join(this.#directory, name)
    writeFileSync(path, text, { mode: 0o600 })
    if (this.#as !== undefined) chownSync(path, this.#as.uid, this.#as.gid)
    return path
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query('postgres', 'SELECT')
      return true
    } catch {
      return false
    }
  }
}

/** Debian keeps its programs off the path. */
const DEBIAN = '/usr/lib/postgresql'

function programsDirectory(): string {
  const debian = listed(DEBIAN)
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN, version, 'bin'))
  const found = [...debian, ...(process.env['PATH'] ?? '').split(delimiter)].find((directory) => {
    const names = listed(directory)
    return names.includes('initdb') && names.includes('postgres')
  })
  if (found !== undefined) return found
  throw new Error(
    'This test needs PostgreSQL 14 or newer, and finds no "initdb" and "postgres": install it with "apt-get install postgresql" or "brew install postgresql".',
  )
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
