/**
 * The least that could do the job, to compare with: `bare-node.ts <database URL>`. One query with the same driver, frames of 1,000
 * rows as JSON on the same kind of socket; NOTIFY by the writer, LISTEN here, one query by key, one frame. No scopes, no access
 * rules, no positions, no recovery of anything.
 */
import pg from 'pg'
import { WebSocketServer } from 'ws'
import { serve } from './serve.js'

const columns = 'id, version, created_at, updated_at, project_id, assignee_id, title, state, position, due_at, estimate, votes'
const text = (value: string): string => value
const pool = new pg.Pool({
  connectionString: process.argv[2] ?? '',
  types: { getTypeParser: (oid: number) => (oid === 1184 ? text : pg.types.getTypeParser(oid)) },
})
const listener = await pool.connect()
await listener.query('listen bare')

await serve(
  (http) => {
    const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
    sockets.on('connection', (socket) => {
      socket.on('message', (message) => {
        void pool
          .query({ text: `select ${columns} from tasks where project_id = $1`, values: [String(message)], rowMode: 'array' })
          .then(({ rows }) => {
            for (let at = 0; at < rows.length; at += 1000) socket.send(JSON.stringify(rows.slice(at, at + 1000)))
            socket.send('[]')
          })
      })
    })
    listener.on('notification', ({ payload }) => {
      void pool.query({ text: `select ${columns} from tasks where id = $1`, values: [payload], rowMode: 'array' }).then(({ rows }) => {
        for (const socket of sockets.clients) socket.send(JSON.stringify(rows))
      })
    })
  },
  async () => {
    listener.release(true)
    await pool.end()
  },
)
