/** Whatever once failed is lived through again: it holds now, with the code and the operations of today. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostgresCluster } from '../../../runtime/testing/postgres.js'
import { startWorldCluster } from '../database/cluster.js'
import { operationAt } from '../operation-names.js'
import { runSeed } from '../run.js'
import { Worlds } from '../worlds.js'
import { readCorpus, replayOf } from './corpus.js'

let cluster: PostgresCluster
let worlds: Worlds

beforeAll(async () => {
  cluster = await startWorldCluster()
  worlds = new Worlds(cluster.url(), 'sim_corpus')
}, 60_000)

afterAll(() => cluster.stop())

describe('the corpus', () => {
  it.for(readCorpus())('[I18] $name holds', { timeout: 60_000 }, async (entry) => {
    const { remove, about: _, ...setting } = await worlds.of(entry.seed, entry.world)
    const { failure } = await runSeed({ ...replayOf(entry), ...setting, server: cluster.url() })
    await remove()
    expect(failure).toBeNull()
  })

  it('[I18] an entry is what it says, whatever its seed draws', () => {
    const { names, keep } = replayOf({ seed: 1, ops: 3, devices: 2, world: 'own', operations: ['#0 node crash', '#2 write'], why: '' })
    expect([0, 1, 2].map((at) => operationAt(1, at, false, names?.get(at)).operation.name).filter((_, at) => keep?.has(at))).toEqual(['node crash', 'write'])
    expect(() => operationAt(1, 0, false, 'gone')).toThrow('no operation is called gone')
  })
})
