import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Opens the port on the host's addresses: `localhost` is both loopback families, because agents and runtimes
 * differ in which of the two they try first. A machine without IPv6 serves the other alone.
 */
export async function listen(
  host: string,
  port: number,
  makeServer: () => Server,
): Promise<{ servers: Server[]; port: number }> {
  const [first, second] =
    host === 'localhost' ? ['127.0.0.1', '::1'] : [host.replace(/^\[|\]$/g, ''), undefined]
  const server = await open(makeServer(), first, port)
  const bound = (server.address() as AddressInfo).port
  if (second === undefined) return { servers: [server], port: bound }
  try {
    return { servers: [server, await open(makeServer(), second, bound)], port: bound }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return { servers: [server], port: bound }
    server.close()
    throw error
  }
}

function open(server: Server, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}
