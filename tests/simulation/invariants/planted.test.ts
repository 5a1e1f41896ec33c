/** Each invariant can fail: a world in which somebody breaks the promise, by SQL, on the wire or in the process, is told so. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Changed, Page, ServerMessage } from '../../../runtime/protocol/messages.js'
import type { PostgresCluster } from '../../../runtime/testing/postgres.js'
import { startWorldCluster } from '../database/cluster.js'
import { makeTemplate } from '../database/template.js'
import { runSeed } from '../run.js'
import { worldSchema } from '../schema/world-schema.js'
import { type AnyModel, cacheOf } from '../schema/sim-schema.js'
import type { World } from '../world/world.js'
import { atomicVisibility } from './atomic-visibility.js'
import { cleanProcess } from './clean-process.js'
import { clientOrder } from './client-order.js'
import { convergence } from './convergence.js'
import { digests } from './digests.js'
import { idempotence } from './idempotence.js'
import type { Invariant, Watch } from './invariant.js'
import { liveQueries } from './live-queries.js'
import { liveness } from './liveness.js'
import { onePredicate } from './one-predicate.js'
import { rejections } from './rejections.js'
import { scopeExactness } from './scope-exactness.js'
import { sessionGuarantees } from './session-guarantees.js'

let cluster: PostgresCluster
let template: string

beforeAll(async () => {
  cluster = await startWorldCluster()
  template = await makeTemplate(cluster.url(), worldSchema, 'sim_planted')
}, 60_000)

afterAll(() => cluster.stop())

/** What an invariant says of worlds in which `sabotage` goes on: of the first that it complains of. Null: of none. */
const found = async (invariant: Invariant, sabotage: (world: World) => Watch): Promise<string | null> => {
  const saboteur: Invariant = { id: 'a saboteur', says: 'breaks it', watch: sabotage }
  for (const seed of [1, 2, 3, 4, 5]) {
    const run = await runSeed({ seed, ops: 60, schema: worldSchema, server: cluster.url(), template, invariants: [saboteur, invariant], withoutFaults: true, devices: 3 })
    if (run.failure !== null) return run.failure.message
  }
  return null
}

/** Changes frames with rows on their way to devices. Called anew for each world. */
const onTheWay =
  (begin: (world: World) => (frame: Page | Changed, device: string) => ServerMessage) =>
  (world: World): Watch => {
    const change = begin(world)
    world.network.tamper = (_, to, text) => {
      const message = JSON.parse(text) as ServerMessage
      return message.kind === 'page' || message.kind === 'changed' ? JSON.stringify(change(message, to)) : text
    }
    return {}
  }

type Row = Page['delta']['rows'][string][number]

describe('a world that is sabotaged', { timeout: 120_000 }, () => {
  it('[I5] a row of somebody else is sent', async () => {
    const leak = onTheWay((world) => {
      const principalOf = (device: string): string => world.devices.find(({ name }) => name === device)?.identity.principal ?? ''
      let stolen: { readonly row: Row; readonly of: string } | null = null
      return (frame, device) => {
        const { rows, claims } = frame.delta
        const [row] = rows['Specimen'] ?? []
        stolen ??= row === undefined ? null : { row, of: principalOf(device) }
        const [claim] = claims
        if (stolen === null || claim === undefined || stolen.of === principalOf(device)) return frame
        const theirs = { scope: claim.scope, model: 'Specimen', add: [String(stolen.row[1])], out: [], deleted: [] }
        return { ...frame, delta: { rows: { ...rows, Specimen: [...(rows['Specimen'] ?? []), stolen.row] }, claims: [...claims, theirs] } }
      }
    })
    expect(await found(scopeExactness, leak)).toMatch(/I5: in a (page|changed) to d\d: Specimen .* was not to be read so/)
  })

  it('[I5] a column is sent that stays on the server', async () => {
    const leak = onTheWay(() => (frame) => {
      const people = (frame.delta.rows['Person'] ?? []).map((row): Row => [...row, 'secret'])
      return { ...frame, delta: { ...frame.delta, rows: { ...frame.delta.rows, Person: people } } }
    })
    expect(await found(scopeExactness, leak)).toMatch(/I5: in a page to d\d: Person .* has other columns/)
  })

  it('[I5] the key of a row is named to somebody who never had it', async () => {
    const leak = onTheWay(() => (frame) => {
      const claims = frame.delta.claims.map((claim) => ({ ...claim, deleted: [...claim.deleted, '01981c6e-7a16-7000-8000-000000000001'] }))
      return { ...frame, delta: { ...frame.delta, claims } }
    })
    expect(await found(scopeExactness, leak)).toMatch(/I5: .* leaves, and was never heard of/)
  })

  it('[I13] a row is moved into a scope that it is not in', async () => {
    const mistaken = onTheWay(() => {
      const known = new Map<string, string>()
      return (frame) => {
        const { rows, claims } = frame.delta
        for (const [model, all] of Object.entries(rows)) for (const row of all) known.set(String(row[1]), model)
        const others = claims.map((claim) => ({ ...claim, add: [...claim.add, ...[...known].flatMap(([id, model]) => (model === claim.model && !claim.add.includes(id) ? [id] : []))] }))
        return frame.kind === 'page' ? frame : { ...frame, delta: { rows, claims: others } }
      }
    })
    expect(await found(onePredicate, mistaken)).toMatch(/I13: .* moved in .* the predicate of the cache says that it did not/)
  })

  it('[I8] one row of a transaction is missing from its frame', async () => {
    const half = onTheWay(() => (frame) => {
      const { rows, claims } = frame.delta
      const [model, all = []] = Object.entries(rows).find(([, some]) => some.length > 1) ?? []
      if (frame.kind === 'page' || model === undefined) return frame
      const others = claims.map((claim) => ({ ...claim, add: claim.add.filter((id) => id !== all[0]?.[1]) }))
      return { ...frame, delta: { rows: { ...rows, [model]: all.slice(1) }, claims: others } }
    })
    expect(await found(atomicVisibility, half)).toMatch(/I8: d\d shows what was never so/)
  })

  it('[I8] listeners are called while only a part of the step has been made', async () => {
    const halfway = (): Watch => ({
      opened: (_, client) => {
        // A cache that shows each row as its event is told, and not before.
        const people = cacheOf(client, 'people')
        const late = new Map<string, AnyModel['row']>()
        const all = people.all.bind(people)
        client.on('change', (event) => {
          if (event.kind === 'changed' && event.model === 'Person') late.set(event.id, event.before)
        })
        Object.assign(people, { all: () => all().map((row) => late.get(row.id) ?? row) })
      },
    })
    expect(await found(atomicVisibility, halfway)).toMatch(/I8: /)
  })

  it('[I8] a device does not show what it waits for', async () => {
    const forgetful = (): Watch => ({
      opened: (_, client) => {
        const tags = cacheOf(client, 'tags')
        const get = tags.get.bind(tags)
        Object.assign(tags, { get: (id: string) => ({ ...get(id), name: 'forgotten' }) })
      },
    })
    expect(await found(atomicVisibility, forgetful)).toMatch(/I8: d\d waits for Tag .* name, and does not show it/)
  })

  it('[I8] a device still shows what it has deleted', async () => {
    const nostalgic = (): Watch => ({
      opened: (_, client) => {
        const seen = new Map<string, AnyModel['row']>()
        client.on('change', (event) => {
          if (event.kind === 'deleted') seen.set(event.id, event.before)
        })
        for (const { plural } of worldSchema.ir.models) {
          const cache = cacheOf(client, plural)
          const get = cache.get.bind(cache)
          Object.assign(cache, { get: (id: string) => get(id) ?? seen.get(id) })
        }
      },
    })
    expect(await found(atomicVisibility, nostalgic)).toMatch(/I8: d\d waits for the delete of \w+ .*, and shows it/)
  })

  it('[I1] a row is changed behind the back of everybody', async () => {
    expect(await found(convergence, behindTheBack(`update people set about = 'nobody knows'`))).toMatch(/I1: d\d does not hold what its \d scopes cover/)
  })

  it('[I14] a row gets another version behind the back of everybody', async () => {
    expect(await found(digests, behindTheBack('update people set version = version + 1'))).toMatch(/I14: a device found itself different/)
  })

  it('[I10] a frame that is said again takes a row away', async () => {
    const heard = new Set<string>()
    const credulous = onTheWay((world) => (frame, device) => {
      const text = `${device} ${JSON.stringify(frame)}`
      const position = world.devices.find(({ name }) => name === device)?.client?.position ?? null
      const claim = frame.delta.claims.find(({ add }) => add.length > 0)
      if (!heard.has(text) || frame.kind !== 'changed' || claim === undefined || position === null) {
        heard.add(text)
        return frame
      }
      return { ...frame, from: position, to: position, delta: { rows: {}, claims: [{ ...claim, add: [], out: claim.add }] } }
    })
    expect(await found(idempotence, credulous)).toMatch(/I10: a frame that was said again changed what d\d shows/)
  })

  it('[I10] somebody writes whenever everybody connects anew', async () => {
    const busy = (world: World): Watch => {
      const clients = new Map<string, number>()
      return {
        frame: (from, _, message) => {
          if (message.kind !== 'hello') return
          const times = (clients.get(from) ?? 0) + 1
          clients.set(from, times)
          if (times > 1) world.foreigners[0]?.run(`update people set about = 'connected ${times}'`)
        },
      }
    }
    expect(await found(idempotence, busy)).toMatch(/I10: a reconnect (wrote|carried)/)
  })

  it('[I9] nobody answers a push', async () => {
    const silence = (world: World): Watch => {
      world.network.tamper = (_, __, text) => (text.startsWith('{"kind":"pushed"') ? null : text)
      return {}
    }
    expect(await found(liveness, silence)).toMatch(/I9: d\d still has \d+ writes to send/)
  })

  it('[I6] a text that was replaced comes back', async () => {
    const texts = ['d1:1001', 'd1:1002', 'd1:1001']
    const nostalgic = (world: World): Watch => {
      let operations = 0
      return {
        afterOperation: () => {
          operations += 1
          const text = operations % 15 === 0 ? texts[operations / 15 - 1] : undefined
          if (text !== undefined) world.foreigners[0]?.run(`update people set about = '${text}'`)
        },
      }
    }
    expect(await found(sessionGuarantees, nostalgic)).toMatch(/I6: d\d saw d1:1001 again after /)
  })

  it('[I12] a listener is not told of every change', async () => {
    const deaf = (): Watch => ({
      opened: (_, client) => {
        const tasks = cacheOf(client, 'tasks')
        const query = tasks.query.bind(tasks)
        Object.assign(tasks, {
          query: (options: object) => {
            const live = query(options)
            return { rows: live.rows, subscribe: (listener: (rows: readonly object[]) => void) => live.subscribe(once(listener)) }
          },
        })
      },
    })
    expect(await found(liveQueries, deaf)).toMatch(/I12: d\d: the live query of tasks has/)
  })

  it('[I15] an object of the language is written to', async () => {
    const polluter = (world: World): Watch => ({
      opened: () => world.kernel.after(0, null, 'somebody is careless', () => void Object.assign(Object.prototype, { polluted: true })),
    })
    try {
      expect(await found(cleanProcess, polluter)).toMatch(/I15: Object.prototype/)
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted')
    }
  })

  it('[I15] nobody waits for a promise that is rejected', async () => {
    const careless = (world: World): Watch => ({
      opened: () => world.kernel.after(0, null, 'somebody is careless', () => void Promise.reject(new Error('forgotten'))),
    })
    expect(await found(cleanProcess, careless)).toMatch(/I15: unhandled: Error: forgotten/)
  })

  it('[I7] a number is decided that nobody recorded', async () => {
    const lossy = (world: World): Watch => ({
      atRest: async () => void (await world.control.sql('delete from syncgen.outcomes where seq = 1')),
    })
    expect(await found(clientOrder, lossy)).toMatch(/I7: 1 of .* were passed over/)
  })

  it('[I7] a number is decided that nobody sent', async () => {
    const ahead = (world: World): Watch => ({
      atRest: async () => void (await world.control.sql('update syncgen.clients set last_seq = last_seq + 1')),
    })
    expect(await found(clientOrder, ahead)).toMatch(/I7: .* never sent \d+/)
  })

  it('[I11] a row that was refused is shown on', async () => {
    const stubborn = (): Watch => ({
      opened: (_, client) => {
        for (const { plural } of worldSchema.ir.models) {
          const cache = cacheOf(client, plural)
          const refused = new Map<string, AnyModel['row']>()
          const get = cache.get.bind(cache)
          cache.on((event) => {
            if (event.kind === 'deleted' && event.origin === 'rejected') refused.set(event.id, event.before)
          })
          Object.assign(cache, { get: (id: string) => get(id) ?? refused.get(id) })
        }
      },
    })
    expect(await found(rejections, stubborn)).toMatch(/I11: d\d still shows d\d:\d+( d\d:\d+)* of a write that was rejected/)
  })

  it('[I11] an app forgets what was rejected', async () => {
    const forgetful = (): Watch => ({
      opened: (_, client) => void client.on('rejected', (rejection) => void rejection.dismiss()),
    })
    expect(await found(rejections, forgetful)).toMatch(/I11: d\d has forgotten that .* was rejected/)
  })
})

/** Another program writes, and triggers do not see it: neither the log nor the history knows. */
const behindTheBack =
  (sql: string) =>
  (world: World): Watch => {
    let operations = 0
    return {
      afterOperation: () => {
        operations += 1
        if (operations === 50) world.foreigners[0]?.run(`alter table people disable trigger user; ${sql}; alter table people enable trigger user`)
      },
    }
  }

const once = <Value>(listener: (value: Value) => void): ((value: Value) => void) => {
  let isOver = false
  return (value) => {
    if (!isOver) listener(value)
    isOver = true
  }
}
