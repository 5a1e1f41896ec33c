/** Each invariant can fail: a world in which somebody breaks the promise, by SQL, on the wire or in the process, is told so. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Changed, Page, ServerMessage } from '../../../runtime/protocol/messages.js'
import { type PostgresCluster, startPostgres } from '../../../runtime/testing/postgres.js'
import { makeTemplate } from '../database/template.js'
import { runSeed } from '../run.js'
import { worldSchema } from '../schema/world-schema.js'
import type { World } from '../world/world.js'
import { atomicVisibility } from './atomic-visibility.js'
import type { Invariant, Watch } from './invariant.js'
import { onePredicate } from './one-predicate.js'
import { scopeExactness } from './scope-exactness.js'

let cluster: PostgresCluster
let template: string

beforeAll(async () => {
  cluster = await startPostgres({ settings: { fsync: 'off', autovacuum: 'off', deadlock_timeout: '2ms', synchronous_commit: 'off' } })
  template = await makeTemplate(cluster.url(), worldSchema, 'sim_planted')
}, 60_000)

afterAll(() => cluster.stop())

/** What an invariant says of worlds in which `sabotage` goes on: of the first that it complains of. Null: of none. */
const found = async (invariant: Invariant, sabotage: (world: World) => Watch): Promise<string | null> => {
  const saboteur: Invariant = { id: 'a saboteur', says: 'breaks it', watch: sabotage }
  for (const seed of [1, 2, 3, 4, 5]) {
    const run = await runSeed({ seed, ops: 60, schema: worldSchema, server: cluster.url(), template, invariants: [saboteur, invariant], withoutFaults: true })
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

describe('a world that is sabotaged', { timeout: 60_000 }, () => {
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
})
