/** A tracker node in a process of its own, with every shared prototype frozen: what it uses of memory is its own, and pollution throws. */
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTrackerServer } from '../../generated-example/server/index.js'

const database = process.argv[2]
const server = await createTrackerServer({
  database,
  origins: ['https://app.example'],
  pollInterval: 20,
  log: (level, event, details) => {
    if (level === 'error') process.send?.({ kind: 'error', event, details })
  },
  authenticate: ({ token }) => JSON.parse(token) as { principal: string; claims: { sub: string } },
})
const http = createHttpServer()
server.attach(http)
for (const shared of [Object, Array, String, Number, Boolean, Function, Promise, Map, Set]) Object.freeze(shared.prototype)
process.on('unhandledRejection', (error) => process.send?.({ kind: 'error', event: 'unhandled', details: String(error) }))
process.on('message', (message) => {
  if (message === 'close') void server.close().then(() => process.exit(0))
  globalThis.gc?.()
  process.send?.({ kind: 'memory', rss: process.memoryUsage().rss })
})
http.listen(0, '127.0.0.1', () => process.send?.({ kind: 'ready', port: (http.address() as AddressInfo).port }))
