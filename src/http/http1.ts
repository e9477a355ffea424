import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { GatewayError } from '../message/error.ts'
import type { Edge } from './edge.ts'
import { Http1Reply } from './http1-reply.ts'
import type { EdgeLimits } from './limits.ts'
import { Http1Request } from './request.ts'

/** HTTP/1.1: the answers of a connection go out one behind the other, in the order of its requests. */
export class Http1 {
  readonly #edge: Edge
  readonly #limits: EdgeLimits
  /** Answers that are not over, by connection. */
  readonly #open = new WeakMap<Socket, Http1Reply[]>()

  constructor(edge: Edge, limits: EdgeLimits) {
    this.#edge = edge
    this.#limits = limits
  }

  take(socket: Socket): void {
    const open: Http1Reply[] = []
    this.#open.set(socket, open)
    // Node tells only the answer whose turn it is that the client has left; those behind it wait for ever.
    socket.once('close', () => {
      for (const reply of open) reply.gone()
    })
  }

  /** Is an answer midway? Anything written beside it would become part of it. */
  isAnswering(socket: Socket): boolean {
    return this.#open.get(socket)?.some((reply) => reply.midway) === true
  }

  serve(message: IncomingMessage, response: ServerResponse): void {
    const open = this.#open.get(message.socket)!
    for (const earlier of open) if (earlier.closesConnection) return
    const reply = new Http1Reply(message, response, this.#limits.lingerMs)
    open.push(reply)
    response.on('close', () => {
      open.splice(open.indexOf(reply), 1)
      reply.gone()
    })
    const refused = open.length > this.#limits.pipelinedMax ? tooManyAhead() : undefined
    this.#edge.serve(new Http1Request(message, response), reply, refused)
  }
}

function tooManyAhead(): GatewayError {
  return new GatewayError(
    'overloaded_gateway',
    'Too many requests on one connection wait for the answer to an earlier one.',
  )
}
