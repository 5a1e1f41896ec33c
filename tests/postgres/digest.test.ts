import { describe, expect, it } from 'vitest'
import { scopeLineSql } from '../../generator/sql/index.js'
import { Digests, partCount, partOf, partsOf } from '../../runtime/protocol/digest.js'
import { hashOf } from '../../runtime/protocol/digest-hash.js'
import { Database, trackerSchema } from './database.js'
import { Dice } from './random.js'

const seed = 640_064

const randomUuid = (dice: Dice): string => {
  const digits = Array.from({ length: 32 }, () => dice.below(16).toString(16)).join('')
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`
}

/** Small ones, ones around the borders of 31 and 32 bits, the largest. */
const randomVersion = (dice: Dice): number => {
  const near = [0, 2 ** 31, 2 ** 32, 2 ** 33, 2 ** 53 - 6][dice.below(5)] ?? 0
  return dice.below(3) === 0 ? near + dice.below(6) : dice.below(2 ** 21) * 2 ** dice.below(32) + dice.below(1000)
}

describe('the hash', () => {
  it(`[D1] is PostgreSQL's, for 20,000 ids and versions (seed ${seed})`, async () => {
    await using database = await Database.of(await trackerSchema())
    const client = await database.connect()
    const dice = new Dice(seed)
    const pairs = Array.from({ length: 20_000 }, () => [randomUuid(dice), randomVersion(dice)] as const)
    const { rows } = await client.query<{ hash: string }>(
      `select uuid_hash_extended(id, seed)::text as hash from unnest($1::uuid[], $2::bigint[]) with ordinality p (id, seed, at) order by at`,
      [pairs.map(([id]) => id), pairs.map(([, version]) => version)],
    )
    const ours = pairs.map(([id, version]) => {
      const { high, low } = hashOf(id, version)
      return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString()
    })
    expect(ours).toEqual(rows.map(({ hash }) => hash))
  })
})

describe('the digests of a line', () => {
  it(`[D2] in SQL are those of its keys and versions, and parts select what partOf says`, async () => {
    const schema = await trackerSchema()
    await using database = await Database.of(schema)
    const client = await database.connect()
    const { rows: [user] } = await client.query<{ id: string }>(`insert into users (name, email) values ('a', 'a@example.org') returning id`)
    const { rows: [project] } = await client.query<{ id: string }>('insert into projects (title, owner_id) values ($1, $2) returning id', ['p', user?.id])
    await client.query(`insert into tasks (project_id, title, position) select $1, n::text, 'a' from generate_series(1, 3000) n`, [project?.id])
    await client.query(`update tasks set title = 'changed' where title like '%7'`)
    const scope = schema.scopes.find(({ name }) => name === 'board')
    for (const line of scope?.lines ?? []) {
      if (scope === undefined) continue
      const { digests, keys } = scopeLineSql(schema, scope, line)
      const bound = (values: readonly string[]) => values.map((binding) => (binding === 'auth.sub' ? user?.id : project?.id))
      const held = (await client.query<{ id: string; version: string }>(keys.text, [null, ...bound(keys.values)])).rows
      if (line.model === 'Task') expect(held.length).toBe(3000)
      const expected = new Digests(partCount)
      for (const { id, version } of held) expected.add(partOf(id), id, Number(version))
      const actual = new Digests(partCount)
      const { rows } = await client.query<{ part: number; rows: number; digest: string }>(digests.text, bound(digests.values))
      for (const { part, digest } of rows) {
        const sum = BigInt.asUintN(64, BigInt(digest))
        actual.addHalves(part, Number(sum >> 32n), Number(sum & 0xffff_ffffn))
      }
      expect(actual.differences(expected)).toEqual([])
      expect(rows.reduce((sum, each) => sum + each.rows, 0)).toBe(held.length)
      const parts = [...partsOf(9), ...partsOf(200)]
      const some = (await client.query<{ id: string }>(keys.text, [parts, ...bound(keys.values)])).rows
      expect(some.map(({ id }) => id)).toEqual(held.map(({ id }) => id).filter((id) => parts.includes(partOf(id))))
    }
  })
})
