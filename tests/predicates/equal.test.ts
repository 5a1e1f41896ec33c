import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ground } from '../../generator/read/ground.js'
import type { Model, Predicate, Scope } from '../../generator/model.js'
import { parse } from '../../generator/read/parse.js'
import { compilePredicate } from '../../generator/read/predicate.js'
import { type Problem, reportInto } from '../../generator/problem.js'
import { predicateSql } from '../../generator/sql/index.js'
import { checkValue } from '../../runtime/protocol/check-value.js'
import { compileWhere } from '../../runtime/protocol/predicate.js'
import { identifier, parameterOf } from '../../runtime/server/values.js'
import { Dice, rounds, seed } from '../postgres/random.js'
import { type RandomWhere, randomWhere } from './random-where.js'
import { type TestWorld, fieldDescriptorOf, openWorld, storedRows } from './world.js'

const used = seed(20_260_805)

describe('one predicate, compiled twice', () => {
  const dice = new Dice(used)
  let test: TestWorld

  beforeAll(async () => {
    test = await openWorld(dice)
  })

  afterAll(async () => {
    await test.close()
  })

  it('[W3] what fits a field is accepted by its column, and comes back unchanged', async () => {
    for (const model of test.schema.models) {
      const stored = await storedRows(test, model.name)
      for (const row of test.inserted.get(model.name) ?? []) {
        for (const field of model.fields) {
          expect(
            checkValue(fieldDescriptorOf(test.schema, field), row[field.name] ?? null),
            `seed ${used} ${model.name}.${field.name}`,
          ).toBeUndefined()
        }
        expect(stored.get(String(row['id'])), `seed ${used} ${model.name}`).toEqual(row)
      }
    }
  })

  it('[W16] selects the same rows in PostgreSQL and in the cache', { timeout: 120_000 }, async () => {
    let [pairs, selected] = [0, 0]
    for (let round = 0; round < rounds(400); round += 1) {
      const model = dice.chance(0.6) ? modelNamed(test, 'Item') : dice.pick(test.schema.models)
      const random = randomWhere(dice, test.schema, model)
      const hint = `seed ${used} round ${round} ${model.name} ${JSON.stringify({ yaml: random.yaml, params: random.params })}`
      const inDatabase = await idsInDatabase(test, model, random).catch((error: unknown) => {
        throw new Error(hint, { cause: error })
      })
      const { holds } = compileWhere(test.world.models[model.name] ?? never(), random.where, test.world)
      const rows = test.rowsOf(model.name)
      const inCache = rows.filter(holds).map((row) => row.id)
      expect([...inCache].sort(), hint).toEqual([...inDatabase].sort())
      pairs += rows.length
      selected += inCache.length
    }
    expect(pairs).toBeGreaterThan(rounds(400) * 20)
    expect(selected / pairs).toBeGreaterThan(0.1)
    expect(selected / pairs).toBeLessThan(0.9)
  })
})

const idsInDatabase = async ({ schema, database }: TestWorld, model: Model, random: RandomWhere): Promise<readonly string[]> => {
  const scope: Scope = { name: 'random', params: random.params, lines: [], doc: null }
  const { text, values } = predicateSql(schema, predicateOf(schema, model, random), { model, alias: 't', scope })
  const parameters = values.map((binding) => {
    const param = random.params.find((each) => `params.${each.name}` === binding) ?? never()
    return parameterOf(fieldDescriptorOf(schema, param), param.wire)
  })
  const rows = await database.rows(`select t."id" from ${identifier(model.table)} t where ${text}`, parameters)
  const unknown = await database.rows(
    `select count(*)::int from ${identifier(model.table)} t where (${text}) is null`,
    parameters,
  )
  expect(unknown, 'a predicate is never unknown').toEqual([[0]])
  return rows.map(([id]) => String(id))
}

/** What the generator makes of the YAML. */
const predicateOf = (schema: TestWorld['schema'], model: Model, { yaml, params }: RandomWhere): Predicate => {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const node = parse({ file: 'where.yaml', path: 'where.yaml', text: JSON.stringify(yaml) }, report)
  const shape = (each: Model): [string, Ground['shapes'] extends ReadonlyMap<string, infer Shape> ? Shape : never] => [
    each.name,
    { ...each, broken: new Set() },
  ]
  const shapes = new Map(schema.models.map(shape))
  const ground: Ground = {
    shapes,
    enums: schema.enums,
    claims: schema.claims,
    params,
    brokenVariables: new Set(),
    ruleOf: never,
    report,
  }
  const predicate = node === null ? never() : compilePredicate(node, shapes.get(model.name) ?? never(), ground)
  expect(problems).toEqual([])
  return predicate
}

const modelNamed = ({ schema }: TestWorld, name: string): Model => schema.models.find((each) => each.name === name) ?? never()

const never = (): never => {
  throw new Error('the test asked for something that is not in its schema')
}
