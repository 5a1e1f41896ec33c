import { randomBytes, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { schema } from '../../generated-example/shared/schema.js'
import { type Tracker, newTask, openTracker } from './tracker-node.js'
import type { WireDevice } from './wire-device.js'

let tracker: Tracker
const unhandled: unknown[] = []
const noteUnhandled = (error: unknown): void => void unhandled.push(error)
beforeAll(async () => {
  process.on('unhandledRejection', noteUnhandled)
  process.on('uncaughtException', noteUnhandled)
  tracker = await openTracker({
    limits: { helloWithin: 300, connectionsPerPrincipal: 50, bufferedBytes: 256 * 1024 },
    authenticate: ({ token }) => {
      if (token === 'forged') throw new Error('bad signature')
      return JSON.parse(token) as { principal: string; claims: { sub: string } }
    },
  })
})
afterEach(() => {
  expect(unhandled).toEqual([])
})
afterAll(async () => {
  await tracker?.stop()
  process.off('unhandledRejection', noteUnhandled)
  process.off('uncaughtException', noteUnhandled)
})

const upgrade = (origin: string | undefined, path = '/sync'): Promise<number> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(tracker.url)
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    }
    const asked = request({ host: '127.0.0.1', port, path, headers: origin === undefined ? headers : { ...headers, origin } })
    asked.on('response', ({ statusCode = 0 }) => resolve(statusCode))
    asked.on('upgrade', (_, socket) => {
      socket.destroy()
      resolve(101)
    })
    asked.on('error', reject)
    asked.end()
  })

describe('a socket', () => {
  it('[V67] is refused before the upgrade to a page of another origin', async () => {
    expect(await upgrade('https://evil.example')).toBe(403)
    expect(await upgrade('null')).toBe(403)
    expect(await upgrade('https://app.example.evil.example')).toBe(403)
    expect(await upgrade('https://app.example')).toBe(101)
    expect(await upgrade(undefined)).toBe(101)
    expect(await upgrade('https://app.example', '/elsewhere')).toBe(404)
  })

  it('[V68] that does not say who it is in time is closed', async () => {
    const mute = tracker.device(tracker.bob)
    await mute.open(tracker.url)
    expect(await mute.next('refused')).toEqual({ kind: 'refused', code: 'unauthenticated' })
    expect((await mute.whenClosed()).code).toBe(1008)
  })

  it.for<readonly [string, object, string]>([
    ['a token that is none', { token: 'forged' }, 'unauthenticated'],
    ['a token in the URL only', { token: '' }, 'unauthenticated'],
    [
      'claims that are not those of the schema',
      { token: JSON.stringify({ principal: 'p', claims: { sub: 7 } }), principal: 'p' },
      'unauthenticated',
    ],
    ["somebody else's name", { principal: 'somebody' }, 'wrong-principal'],
    ['a schema that the server does not know', { schema: 'f'.repeat(64) }, 'schema-unknown'],
    ['another version of the protocol', { protocol: 2 }, 'protocol-unknown'],
  ])('[V69] that says hello with %s is refused', async ([, hello, code]) => {
    const device = tracker.device(tracker.bob)
    const answer = await device.connect(`${tracker.url}?token=${encodeURIComponent(JSON.stringify(device.identity))}`, hello)
    expect(answer).toEqual({ kind: 'refused', code })
    expect((await device.whenClosed()).code).toBe(1008)
  })

  it('[V70] that says anything before hello, or hello twice, is refused', async () => {
    const early = tracker.device(tracker.bob)
    await early.open(tracker.url)
    early.send({ kind: 'push', mutations: [] })
    expect(await early.next('refused')).toEqual({ kind: 'refused', code: 'malformed-frame' })
    const twice = tracker.device(tracker.bob)
    await twice.connect(tracker.url)
    twice.send({
      kind: 'hello',
      protocol: 1,
      schema: schema.hash,
      client: twice.client,
      principal: tracker.bob,
      token: '',
      session: { last: null, next: 'n' },
    })
    expect(await twice.next('refused')).toEqual({ kind: 'refused', code: 'malformed-frame' })
  })

  it('[V71] of thousands of malformed frames: each ends its connection, none the server', async () => {
    const big = `${'9'.repeat(1024 * 1024 - 200)}`
    const hostile: (string | Buffer)[] = [
      Buffer.from([1, 2, 3]),
      '',
      ' ',
      '{',
      '{"kind":',
      '[]',
      'null',
      '7',
      '"hello"',
      '{"kind":"nothing"}',
      '{"kind":"__proto__"}',
      '{"kind":"constructor"}',
      '{"__proto__":{"kind":"ping"}}',
      '['.repeat(10_000) + ']'.repeat(10_000),
      '{"a":'.repeat(10_000),
      big,
      `{"kind":"ping","at":${big}}`,
      '{"kind":"ping","at":"now"}',
      '{"kind":"ping","at":1e999}',
      '{"kind":"ping"}',
      '{"kind":"ping","at":1,"extra":2}',
      '{"kind":"sync","attempt":-1,"scopes":[]}',
      '{"kind":"sync","attempt":1,"scopes":{}}',
      '{"kind":"sync","attempt":1,"scopes":[{}]}',
      '{"kind":"push","mutations":[{"seq":0}]}',
      '{"kind":"push"}',
      '{"kind":"hold","attempt":1,"scope":1,"model":"Task","form":"keys","bytes":"x","last":true}',
      '{"kind":"authenticate","token":{}}',
      '{"kind":"close","scope":"1"}',
      `{"kind":"push","mutations":[{"seq":1,"schema":"x","at":1,"strict":false,"ops":[{"op":"update","model":"Task","id":"${'A'.repeat(5000)}","version":1,"set":{}}]}]}`,
      `{"kind":"sync","attempt":1,"scopes":[{"id":1,"name":"\\u0000","params":{},"hash":null,"position":null}]}`,
    ]
    const codes = new Set<number>()
    const attack = async (frames: readonly (string | Buffer)[]): Promise<void> => {
      const device = tracker.device(tracker.eve)
      await device.connect(tracker.url)
      for (const frame of frames) if (device.socket.readyState === WebSocket.OPEN) device.socket.send(frame)
      codes.add((await device.whenClosed()).code)
    }
    for (const frame of hostile) await attack([frame])
    // Mutilated good frames, many a connection: the first that is wrong ends it.
    const good = JSON.stringify({
      kind: 'push',
      mutations: [{ seq: 1, run: 'r', schema: schema.hash, at: 1, strict: false, ops: [newTask(tracker.project)] }],
    })
    for (let round = 0; round < 20; round += 1) {
      await attack(
        Array.from(
          { length: 150 },
          (_, at) => good.slice(0, (round * 150 + at) % (good.length - 1)) + (at % 2 === 0 ? '' : '\u{1F600}'),
        ),
      )
    }
    expect([...codes].every((code) => [1007, 1008, 1009].includes(code))).toBe(true)
    expect(await tracker.device(tracker.bob).connect(tracker.url)).toMatchObject({ kind: 'welcome' })
  })

  it('[V72] that sends a frame over a megabyte, or in ten thousand crumbs, or text that is not UTF-8, is closed', async () => {
    const large = tracker.device(tracker.eve)
    await large.connect(tracker.url)
    large.socket.send('x'.repeat(2 * 1024 * 1024))
    expect((await large.whenClosed()).code).toBe(1009)
    const crumbs = tracker.device(tracker.eve)
    await crumbs.connect(tracker.url)
    for (let at = 0; at < 10_000 && crumbs.closed === undefined; at += 1) crumbs.socket.send('x', { fin: false })
    expect([1008, 1009]).toContain((await crumbs.whenClosed()).code)
    const latin = tracker.device(tracker.eve)
    await latin.connect(tracker.url)
    latin.socket.send(Buffer.from([0xff, 0xfe, 0xfd]), { binary: false })
    expect((await latin.whenClosed()).code).toBe(1007)
  })

  it('[V73] that sends too much at once is told when to come back', async () => {
    const node = await tracker.node({ limits: { framesPerSecond: 5 } })
    const device = tracker.device(tracker.eve)
    await device.connect(node.url)
    for (let at = 0; at < 100; at += 1) device.send({ kind: 'ping', at })
    expect(await device.next('refused')).toEqual({ kind: 'refused', code: 'limit-exceeded', retryAfter: 5000 })
    const pusher = tracker.device(tracker.eve)
    await pusher.connect(tracker.url)
    pusher.send({ kind: 'push', mutations: Array.from({ length: 1001 }, () => pusher.mutation([])) })
    expect(await pusher.next('refused')).toMatchObject({ code: 'limit-exceeded' })
    const syncer = tracker.device(tracker.eve)
    await syncer.connect(tracker.url)
    for (let at = 0; at < 200; at += 1) syncer.send({ kind: 'sync', attempt: at, scopes: [] })
    expect(await syncer.next('refused')).toMatchObject({ code: 'limit-exceeded' })
    await node.stop()
  })

  it('[V74] that breaks off in the middle of the handshake or of a frame harms nobody', async () => {
    const { port } = new URL(tracker.url)
    for (const text of [
      'GET /sync HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nHost: x\r\n\r\n',
      'GET /sync HTTP/1.1\r\nUpgr',
      '\0\0\0\0',
    ]) {
      const raw = connect(Number(port), '127.0.0.1')
      raw.on('error', () => undefined)
      raw.write(text)
      await new Promise((resolve) => setTimeout(resolve, 20))
      raw.destroy()
    }
    const device = tracker.device(tracker.eve)
    await device.connect(tracker.url)
    device.startSync([])
    await device.cut()
    expect(await tracker.device(tracker.bob).connect(tracker.url)).toMatchObject({ kind: 'welcome' })
  })
})

describe('a client that has fallen silent', () => {
  it('[V76] is cut off; one that says anything at all is not', async () => {
    const node = await tracker.node({ limits: { heartbeat: 50 } })
    const [silent, talking] = [tracker.device(tracker.bob), tracker.device(tracker.bob)]
    await silent.connect(node.url)
    await talking.connect(node.url)
    const talk = setInterval(() => talking.send({ kind: 'ping', at: 0 }), 500)
    expect((await silent.whenClosed()).code).toBe(1006)
    expect(talking.closed).toBeUndefined()
    clearInterval(talk)
    await node.stop()
  })

  it('[V77] hears where it is with every heartbeat, when nothing changes', async () => {
    const node = await tracker.node({ limits: { heartbeat: 100 } })
    const bob = tracker.device(tracker.bob)
    await bob.connect(node.url)
    await bob.sync(['home'])
    await tracker.sql('select pg_current_xact_id()')
    await bob.until(
      'three beats',
      () => bob.frames.filter((frame) => frame.kind === 'changed' && frame.delta.claims.length === 0).length >= 3,
    )
    await node.stop()
  })
})

describe('a client id', () => {
  it('[V75] of another principal is refused; whose it is notices nothing', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    const thief = tracker.device(tracker.eve)
    thief.client = bob.client
    expect(await thief.connect(tracker.url)).toEqual({ kind: 'refused', code: 'client-taken' })
    expect((await bob.push(newTask(tracker.project))).outcome).toEqual({ kind: 'applied' })
  })

  it('[V40] on a second socket replaces the first; what it pushed there is known here', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    await bob.push(newTask(tracker.project))
    const first = bob.socket
    const closed = new Promise<number>((resolve) => first.once('close', resolve))
    const welcome = await bob.connect(tracker.url)
    expect(welcome).toMatchObject({ kind: 'welcome', lastSeq: 1, forked: false })
    expect(await closed).toBe(1008)
    await bob.resync()
    expect((await bob.push(newTask(tracker.project))).outcome).toEqual({ kind: 'applied' })
  })

  it('[V110] is told in which run the last of its mutations that was decided was made', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    expect(await bob.connect(tracker.url)).not.toHaveProperty('lastRun')
    await bob.resync()
    await bob.push(newTask(tracker.project))
    expect(await bob.connect(tracker.url)).toMatchObject({ lastSeq: 1, lastRun: bob.run })
  })

  it('[V41] of a device and its clone is for the one that was here last; the other must take a new one', async () => {
    const client = randomUUID()
    const hello = (last: string | null, next: string): Promise<unknown> => {
      const device: WireDevice = tracker.device(tracker.bob)
      device.client = client
      return device.connect(tracker.url, { session: { last, next } })
    }
    expect(await hello(null, 'a')).toMatchObject({ forked: false })
    expect(await hello('a', 'b')).toMatchObject({ forked: false })
    // The welcome was lost: the same nonce again is the same device.
    expect(await hello('a', 'b')).toMatchObject({ forked: false })
    expect(await hello('b', 'c')).toMatchObject({ forked: false })
    expect(await hello('a', 'clone')).toMatchObject({ forked: true })
    expect(await hello('c', 'd')).toMatchObject({ forked: false })
  })
})

describe('an identity', () => {
  it('[V42] that expires ends the connection, unless a fresh token came', async () => {
    const soon = Math.floor(Date.now() / 1000) + 2
    const [expiring, renewing] = [1, 2].map(() => tracker.device(tracker.bob, { expiresAt: soon }))
    if (expiring === undefined || renewing === undefined) throw new Error('no devices')
    await expiring.connect(tracker.url)
    await renewing.connect(tracker.url)
    await renewing.sync(['home'])
    renewing.send({ kind: 'authenticate', token: JSON.stringify({ ...renewing.identity, expiresAt: soon + 3600 }) })
    expect(await renewing.next('authenticated')).toEqual({ kind: 'authenticated' })
    expect(await expiring.next('refused')).toEqual({ kind: 'refused', code: 'expired' })
    expect((await renewing.push(newTask(tracker.project))).outcome).toEqual({ kind: 'applied' })
  })

  it('[V43] that changes what a scope means sends the client back, to be judged anew', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    bob.send({ kind: 'authenticate', token: JSON.stringify({ principal: tracker.bob, claims: { sub: tracker.eve } }) })
    expect(await bob.next('closing', 'authenticated')).toEqual({ kind: 'closing', retryAfter: 0 })
    expect((await bob.whenClosed()).code).toBe(1012)
    await bob.connect(tracker.url, { token: JSON.stringify({ principal: tracker.bob, claims: { sub: tracker.eve } }) })
    await bob.resync()
    expect(bob.frames.map(({ kind }) => kind)).toContain('wanted')
    expect(bob.held('Project')).toEqual([])
  })

  it('[V44] of another principal on a live connection is refused', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    bob.send({ kind: 'authenticate', token: JSON.stringify({ principal: tracker.eve, claims: { sub: tracker.eve } }) })
    expect(await bob.next('refused', 'authenticated')).toEqual({ kind: 'refused', code: 'wrong-principal' })
  })
})

describe('a slow reader', () => {
  it('[V45] is not queued for without bound, and gets the present when it reads again', async () => {
    const bob = await tracker.online(tracker.bob, ['board', { projectId: tracker.project }])
    const socket = bob.socket as unknown as { _socket: import('node:net').Socket }
    socket._socket.pause()
    const title = 'x'.repeat(100_000)
    for (let round = 0; round < 200; round += 1)
      await tracker.sql(`insert into tasks (project_id, title, position) values ($1, $2, 'a')`, [tracker.project, title])
    const id = await tracker.task('the last')
    await new Promise((resolve) => setTimeout(resolve, 100))
    const seen = bob.frames.length
    socket._socket.resume()
    await bob.until('the present', () => bob.held('Task').includes(id))
    const rows = await tracker.sql('select id from tasks where project_id = $1 order by id', [tracker.project])
    expect(bob.held('Task').length).toBe(rows.length)
    // 20 MB were written one by one; what no buffer of the network took came at once, in pages.
    const batches = bob.frames
      .slice(seen)
      .filter((frame) => frame.kind === 'changed' && (frame.attempt !== undefined || frame.delta.claims.length > 0))
    expect(batches.some((frame) => frame.kind === 'changed' && frame.attempt !== undefined)).toBe(true)
    expect(batches.length).toBeLessThan(180)
  })
})
