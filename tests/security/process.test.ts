/** A server in a process of its own, attacked: it neither swells, nor falls, nor is polluted. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newTask, openTracker, type Tracker } from '../server/tracker-node.js'
import { RawClient } from './raw-client.js'

interface Told {
  readonly kind: string
  readonly port?: number
  readonly rss?: number
}

let tracker: Tracker
let server: ChildProcess
let url: string
const errors: Told[] = []

const told = (kind: string): Promise<Told> =>
  new Promise((resolve) => {
    const listen = (message: unknown): void => {
      if ((message as Told).kind !== kind) return
      server.off('message', listen)
      resolve(message as Told)
    }
    server.on('message', listen)
  })
const memory = async (): Promise<number> => {
  const answer = told('memory')
  server.send('memory')
  return ((await answer).rss ?? 0) / 2 ** 20
}

beforeAll(async () => {
  tracker = await openTracker()
  server = fork(fileURLToPath(new URL('server-process.ts', import.meta.url)), [tracker.database], { execArgv: ['--import', 'tsx', '--expose-gc'] })
  server.on('message', (message) => {
    if ((message as Told).kind === 'error') errors.push(message as Told)
  })
  url = `ws://127.0.0.1:${(await told('ready')).port}/sync`
})
afterAll(async () => {
  server?.send('close')
  if (server?.exitCode === null) await once(server, 'exit')
  await tracker?.stop()
})

describe('a server whose prototypes are frozen', () => {
  it('[X12] [S-29] [S-30] does all its work, and names of prototypes are names', async () => {
    const bob = tracker.device(tracker.bob)
    await bob.connect(url)
    await bob.sync(['home'], ['board', { projectId: tracker.project }])
    const id = randomUUID()
    for (const title of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
      const made = newTask(tracker.project, { title, position: '__proto__' }, title === '' ? id : randomUUID())
      expect((await bob.push(made)).outcome).toEqual({ kind: 'applied' })
      await bob.until('the task', () => bob.row('Task', made.id)?.['title'] === title)
    }
    expect((await bob.push({ op: 'update', model: 'Task', id, version: bob.version('Task', id), set: { votes: { add: 2 }, title: { seen: '', value: 'later' } } })).outcome).toEqual({ kind: 'applied' })
    await bob.until('the edit', () => bob.row('Task', id)?.['votes'] === 2)
    const settings = JSON.parse('{"toString":1,"constructor":{"prototype":{"isAdmin":true}}}') as Record<string, never>
    const project = randomUUID()
    expect((await bob.push({ op: 'create', model: 'Project', id: project, values: { title: 'P', ownerId: tracker.bob, settings } })).outcome).toEqual({ kind: 'applied' })
    await bob.until('the project', () => JSON.stringify(bob.row('Project', project)?.['settings']) === JSON.stringify(settings))
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const eve = tracker.device(tracker.eve)
      await eve.connect(url)
      eve.socket.send(`{"kind":"sync","attempt":1,"scopes":[{"id":1,"name":"${name}","params":{},"hash":null,"position":null}]}`)
      expect(await eve.next('refused')).toEqual({ kind: 'refused', code: 'malformed-frame' })
    }
    for (const text of ['{"kind":"ping","at":1,"__proto__":{"kind":"push"}}', '{"__proto__":{"kind":"ping","at":1}}', '{"constructor":1}']) {
      const eve = await RawClient.open(url)
      eve.socket.send(text)
      expect(await eve.whenClosed()).toBe(1008)
    }
  })
})

describe('the memory of a server', () => {
  it('[X11] [S-4] hardly grows under a hundred thousand fragments, deflated bombs, megabytes that nobody finishes', { timeout: 90_000 }, async () => {
    const before = await memory()
    const crumbs = await RawClient.greeted(url, tracker.eve)
    for (let at = 0; at < 100_000 && crumbs.closed === undefined; at += 1) {
      crumbs.socket.send('x', { fin: false })
      if (at % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    // 1006: cut off before the client had read why.
    expect([1006, 1008, 1009]).toContain(await crumbs.whenClosed())

    const bomb = deflateRawSync(Buffer.alloc(90 * 2 ** 20, 'a'))
    const deflating = await RawClient.open(url, { perMessageDeflate: true })
    expect(deflating.socket.extensions).toBe('')
    const { _socket: wire } = deflating.socket as unknown as { _socket: import('node:net').Socket }
    const header = Buffer.alloc(14)
    header[0] = 0xc1 // FIN, RSV1 (deflated), text
    header[1] = 0xff
    header.writeBigUInt64BE(BigInt(bomb.length), 2)
    wire.write(Buffer.concat([header, bomb]))
    expect(await deflating.whenClosed()).toBeGreaterThan(1000)

    // Frames that are announced and never finished, on many sockets that never say hello.
    const idle = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(url)))
    for (const each of idle) each.socket.send('x'.repeat(2 ** 19), { fin: false })
    const { port } = new URL(url)
    const headers = connect(Number(port), '127.0.0.1')
    headers.on('error', () => undefined)
    headers.resume() // What is not read keeps a socket from closing.
    headers.write(`GET /sync HTTP/1.1\r\n${'x: y\r\n'.repeat(100_000)}`)
    await new Promise((resolve) => headers.once('close', resolve))
    for (const each of idle) each.cut()
    expect((await memory()) - before).toBeLessThan(50)
  })

  it('[X11] [S-8] hardly grows for who asks and never reads', async () => {
    const text = 'x'.repeat(200_000)
    const ids = await Promise.all(Array.from({ length: 20 }, () => tracker.task(text)))
    const before = await memory()
    const lazy = await RawClient.greeted(url, tracker.bob)
    const { _socket: wire } = lazy.socket as unknown as { _socket: import('node:net').Socket }
    wire.pause()
    const { schema } = await import('../../generated-example/shared/schema.js')
    // Each names the same 4 MB of rows, which `pushed` would bring: 240 MB in all.
    for (let seq = 1; seq <= 60; seq += 1) {
      const ops = ids.map((id) => ({ op: 'update', model: 'Task', id, version: 1, set: {} }))
      lazy.send({ kind: 'push', mutations: [{ seq, run: 'r', schema: schema.hash, at: 0, strict: false, ops }] })
    }
    for (let at = 0; at < 500; at += 1) lazy.send({ kind: 'ping', at })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect((await memory()) - before).toBeLessThan(50)
    lazy.cut()
    expect(await tracker.device(tracker.bob).connect(url)).toMatchObject({ kind: 'welcome' })
    expect(errors).toEqual([])
  })
})
