import { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { Client, DatabaseError } from 'pg'
import type { PostgresAccess } from '../../config/configuration.ts'

/** Postgres did not answer: whether it did what it was told, nobody knows. */
export class NoAnswerError extends Error {
  /** It was not even asked. */
  readonly isUnsent: boolean

  constructor(reason: string, isUnsent: boolean, cause?: unknown) {
    super(reason, { cause })
    this.isUnsent = isUnsent
  }
}

interface Opened {
  client: Client
  socket: Socket
}

/** One connection, made when it is needed, and thrown away when it does not answer in time. One statement at a time. */
export class PostgresConnection {
  readonly #access: PostgresAccess
  #opened: Promise<Opened> | undefined
  #ready: Opened | undefined
  #isClosed = false

  constructor(access: PostgresAccess) {
    this.#access = access
  }

  /**
   * What a procedure of the ledger answers. Rejects with {@link NoAnswerError}, or with what Postgres answered; then it did nothing.
   * Objects go as JSON, lists of text as such.
   */
  async call(procedure: string, parameters: readonly unknown[], timeoutMs: number): Promise<unknown> {
    const places = parameters.map((_, index) => `$${index + 1}`).join(', ')
    const rows = await this.query(
      `SELECT signalbox_ledger.${procedure}(${places}) AS answer`,
      parameters,
      timeoutMs,
    )
    return rows[0]?.['answer']
  }

  async query(text: string, parameters: readonly unknown[], timeoutMs: number): Promise<Row[]> {
    const deadline = performance.now() + timeoutMs
    const { client } = this.#ready ?? (await this.#open(timeoutMs))
    const answer = client.query<Row>(text, [...parameters])
    try {
      return (await inTime(answer, deadline)).rows
    } catch (error) {
      if (error instanceof DatabaseError && !isEnd(error)) throw error
      this.#drop()
      throw new NoAnswerError(reasonOf(error), false, error)
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#isClosed = true
    this.#drop()
  }

  async #open(timeoutMs: number): Promise<Opened> {
    if (this.#isClosed) throw new NoAnswerError('the ledger is closed', true)
    const deadline = performance.now() + timeoutMs
    const opening = (this.#opened ??= this.#connect())
    try {
      return await inTime(opening, deadline)
    } catch (error) {
      this.#drop()
      if (error instanceof DatabaseError) throw error
      throw new NoAnswerError(reasonOf(error), true, error)
    }
  }

  async #connect(): Promise<Opened> {
    const { host, port, user, password, database, sslMode } = this.#access
    const socket = new Socket()
    const client = new Client({
      host,
      port,
      user,
      password: password ?? '',
      database,
      ssl: SECURITY[sslMode],
      stream: () => socket,
      keepAlive: true,
      application_name: 'signalbox',
    })
    const opened = { client, socket }
    this.#pending = opened
    // Postgres may end a connection at any time; the next statement makes another.
    client.on('error', () => this.#drop(opened))
    client.on('end', () => this.#drop(opened))
    await client.connect()
    socket.unref()
    return (this.#ready = opened)
  }

  #pending: Opened | undefined

  /** Not asked to end: a server that is frozen would never do it. */
  #drop(only?: Opened): void {
    if (only !== undefined && only !== this.#pending) return
    this.#pending?.socket.destroy()
    this.#pending = undefined
    this.#opened = undefined
    this.#ready = undefined
  }
}

const SECURITY: Readonly<Record<PostgresAccess['sslMode'], false | ConnectionOptions>> = {
  disable: false,
  require: { rejectUnauthorized: false },
  'verify-ca': { checkServerIdentity: () => undefined },
  'verify-full': {},
}

type Row = Record<string, unknown>

/** Postgres is about to stop, or starts, or has ended this connection. */
function isEnd({ code = '' }: DatabaseError): boolean {
  return code.startsWith('57P') || code.startsWith('08')
}

/** Never the error itself: those of sockets and clients hold settings. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}

class LateError extends Error {
  override message = 'it did not answer in time'
}

/** A thread that was busy itself finds its timer due before it has looked for the answer, so it looks first. */
function inTime<Value>(work: Promise<Value>, deadline: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = () => setImmediate(() => setImmediate(() => reject(new LateError())))
    const timer = setTimeout(late, Math.max(1, deadline - performance.now()))
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
