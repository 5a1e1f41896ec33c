/** The world's schema itself: what is generated runs, and what the simulation believes of it agrees with what a device holds. */
import { type Lab, openLab, until } from 'syncgen/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Dice } from '../../postgres/random.js'
import { cachedTables } from './cached-tables.js'
import { type OpenScope, expectedRows } from './expected-rows.js'
import { foreignStatement } from './foreign-sql.js'
import { RowAuthor } from './row-author.js'
import { cachedRows, differences } from './row-text.js'
import { allParams, drawParams, givenParams } from './scope-choices.js'
import { type SimClient, type SimServer, cacheOf } from './sim-schema.js'
import { type Tables, type WireRecord, readTables } from './tables.js'
import { worldSchema } from './world-schema.js'

const { ir } = worldSchema

describe('the world of the simulation', () => {
  let lab: Lab<WireRecord, SimServer, SimClient>
  const tables = (): Promise<Tables> => readTables((text) => lab.sql(text), ir)

  beforeAll(async () => {
    lab = await openLab(worldSchema)
    await lab.sql(worldSchema.extraSql)
    for (const text of worldSchema.seedSql) await lab.sql(text)
  })
  afterAll(() => lab.close())

  it('has a field of every type, with and without null, and every policy that the language has', () => {
    const types = new Set(ir.models.flatMap(({ fields }) => fields.map(({ type, nullable }) => `${type.kind}${type.kind === 'list' ? ` of ${type.of.kind}` : ''}${nullable ? '?' : ''}`)))
    const kinds = ['string', 'text', 'int', 'bigint', 'float', 'decimal', 'boolean', 'timestamp', 'date', 'json', 'uuid', 'bytes', 'enum', 'list of string', 'list of int', 'list of enum']
    expect(kinds.flatMap((kind) => [kind, `${kind}?`]).filter((kind) => !types.has(kind))).toEqual([])
  })

  it('[M22] what brute force expects is what devices hold, whatever they and others write', async () => {
    const dice = new Dice(7)
    let marks = 0
    const mark = (): string => `d1:${(marks += 1)}`
    const author = new RowAuthor({ schema: worldSchema, dice, mark })
    const devices = await Promise.all(
      worldSchema.principals.map(async (who) => {
        const client = await lab.device({ ...who, open: [] })
        return { ...who, client, open: new Map<string, OpenScope>() }
      }),
    )
    const openScopes = async (): Promise<void> => {
      const rows = await tables()
      for (const device of devices) {
        for (const scope of ir.scopes) {
          const choices = allParams(ir, scope.name, rows)
          for (const params of choices.length === 0 ? [drawParams(dice, ir, scope.name, rows)] : dice.some(choices, 0.5)) {
            const key = JSON.stringify([scope.name, params])
            if (device.open.has(key)) continue
            device.open.set(key, { scope: scope.name, params })
            device.client.openScope(scope.name, givenParams(worldSchema, scope.name, params))
          }
        }
      }
    }
    const allEqual = async (): Promise<void> => {
      await lab.settled()
      const rows = await tables()
      for (const { client, claims, open } of devices) {
        let last: readonly string[] = []
        await until('the cache equals brute force', () => {
          last = differences(expectedRows(ir, rows, [...open.values()], claims), cachedRows(ir, client))
          return last.length === 0
        }, 5_000).catch(() => expect(last.slice(0, 5)).toEqual([]))
      }
    }
    await openScopes()
    await allEqual()
    const outcomes: Record<string, number> = {}
    const count = (what: string): void => void (outcomes[what] = (outcomes[what] ?? 0) + 1)
    for (let round = 0; round < 6; round += 1) {
      for (let step = 0; step < 40; step += 1) {
        const model = dice.pick(ir.models)
        const device = dice.pick(devices)
        const seen = cachedTables(ir, device.client)
        const cache = cacheOf(device.client, model.plural)
        const roll = dice.next()
        if (roll < 0.3) {
          const statement = foreignStatement(dice, author, model, await tables())
          if (statement !== null) await lab.sql(statement.text, statement.values).then(() => count(`sql ${statement.kind}`), (error) => count(`sql refused ${error.code}`))
          continue
        }
        const rows = [...(seen.get(model.name)?.values() ?? [])]
        if (roll < 0.4) {
          const hostile = author.hostile(model, seen, device.claims)
          if (hostile === null) continue
          try {
            const { confirmed } = hostile.op === 'create' ? cache.create(hostile.values) : cache.update(String(hostile.id), hostile.values)
            expect({ ...hostile, was: 'not refused' }).toMatchObject({ refusedBy: 'server' })
            void confirmed.then((outcome) => count(`${hostile.fault} ${outcome.kind}${outcome.kind === 'rejected' ? ` ${outcome.code}` : ''}`))
          } catch (error) {
            expect({ ...hostile, error }).toMatchObject({ refusedBy: 'client', error: { code: 'invalid-value', details: { field: hostile.field } } })
            count(`refused at once: ${hostile.fault}`)
          }
          continue
        }
        const write = (): { readonly confirmed: Promise<{ readonly kind: string }> } | null => {
          if (roll < 0.65 || rows.length === 0) {
            const values = author.create(model, seen, device.claims)
            return values === null ? null : cache.create(values)
          }
          const row = dice.pick(rows)
          if (roll < 0.92) {
            const patch = author.patch(model, row, seen)
            return patch === null ? null : cache.update(row.id, patch)
          }
          return cache.delete(row.id)
        }
        const written = write()
        const what = roll < 0.65 ? 'create' : roll < 0.92 ? 'update' : 'delete'
        void written?.confirmed.then((outcome) => count(`${what} ${outcome.kind}`))
      }
      await openScopes()
      await allEqual()
    }
    console.log(outcomes)
  })
})
