/** A server node of the tracker: `tracker-node.ts <database URL>`. */
import { createTrackerServer } from '../generated-example/server/index.js'
import { serve } from './serve.js'

const sync = await createTrackerServer({
  database: process.argv[2] ?? '',
  origins: '*',
  authenticate: ({ token }) => ({ principal: token, claims: { sub: token } }),
})
await serve((http) => sync.attach(http), () => sync.close())
