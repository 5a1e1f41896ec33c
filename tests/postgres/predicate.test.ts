import { describe, expect, it } from 'vitest'
import { type Access, modelOf, type Predicate } from '../../generator/model.js'
import { modelSql, predicateSql, type Statement } from '../../generator/sql/index.js'
import { Database } from './database.js'
import { always } from './ir.js'
import { library, libraryBound } from './library.js'
import { type Bound, members, type Tables } from './oracle.js'
import { Dice, rounds, seed } from './random.js'
import { randomPredicate } from './random-predicate.js'
import { inSnapshot, Writer } from './world.js'

describe('predicates in SQL', () => {
  it('[P21] are true or false for every row, never unknown, and what the truth table says', async () => {
    const dice = new Dice(seed(5))
    await using database = await Database.of(library)
    const client = await database.connect()
    await new Writer(client, library, dice).populate()
    const { tables } = await inSnapshot(client, library, (seen) => Promise.resolve(seen))
    const scope = library.scopes[0]
    if (scope === undefined) throw new Error('no scope')
    for (let n = 0; n < rounds(300); n++) {
      const model = dice.pick(library.models)
      const predicate = randomPredicate(dice, model, 2)
      const bound = libraryBound(dice)
      const sql = predicateSql(library, predicate, { model, alias: 'it', scope, own: 0 })
      const { rows } = await client.query<{ id: string; holds: boolean | null }>(`select it.id, ${sql.text} as holds from "${model.table}" it`, parametersOf(sql, bound))
      const wanted = holding(model.name, predicate, tables, bound)
      expect({ seed: seed(5), n, sql: sql.text, bound, rows: rows.map(({ id, holds }) => [id, holds]) }).toEqual({ seed: seed(5), n, sql: sql.text, bound, rows: rows.map(({ id }) => [id, wanted.has(id)]) })
    }
  }, 120_000)

  it('[P22] an access statement selects those of the given ids for which the rule holds', async () => {
    const dice = new Dice(seed(6))
    await using database = await Database.of(library)
    const client = await database.connect()
    await new Writer(client, library, dice).populate()
    const { tables } = await inSnapshot(client, library, (seen) => Promise.resolve(seen))
    for (let n = 0; n < rounds(100); n++) {
      const model = dice.pick(library.models)
      const rules = ruled(randomPredicate(dice, model, 2))
      const schema = { ...library, models: library.models.map((each) => (each === model ? { ...each, access: rules } : each)) }
      const { update } = modelSql(schema, modelOf(schema, model.name)).access
      const ids = dice.some([...(tables.get(model.name)?.keys() ?? [])], 0.7)
      const bound = libraryBound(dice)
      const wanted = [...holding(model.name, rules.update, tables, bound)].filter((id) => ids.includes(id)).sort()
      if (update === null) expect(wanted).toEqual([])
      else {
        const { rows } = await client.query<{ id: string }>(update.text, [ids, ...parametersOf(update, bound)])
        expect({ seed: seed(6), n, text: update.text, ids: rows.map(({ id }) => id).sort() }).toEqual({ seed: seed(6), n, text: update.text, ids: wanted })
      }
    }
  }, 120_000)
})

/** Access rules know no parameters: those in a random predicate become a claim, or are dropped. */
const ruled = (predicate: Predicate): Access => ({ read: always, create: always, update: unbound(predicate), delete: always })

const unbound = (predicate: Predicate): Predicate => {
  switch (predicate.kind) {
    case 'all':
    case 'any':
      return { ...predicate, of: predicate.of.map(unbound) }
    case 'not':
      return { ...predicate, of: unbound(predicate.of) }
    case 'one':
    case 'some':
      return { ...predicate, where: unbound(predicate.where) }
    case 'compare':
      return predicate.value.kind === 'param' ? always : predicate
    case 'in':
      return { ...predicate, values: predicate.values.filter((value) => value.kind !== 'param') }
    default:
      return predicate
  }
}

const holding = (model: string, where: Predicate, tables: Tables, bound: Bound): ReadonlySet<string> => {
  const open = { ...library, models: library.models.map((each) => ({ ...each, access: { ...each.access, read: always } })) }
  return members(open, tables, { model, where }, bound)
}

const parametersOf = ({ values }: Statement, bound: Bound): unknown[] =>
  values.map((binding) => {
    const [from, name = ''] = binding.split('.')
    return (from === 'auth' ? bound.claims : bound.params)[name] ?? null
  })
