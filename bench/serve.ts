import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Lets a program serve a benchmark: says its port to the parent, counts bytes for it, and ends with it. */
export const serve = async (attach: (http: Server) => void, close: () => Promise<void>): Promise<void> => {
  const http = createServer()
  const open = new Set<Socket>()
  const ended = { up: 0, down: 0 }
  http.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      ended.up += socket.bytesRead
      ended.down += socket.bytesWritten
    })
  })
  attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  process.on('message', () => {
    const total = { ...ended }
    for (const socket of open) {
      total.up += socket.bytesRead
      total.down += socket.bytesWritten
    }
    process.send?.(total)
  })
  process.once('disconnect', () => void close().finally(() => process.exit(0)))
  process.send?.({ port: (http.address() as AddressInfo).port })
}
