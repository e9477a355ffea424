/**
 * The floor: the shortest proxy that Node can be. It pipes bytes and parses nothing, so that every figure of the
 * gateway is a ratio to what the machine and the runtime could do at best in the same minute.
 */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const upstream = new Pool(process.argv[2]!, { allowH2: false, pipelining: 1, bodyTimeout: 0 })

createServer((request, response) => {
  const { host: _, connection: __, ...headers } = request.headers
  upstream.dispatch(
    { path: request.url!, method: 'POST', headers, body: request },
    {
      onResponseStart: (_controller, status, answer) => void response.writeHead(status, answer),
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => void response.end(),
      onResponseError: () => void response.destroy(),
    },
  )
}).listen(0, '127.0.0.1', function (this: import('node:net').Server) {
  console.log(`http://127.0.0.1:${(this.address() as import('node:net').AddressInfo).port}`)
})
