import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type AdminGatewayOrder =
  | { readonly type: 'advance'; readonly ms: number }
  | { readonly type: 'reload' }
  | {
      readonly type: 'spend'
      readonly virtualKey: string
      readonly nanodollars: number
      readonly tokens: number
      readonly holds: boolean
    }

export type AdminGatewayAnswer =
  | { readonly port: number }
  | { readonly done: true }
  | { readonly notices: readonly string[] }
  | { readonly refused: string }

export interface AdminAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  // Tests read whatever an answer has.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
}

export interface AdminRequest {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is. */
  readonly text?: string
  /** Address to connect to, another one of this machine than loopback's. */
  readonly address?: string
}

export interface AdminGateway {
  readonly url: string
  readonly appDir: string
  readonly port: number
  /** `POST /api/session/login`. */
  ask(line: string, request?: AdminRequest): Promise<AdminAnswer>
  order(order: AdminGatewayOrder): Promise<AdminGatewayAnswer>
  /** Writes the file and has it read. */
  reload(file: unknown): Promise<AdminGatewayAnswer>
  stderr(): string
  kill(): Promise<void>
  close(): Promise<void>
}

export interface AdminGatewaySetup {
  /** The contents of `config.json`; undefined: none is written. */
  readonly file?: unknown
  readonly env?: Record<string, string>
  /** One that there is already. */
  readonly appDir?: string
  readonly host?: string
}

/** Starts the gateway of `admin-gateway-program.ts` as a process. Throws with what it printed where it does not start. */
export async function startAdminGateway(setup: AdminGatewaySetup = {}): Promise<AdminGateway> {
  const appDir = setup.appDir ?? mkdtempSync(join(tmpdir(), 'signalbox-admin-'))
  const path = join(appDir, 'config.json')
  if (setup.file !== undefined) writeFileSync(path, JSON.stringify(setup.file))
  const args = [appDir, ...(setup.host === undefined ? [] : [setup.host])]
  const child = fork(join(import.meta.dirname, 'admin-gateway-program.ts'), args, {
    silent: true,
    env: { PATH: process.env['PATH'], HOME: appDir, ...setup.env },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'exit')
  const next = async (): Promise<AdminGatewayAnswer> => {
    const [answer] = await Promise.race([once(child, 'message'), ended.then(() => [undefined])])
    if (answer === undefined) throw new Error(`The gateway ended.\n${stderr}`)
    return answer as AdminGatewayAnswer
  }
  const started = await next()
  const port = 'port' in started ? started.port : 0
  const order = async (given: AdminGatewayOrder) => {
    const answer = next()
    child.send(given)
    return answer
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return {
    url: `http://127.0.0.1:${port}`,
    appDir,
    port,
    ask: (line, given) => ask(port, line, given),
    order,
    reload: async (file) => {
      writeFileSync(path, JSON.stringify(file))
      return order({ type: 'reload' })
    },
    stderr: () => stderr,
    kill,
    close: async () => {
      await kill()
      if (setup.appDir === undefined) rmSync(appDir, { recursive: true, force: true })
    },
  }
}

/** One request on a connection of its own; a body is declared as JSON unless the headers say otherwise. */
function ask(port: number, line: string, given: AdminRequest = {}): Promise<AdminAnswer> {
  const [method = 'GET', path = '/'] = line.split(' ')
  const text = given.text ?? (given.body === undefined ? '' : JSON.stringify(given.body))
  const changes = method !== 'GET' && method !== 'HEAD'
  return new Promise((resolve, reject) => {
    const client = request(
      {
        host: given.address ?? '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        headers: {
          host: `localhost:${port}`,
          ...(changes && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(text)),
          }),
          ...given.headers,
        },
      },
      (response) => {
        let received = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk))
        response.on('end', () => {
          const isJson = received !== '' && /json/.test(response.headers['content-type'] ?? 'json')
          const { statusCode: status = 0, headers } = response
          resolve({ status, headers, body: isJson ? JSON.parse(received) : received })
        })
      },
    )
    client.on('error', reject)
    client.end(text)
  })
}
