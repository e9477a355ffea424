import { expect, it } from 'vitest'

import type { Json } from './json.ts'
import type { Provider } from './server.ts'

/** A request that is all right, and how its API words errors. */
export interface Strictness {
  provider: () => Provider
  path: string
  headers: Record<string, string>
  body: Json
  /** The error's text in an answer. */
  messageOf(answer: Json): string
}

/** What makes a request another one. A change of `undefined` takes a field away. */
export interface Change {
  path?: string
  headers?: Record<string, string>
  body?: Json
}

/** Requests that the API takes; requests whose body it refuses with 400; requests that it denies otherwise. */
export interface StrictnessTables {
  accepted: [name: string, change: Json, more?: Change][]
  refused: [name: string, change: Json, message: string][]
  denied: [name: string, change: Change, status: number, message: string][]
}

/** Sends each row's request, and compares what the API says of it. */
export function testStrictness(api: Strictness, { accepted, refused, denied }: StrictnessTables): void {
  it.each(accepted)('accepts %s', async (_name, change, more = {}) => {
    const { status, answer } = await send(api, { ...more, body: change })
    expect([status, status === 200 ? undefined : api.messageOf(answer)]).toEqual([200, undefined])
  })
  it.each(refused)('refuses %s', async (_name, change, message) => {
    const { status, answer } = await send(api, { body: change })
    expect([api.messageOf(answer), status]).toEqual([message, 400])
  })
  it.each(denied)('denies %s', async (_name, change, status, message) => {
    const got = await send(api, change)
    expect([got.status, api.messageOf(got.answer)]).toEqual([status, message])
  })
}

async function send(api: Strictness, change: Change): Promise<{ status: number; answer: Json }> {
  const response = await fetch(api.provider().url + (change.path ?? api.path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...api.headers, ...change.headers },
    body: JSON.stringify({ ...api.body, ...change.body }),
  })
  const text = await response.text()
  return { status: response.status, answer: text.startsWith('{') ? JSON.parse(text) : text }
}
