/**
 * The floor: the shortest proxy that Node can be. It pipes bytes and parses nothing, so that every figure of the
 * gateway is a ratio to the best that machine and runtime could do in the same minute.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Pool } from 'undici'

const upstream = new Pool(process.argv[2]!, { allowH2: false, pipelining: 1, bodyTimeout: 0 })

const server = createServer((request, response) => {
  const { host: _, connection: __, ...headers } = request.headers
  upstream.dispatch(
    { path: request.url!, method: 'POST', headers, body: request },
    {
      onRequestStart: () => {},
      onResponseStart: (_controller, status, answer) => void response.writeHead(status, answer),
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => void response.end(),
      onResponseError: () => void response.destroy(),
    },
  )
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
