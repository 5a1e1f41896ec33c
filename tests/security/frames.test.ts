/** Ten thousand frames that no client would send, over real sockets: each ends at most its own connection. */
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../generated-example/shared/schema.js'
import { newTask, openTracker, type Tracker, type TrackerNode } from '../server/tracker-node.js'
import { writeKeys } from '../../runtime/protocol/index.js'
import { RawClient } from './raw-client.js'

let tracker: Tracker
const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
beforeAll(async () => {
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  tracker = await openTracker({ limits: { connectionsPerPrincipal: 10_000 } })
})
afterEach(() => {
  expect(unhandled).toEqual([])
})
afterAll(async () => {
  await tracker?.stop()
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
})

type Next = (below: number) => number
/** A seeded generator (xorshift). */
const random = (seed: number): Next => (below) => {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) % below
}

const leaves: readonly string[] = ['null', 'true', '0', '-0', '1e999', '-1', '1.5', '9007199254740993', '9'.repeat(400), '""', '"\\u0000"', '"\\ud800"', '"__proto__"', '"constructor"', `"' or 1=1 --"`, '"$1"', '[]', '{}', '[[]]', '{"__proto__":1}', '{"toPostgres":"x"}', '"x"', `"${'A'.repeat(300)}"`, '"Task"', '"board"']

/** A good frame with something in it that is not good: a value, a key, a byte, an end. */
const mangled = (next: Next, good: string): string | Buffer => {
  const at = next(good.length)
  switch (next(7)) {
    case 0:
      return good.slice(0, at)
    case 1:
      return good.slice(0, at) + String.fromCharCode(next(0x200)) + good.slice(at + 1)
    case 2:
      return Buffer.from(good)
    case 3:
      return Buffer.concat([Buffer.from(good.slice(0, at)), Buffer.from([0xff, 0xfe, next(256)]), Buffer.from(good.slice(at))])
    case 4:
      return `${'[{"a":'.repeat(next(3000))}${good}`
    case 5:
      return good.replace(/}([^}]*)$/, `,"${['__proto__', 'x', 'kind', 'toString'][next(4)]}":${leaves[next(leaves.length)]}}$1`)
    default: {
      const values = [...good.matchAll(/(?<=[:[,])("[^"]*"|\d+|null|false|\[\]|\{\})/g)]
      const hit = values[next(values.length)]
      return hit === undefined ? good : good.slice(0, hit.index) + (leaves[next(leaves.length)] ?? '') + good.slice(hit.index + hit[0].length)
    }
  }
}

describe('frames', () => {
  it('[X15] [S-5] ten thousand mangled ones end no more than their own connections, with codes that say why (seed 1955)', { timeout: 60_000 }, async () => {
    const next = random(1955)
    const id = randomUUID()
    const hello = { kind: 'hello', protocol: 1, schema: schema.hash, client: randomUUID(), principal: tracker.eve, token: '{}', session: { last: null, next: 'n' } }
    const mutation = (op: object) => ({ seq: 1, run: 'r', schema: schema.hash, at: 1, strict: false, ops: [op] })
    const good = [
      hello,
      { kind: 'sync', attempt: 1, scopes: [{ id: 1, name: 'board', params: { projectId: tracker.project }, hash: null, position: null }] },
      { kind: 'hold', attempt: 1, scope: 1, model: 'Task', form: 'keys', bytes: writeKeys([[id, 1]]), last: true },
      { kind: 'push', mutations: [mutation(newTask(tracker.project))] },
      { kind: 'push', mutations: [mutation({ op: 'update', model: 'Task', id, version: 1, set: { title: { seen: 'a', value: 'b' }, votes: { add: 1 } } })] },
      { kind: 'push', mutations: [mutation({ op: 'delete', model: 'Task', id, version: 1, seen: { title: 'x' } })] },
      { kind: 'authenticate', token: JSON.stringify({ principal: tracker.eve, claims: { sub: tracker.eve } }) },
      { kind: 'close', scope: 1 },
      { kind: 'ping', at: 1 },
    ].map((frame) => JSON.stringify(frame))
    let [sent, connections] = [0, 0]
    const codes = new Map<number, number>()
    const lane = async (): Promise<void> => {
      while (sent < 10_000) {
        const client = (connections += 1) % 4 === 0 ? await RawClient.open(tracker.url) : await RawClient.greeted(tracker.url, tracker.eve)
        for (let count = 0; count < 25; count += 1) {
          if (client.closed !== undefined) break
          const frame = mangled(next, good[next(good.length)] ?? '')
          client.socket.send(frame, { binary: typeof frame !== 'string' && next(2) === 0 })
          sent += 1
        }
        await Promise.race([client.whenClosed(), new Promise((resolve) => setTimeout(resolve, 1000))])
        if (client.closed !== undefined) codes.set(client.closed, (codes.get(client.closed) ?? 0) + 1)
        for (const text of client.texts) expect(text).not.toMatch(/select|insert into|at .*\.ts:|pg_|violates|syntax error|"stack"|"detail"/)
        client.cut()
      }
    }
    await Promise.all(Array.from({ length: 8 }, lane))
    expect(sent).toBeGreaterThanOrEqual(10_000)
    expect([...codes.keys()].filter((code) => ![1007, 1008, 1009].includes(code))).toEqual([])
    expect(tracker.log.filter((line) => line.startsWith('error'))).toEqual([])
    expect(await tracker.sql('select 1 from users where id = $1', [tracker.ada])).toHaveLength(1)
    expect(await tracker.device(tracker.bob).connect(tracker.url)).toMatchObject({ kind: 'welcome' })
  })
})

describe('who breaks the WebSocket protocol', () => {
  it('[X24] [S-9] and never answers the goodbye is cut off soon', async () => {
    const { port } = new URL(tracker.url)
    const raw = connect(Number(port), '127.0.0.1')
    raw.on('error', () => undefined)
    raw.write(`GET /sync HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString('base64')}\r\n\r\n`)
    await once(raw, 'data')
    raw.write(Buffer.from([0xff, 0xff, 0xff]))
    // The library alone would wait for half a minute.
    const patience = AbortSignal.timeout(15_000)
    await new Promise((resolve, reject) => {
      raw.once('close', resolve)
      patience.addEventListener('abort', () => reject(new Error('still open')))
    })
  })
})

describe('a cookie', () => {
  const greetWith = async (node: TrackerNode): Promise<string> => {
    const client = await RawClient.open(node.url, { headers: { cookie: 'session=bob' } })
    client.send({ kind: 'hello', protocol: 1, schema: schema.hash, client: client.client, principal: tracker.bob, token: '', session: { last: null, next: 'n' } })
    return (JSON.parse(await client.heard('"kind"')) as { readonly kind: string }).kind
  }
  const authenticate = ({ headers }: { readonly headers: { readonly cookie?: string | undefined } }) => {
    if (headers.cookie !== 'session=bob') throw new Error('no session')
    return { principal: tracker.bob, claims: { sub: tracker.bob } }
  }

  it('[X16] [S-3] is shown to `authenticate` only where origins are checked', async () => {
    expect(await greetWith(await tracker.node({ authenticate }))).toBe('welcome')
    expect(await greetWith(await tracker.node({ authenticate, origins: '*' }))).toBe('refused')
  })
})

describe('a log', () => {
  it('[X17] [S-33] holds no token, no parameter and no value of a row', async () => {
    const secret = 'canary-of-the-log'
    const quiet: string[] = []
    const node = await tracker.node({
      log: (level, event, details) => void quiet.push(`${level} ${event} ${JSON.stringify(details ?? {})}`),
      authenticate: ({ token }) => {
        if (token.includes('forged')) throw new Error('bad signature')
        return JSON.parse(token) as { principal: string; claims: { sub: string } }
      },
    })
    const forged = await RawClient.open(node.url)
    forged.send({ kind: 'hello', protocol: 1, schema: schema.hash, client: forged.client, principal: tracker.bob, token: `forged ${secret}`, session: { last: null, next: 'n' } })
    await forged.whenClosed()
    const bob = tracker.device(tracker.bob)
    await bob.connect(node.url)
    await bob.push(newTask(tracker.project, { title: secret, estimate: secret }))
    await bob.push(newTask(tracker.project, { title: secret, assigneeId: randomUUID() }))
    await bob.push({ op: 'update', model: 'User', id: tracker.bob, version: 1, set: { email: { seen: secret, value: 'ada@example.org' } } })
    for (const frame of [`{"kind":"${secret}"}`, `{"kind":"sync","attempt":1,"scopes":[{"id":1,"name":"${secret}","params":{"${secret}":"${secret}"},"hash":null,"position":null}]}`, `{${secret}`]) {
      const eve = await RawClient.greeted(node.url, tracker.eve)
      eve.socket.send(frame)
      await eve.whenClosed()
      expect(eve.texts.join('')).not.toContain(secret)
    }
    expect(quiet.length).toBeGreaterThan(0)
    expect(quiet.join('\n')).not.toMatch(new RegExp(`${secret}|ada@example`))
  })
})
