/**
 * One predicate, two compilations: PostgreSQL and the compiled closure have to select the same rows. Long runs:
 * `SYNCGEN_PAIRS=5000000 SYNCGEN_SEED=1 npx vitest run tests/predicates/equal.test.ts`.
 */
import { describe, expect, it } from 'vitest'
import type { Model } from '../../generator/model.js'
import { checkValue } from '../../runtime/protocol/check-value.js'
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import { equalValues } from '../../runtime/protocol/field-order.js'
import { compileWhere } from '../../runtime/protocol/predicate.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { Dice, seed } from '../postgres/random.js'
import { type Place, idsInDatabase, places } from './as-server.js'
import { Coverage, type Met, onlyNull, operatorsOf } from './coverage.js'
import { widest } from './random-schema.js'
import { type Both, type Direction, type Sources, type Variable, directedWhere, randomWhere } from './random-where.js'
import { type TestWorld, fieldDescriptorOf, openWorld, storedRows, valueOf } from './world.js'

const used = seed(20_261_122)
/** Comparisons of one predicate on one row. */
const wanted = Number(process.env['SYNCGEN_PAIRS'] ?? 150_000)
/** Of one random schema with its rows. */
const perWorld = 250_000

describe('one predicate, compiled twice', () => {
  it('[W3] what fits a field is accepted by its column, and comes back unchanged', async () => {
    const test = await openWorld(new Dice(used))
    for (const model of test.schema.models) {
      const stored = await storedRows(test, model.name)
      for (const row of test.inserted.get(model.name) ?? []) {
        for (const field of model.fields) {
          const misfit = checkValue(fieldDescriptorOf(test.schema, field), row[field.name] ?? null)
          expect(misfit, `seed ${used} ${model.name}.${field.name}`).toBeUndefined()
        }
        // -0 is stored as it came and sent as 0: JSON has no other.
        expect(JSON.parse(JSON.stringify(stored.get(String(row['id'])))), `seed ${used}`).toEqual(JSON.parse(JSON.stringify(row)))
      }
    }
    await test.close()
  })

  it('[W16] selects the same rows in PostgreSQL and in the cache', { timeout: 60_000 + wanted }, async () => {
    const dice = new Dice(used)
    const run = new Comparison(dice)
    while (run.pairs < wanted) {
      const test = await openWorld(dice)
      const most = Math.min(run.pairs + perWorld, wanted)
      await run.directed(test)
      while (run.pairs < most) await run.random(test)
      await test.close()
    }
    console.info(run.report())
    expect(run.coverage?.gaps(), `seed ${used}`).toEqual([])
    expect(run.selected / run.pairs).toBeGreaterThan(0.1)
    expect(run.selected / run.pairs).toBeLessThan(0.9)
  })
})

/** One run over worlds; owns its counts. */
class Comparison {
  readonly #dice: Dice
  readonly #byPlace = new Map<Place, number>(places.map((place) => [place, 0]))
  coverage: Coverage | undefined
  pairs = 0
  selected = 0
  #predicates = 0
  #worlds = 0

  constructor(dice: Dice) {
    this.#dice = dice
  }

  /** Each operator on each field of the model that has every type, with null and without, of the row itself and of others' rows. */
  async directed(test: TestWorld): Promise<void> {
    this.#worlds += 1
    const model = modelNamed(test, widest)
    this.coverage ??= new Coverage(distinctTypes(model.fields.map((field) => fieldDescriptorOf(test.schema, field))))
    for (const field of model.fields) {
      const type = fieldDescriptorOf(test.schema, field)
      for (const operator of operatorsOf(type)) {
        const asksNull = onlyNull(type) && operator !== 'contains'
        if (asksNull && !field.nullable) continue
        for (const withNull of asksNull ? [true] : [false, true]) {
          const direction = { field, operator, withNull }
          const ofRow = { ...direction, source: withNull ? ('parameter' as const) : ('claim' as const) }
          await this.#compare(test, model, (sources) => directedWhere(sources, model, ofRow, 'root'), withNull ? 'page' : 'rule')
          const negations = asksNull ? (['none', 'every'] as const) : ([field.nullable === withNull ? 'every' : 'none'] as const)
          for (const negation of negations) await this.#quantified(test, model, direction, negation)
        }
      }
    }
  }

  random(test: TestWorld): Promise<void> {
    const model = this.#dice.chance(0.5) ? modelNamed(test, widest) : this.#dice.pick(test.schema.models)
    return this.#compare(test, model, (sources) => randomWhere(sources, model))
  }

  report(): string {
    const byPlace = [...this.#byPlace].map(([place, count]) => `${place} ${count}`).join(', ')
    return `seed ${used}: ${this.pairs} pairs, ${this.selected} hold, ${this.#predicates} predicates (${byPlace}), ${this.#worlds} schemas, 0 differences
pairs in which the condition was one of the row itself:\n${this.coverage?.table() ?? ''}`
  }

  /** Of rows that some relation leads to. */
  #quantified(test: TestWorld, model: Model, direction: Direction, quantifier: 'none' | 'every'): Promise<void> {
    const [owner, relation] = this.#dice.pick(leadingToMany(test, model))
    return this.#compare(test, owner, (sources) => {
      const { yaml, where } = directedWhere(sources, model, direction, quantifier)
      return { yaml: { [relation]: { [quantifier]: yaml } }, where: { [relation]: { [quantifier]: where } } }
    })
  }

  async #compare(test: TestWorld, model: Model, write: (sources: Sources) => Both, place = this.#dice.pick(places)): Promise<void> {
    const [params, claims, met]: [Variable[], Variable[], Met[]] = [[], [], []]
    const known = (of: string, field: string): readonly Wire[] => (test.inserted.get(of) ?? []).map((row) => row[field] ?? null)
    const sources: Sources = { dice: this.#dice, schema: test.schema, known, params: place === 'rule' ? null : params, claims, met }
    const rules = new Map(test.schema.models.map((each) => [each.name, randomWhere({ ...sources, params: null, met: [] }, each)]))
    const both = write({ ...sources, ruleOf: (name) => rules.get(name) ?? never() })
    const hint = `seed ${used} predicate ${this.#predicates} ${place} ${model.name} ${JSON.stringify({ yaml: both.yaml, rule: rules.get(model.name)?.yaml, params, claims })}`
    const inDatabase = await idsInDatabase(test, place, { model, yaml: both.yaml, params, claims, rules }).catch((error: unknown) => {
      throw new Error(hint, { cause: error })
    })
    const isLine = place === 'page' || place === 'keys'
    const where = isLine ? { all: [both.where, rules.get(model.name)?.where ?? {}] } : both.where
    const { holds, equalities } = compileWhere(test.world.models[model.name] ?? never(), where, test.world)
    const inCache = test.rowsOf(model.name).filter(holds)
    expect(inCache.map((row) => row.id).sort(), hint).toEqual([...inDatabase].sort())
    for (const [field, value] of equalities) {
      const type = fieldDescriptorOf(test.schema, model.fields.find(({ name }) => name === field) ?? never())
      expect(inCache.every((row) => equalValues(type, valueOf(row, field), value)), `${hint}: ${field} is not fixed`).toBe(true)
    }
    const rows = test.rowsOf(model.name).length
    this.pairs += rows
    this.selected += inCache.length
    this.#predicates += 1
    this.#byPlace.set(place, (this.#byPlace.get(place) ?? 0) + 1)
    for (const each of met) this.coverage?.add(each, rows, known(each.model, each.field).includes(null))
  }
}

/** The relations that lead to many rows of the model, with whose they are. */
const leadingToMany = (test: TestWorld, model: Model): readonly (readonly [Model, string])[] =>
  test.schema.models.flatMap((owner) =>
    owner.relations.filter((each) => each.kind !== 'one' && each.model === model.name).map(({ name }) => [owner, name] as const),
  )

const distinctTypes = (types: readonly FieldDescriptor[]): readonly FieldDescriptor[] => [
  ...new Map(types.map((type) => [`${type.type} ${type.of ?? ''}`, type])).values(),
]

const modelNamed = ({ schema }: TestWorld, name: string): Model => schema.models.find((each) => each.name === name) ?? never()

const never = (): never => {
  throw new Error('the test asked for something that is not in its schema')
}
