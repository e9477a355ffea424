'use strict'

/** The shortest start that an HTTP server in Node can have. */
const server = require('http').createServer((_request, response) => response.end())
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
