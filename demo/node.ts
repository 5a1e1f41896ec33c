/** One server node, a process of its own: `node.ts <database URL>`. Says its port, and runs until its parent goes. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTrackerServer } from '../generated-example/server/index.js'

const sync = await createTrackerServer({
  database: process.argv[2] ?? '',
  origins: '*',
  authenticate: ({ token }) => ({ principal: token, claims: { sub: token } }), // A demo: the token is the name.
  limits: { heartbeat: 1000 }, // Devices that nothing concerns learn the newest position with it, and the demo waits for that.
})
const http = createServer()
sync.attach(http)
http.listen(0, '127.0.0.1')
await once(http, 'listening')
process.send?.({ port: (http.address() as AddressInfo).port })

process.once('disconnect', () => void sync.close().then(() => process.exit(0)))
