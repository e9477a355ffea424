import type { Dispatcher } from 'undici'
import { GatewayError, toGatewayError } from '../message/error.ts'
import { createInflater, isPlausible, readCoding } from './inflate.ts'
import type { Inflater } from './inflate.ts'
import { toUpstreamError } from './upstream-error.ts'

export type AnswerHeaders = Readonly<Record<string, string | string[]>>

/** Called in this order: `onHeaders`, `onData`…, then one of `onEnd` and `onError`, which may also come first. */
export interface EgressHandler {
  /** Status 200–299 or 400–599. Names in lower case, values in Latin-1 without control characters. */
  onHeaders(status: number, headers: AnswerHeaders): void
  /** false: nothing more until {@link Exchange.resume}. */
  onData(chunk: Buffer): boolean
  onEnd(): void
  onError(error: GatewayError): void
}

/** One request under way. */
export interface Exchange {
  /** Closes the connection, so that the upstream stops working, and billing. No callback follows. */
  abort(): void
  resume(): void
}

/** Informational answers (100–199) before the real one; a server that sends thousands is keeping us busy. */
const INFORMATIONAL_MAX = 16
/** An answer that was compressed although nobody asked may not inflate to more. */
const INFLATED_MAX_BYTES = 64 * 1024 * 1024

const ABORTED = new Error('aborted')

/** Between undici's callbacks and an {@link EgressHandler}: bounds, inflates, and tells failures in our words. */
export class UpstreamExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #origin: string
  readonly #handler: EgressHandler
  #controller: Dispatcher.DispatchController | undefined
  #inflater: Inflater | undefined
  #informational = 0
  #answered = false
  #over = false

  constructor(origin: string, handler: EgressHandler) {
    this.#origin = origin
    this.#handler = handler
  }

  get #host(): string {
    return URL.parse(this.#origin)?.host ?? 'The upstream'
  }

  /** Nothing more is told to the handler. */
  get over(): boolean {
    return this.#over
  }

  abort(): void {
    if (this.#over) return
    this.#end()
    this.#controller?.abort(ABORTED)
  }

  resume(): void {
    if (this.#inflater !== undefined) this.#inflater.resume()
    else if (this.#controller?.paused) this.#controller.resume()
  }

  fail(error: Error): void {
    if (this.#over) return
    this.#end()
    this.#controller?.abort(error)
    this.#handler.onError(toUpstreamError(error, this.#host, this.#answered))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Aborted while it waited for a connection: a throw takes back the request alone, an abort would close the
    // connection that has just become free.
    if (this.#over) throw ABORTED
    this.#controller = controller
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: object): void {
    if (this.#over) return
    if (status < 200) {
      this.#informational++
      if (this.#informational > INFORMATIONAL_MAX) this.#malformed('sends informational answers without end')
      return
    }
    this.#answered = true
    try {
      this.#begin(controller, status, headers as AnswerHeaders)
    } catch (error) {
      this.fail(toGatewayError(error))
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    const ready = this.#inflater === undefined ? this.#give(chunk) : this.#inflater.write(chunk)
    if (!ready) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#over) return
    if (this.#inflater === undefined) this.#complete()
    else this.#inflater.end()
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.fail(error)
  }

  #begin(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status >= 300 && status < 400) return this.#malformed(redirected(status, headers['location']))
    if (status > 599) return this.#malformed(`answered with the status ${status}, which HTTP does not have`)
    const { coding, refused } = readCoding(headers['content-encoding']?.toString())
    if (refused) return this.#malformed('answered in a content-encoding that was not asked for')
    if (coding === undefined) return this.#handler.onHeaders(status, headers)
    const { 'content-encoding': _coding, 'content-length': _length, ...rest } = headers
    this.#inflater = this.#inflate(coding, controller)
    this.#handler.onHeaders(status, rest)
  }

  /** `identity` is all that is asked for, but servers behind some proxies compress whatever they are told. */
  #inflate(coding: string, controller: Dispatcher.DispatchController): Inflater {
    const inflater = createInflater(coding)
    let given = 0
    inflater.on('data', (chunk: Buffer) => {
      given += chunk.length
      if (given > INFLATED_MAX_BYTES || !isPlausible(inflater, given))
        this.#malformed('inflates beyond all bounds')
      else if (!this.#give(chunk)) inflater.pause()
    })
    inflater.on('drain', () => controller.resume())
    inflater.on('end', () => this.#complete())
    inflater.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'Z_BUF_ERROR') this.fail(error)
      else this.#malformed(`sent ${coding} that cannot be read`)
    })
    return inflater
  }

  /** A fault of the handler's own code ends this exchange, not the process. */
  #give(chunk: Buffer): boolean {
    try {
      return this.#over || this.#handler.onData(chunk)
    } catch (error) {
      this.fail(toGatewayError(error))
      return true
    }
  }

  #complete(): void {
    if (this.#over) return
    try {
      this.#handler.onEnd()
      this.#over = true
    } catch (error) {
      this.fail(toGatewayError(error))
    }
  }

  #malformed(what: string): void {
    this.fail(new GatewayError('upstream_malformed', `${this.#host} ${what}.`))
  }

  #end(): void {
    this.#over = true
    this.#inflater?.destroy()
  }
}

/** Following it would take the prompt and the key to an address that nobody has configured. */
function redirected(status: number, location: string | string[] | undefined): string {
  const target = URL.parse(String(location))?.origin
  return `answered with a redirect (${status}${target === undefined ? '' : ` to ${target}`}), which is not followed`
}
