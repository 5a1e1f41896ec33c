/** Worlds that change: every test run lives through a few; long runs are `npm run sim -- --world deploys` and `--world random`. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSchema } from '../../../generator/read/read-schema.js'
import type { PostgresCluster } from '../../../runtime/testing/postgres.js'
import { Dice } from '../../postgres/random.js'
import { startWorldCluster } from '../database/cluster.js'
import { type RunResult, runSeed } from '../run.js'
import { World } from '../world/world.js'
import { type WorldKind, Worlds, kindOf } from '../worlds.js'
import { changes, drawChanges, edited } from './changes.js'

let cluster: PostgresCluster
let worlds: Worlds

beforeAll(async () => {
  cluster = await startWorldCluster()
  worlds = new Worlds(cluster.url(), 'sim_deploys')
}, 60_000)

afterAll(() => cluster.stop())

/** A world of this kind, in which these operations happen at these places. */
const life = async (kind: WorldKind, seed: number, ops: number, names: Readonly<Record<number, string>> = {}): Promise<RunResult> => {
  const { remove, about: _, ...setting } = await worlds.of(seed, kind)
  return runSeed({ seed, ops, ...setting, server: cluster.url(), names: new Map(Object.entries(names).map(([at, name]) => [Number(at), name])) }).finally(remove)
}

describe('what can become of a schema', () => {
  it('[I40] each change leads from the schema of the world to another', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'syncgen-changes-'))
    const own = fileURLToPath(new URL('../schema/', import.meta.url))
    try {
      const text = await readFile(join(own, 'world.yaml'), 'utf8')
      await writeFile(join(folder, 'world-merge.ts'), await readFile(join(own, 'world-merge.ts'), 'utf8'))
      for (const change of changes) {
        await writeFile(join(folder, 'world.yaml'), edited(text, change))
        const read = await readSchema([join(folder, 'world.yaml')])
        expect(read.ok ? null : read.problems, change.name).toBeNull()
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('[I40] any two changes of different things can come one after the other', async () => {
    const text = await readFile(fileURLToPath(new URL('../schema/world.yaml', import.meta.url)), 'utf8')
    for (const first of changes) for (const second of changes) if (first.of !== second.of) expect(() => edited(edited(text, first), second)).not.toThrow()
  })

  it('[I40] is drawn from a seed, and changes nothing twice', () => {
    const drawn = (seed: number): readonly string[] => drawChanges(new Dice(seed)).flatMap((step) => step.map(({ of }) => of))
    for (let seed = 0; seed < 50; seed += 1) {
      expect(new Set(drawn(seed)).size).toBe(drawn(seed).length)
      expect(drawn(seed)).toEqual(drawn(seed))
    }
    const kinds = Array.from({ length: 100 }, (_, at) => kindOf(at + 1))
    expect([kinds.filter((kind) => kind === 'deploys').length, kinds.filter((kind) => kind === 'random').length]).toEqual([20, 5])
  })
})

describe('a world that changes', { timeout: 120_000 }, () => {
  it('[I41] keeps its promises while it is migrated, while nodes are of two versions, and when devices are upgraded', async () => {
    const { failure, tally } = await life('deploys', 3, 90, { 5: 'deploy', 60: 'upgrade', 75: 'upgrade', 85: 'upgrade' })
    expect(failure).toBeNull()
    expect(tally['migrated'] ?? 0).toBeGreaterThan(0)
    expect(Object.keys(tally).filter((what) => what.startsWith('upgrade over')).length).toBeGreaterThan(0)
  })

  it('[I43] is not read in the words of a version that a migration, which failed on the way, has half left', async () => {
    const { schema, later, template, remove } = await worlds.of(3, 'deploys')
    const world = await World.open({ seed: 3, schema, later, server: cluster.url(), template, invariants: [] })
    try {
      await world.control.sql('alter table specimens drop constraint specimens_date_null_check, alter column date_null type text')
      await expect(world.tables()).rejects.toThrow('to_char')
      expect(world.deploys.begin(new Dice(3))).toBe(true)
      expect([...(await world.tables()).keys()]).toEqual([])
      await world.control.sql('alter table specimens alter column date_null type date using date_null::date')
      expect((await world.tables()).get('Person')?.size).toBeGreaterThan(0)
    } finally {
      await world.close()
      await remove()
    }
  })

  it.for<number>([7, 27])('[I42] keeps its promises in a schema drawn at random (seed %i)', async (seed) => {
    const { failure, tally } = await life('random', seed, 60)
    expect(failure).toBeNull()
    expect(tally['committed write'] ?? 0).toBeGreaterThan(5)
  })
})
