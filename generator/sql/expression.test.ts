/** That SQL and JavaScript work out the same values: random expressions over random rows, in one real database. */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluate } from '../../runtime/protocol/expression.js'
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { Dice } from '../../tests/postgres/random.js'
import type { Expression, FieldType } from '../model.js'
import { expressionSql } from './expression-sql.js'
import { sqlType } from './field-types.js'

const text = { kind: 'text' } as const
const decimal = { kind: 'decimal', precision: 12, scale: 3 } as const
const columns: Readonly<Record<string, FieldType>> = { t: text, u: text, n: { kind: 'int' }, b: { kind: 'bigint' }, d: decimal, yes: { kind: 'boolean' }, day: { kind: 'date' }, id: { kind: 'uuid' } }
const fields = Object.entries(columns).map(([name, type]) => ({ name, column: name, type }))

/** Types with what the client knows of them. */
const targets: readonly (readonly [FieldType, FieldDescriptor])[] = [
  [text, { type: 'text', nullable: true }],
  [{ kind: 'int' }, { type: 'int', nullable: true }],
  [{ kind: 'bigint' }, { type: 'bigint', nullable: true }],
  [{ kind: 'decimal', precision: 9, scale: 1 }, { type: 'decimal', precision: 9, scale: 1, nullable: true }],
  [decimal, { type: 'decimal', precision: 12, scale: 3, nullable: true }],
]

const words = ['', 'Ada', 'ÄÖÜ ß İ ı', "it's $$ \\ \n", 'ABC xyz', 'ſK', '0', 'null', '😀z'] as const

const drawRow = (dice: Dice): Readonly<Record<string, Wire>> => ({
  t: dice.chance(0.2) ? null : dice.pick(words),
  u: dice.chance(0.2) ? null : dice.pick(words),
  n: dice.chance(0.2) ? null : dice.below(4001) - 2000,
  b: dice.chance(0.2) ? null : String(dice.below(2_000_001) - 1_000_000),
  d: dice.chance(0.2) ? null : ((dice.below(4_000_001) - 2_000_000) / 1000).toFixed(3),
  yes: dice.chance(0.2) ? null : dice.chance(0.5),
  day: dice.chance(0.2) ? null : dice.pick(['0001-01-01', '1999-12-31', '2024-02-29', '9999-12-31']),
  id: '01981c6e-7a10-7c3e-9d55-6f1a2b3c4d5e',
})

const drawExpression = (dice: Dice, kind: 'text' | 'number', depth: number): Expression => {
  const deeper = (): Expression => drawExpression(dice, kind, depth - 1)
  const field = (...names: readonly string[]): Expression => ({ kind: 'field', field: dice.pick(names) })
  if (depth === 0 || dice.chance(0.2)) {
    if (dice.chance(0.3)) return { kind: 'literal', value: kind === 'text' ? dice.pick(words) : dice.pick(['0', '1', '-1.5', '0.005', '12', '-0.45']) }
    if (kind === 'text' && dice.chance(0.5)) return { kind: 'text', of: field('t', 'n', 'b', 'd', 'yes', 'day', 'id') }
    return kind === 'text' ? field('t', 'u') : field('n', 'b', 'd')
  }
  const common = (): Expression => {
    if (dice.chance(0.5)) return { kind: 'coalesce', of: [deeper(), deeper()] }
    const of = field('t', 'n', 'yes', 'day')
    return { kind: 'match', of, cases: [[dice.pick(['true', '0', 'Ada', '2024-02-29']), deeper()], [dice.pick(['false', '7', "it's $$ \\ \n"]), deeper()]], otherwise: dice.chance(0.5) ? deeper() : null }
  }
  if (dice.chance(0.4)) return common()
  if (kind === 'number') return { kind: dice.pick(['add', 'subtract', 'multiply'] as const), of: [deeper(), deeper()] }
  return dice.chance(0.5) ? { kind: 'concat', of: [deeper(), deeper()] } : { kind: dice.pick(['lower', 'upper'] as const), of: deeper() }
}

describe('values that are worked out', { timeout: 60_000 }, () => {
  let client: pg.Client
  let end: () => Promise<void>

  beforeAll(async () => {
    const { url, drop } = await testDatabase()
    client = new pg.Client({ connectionString: url, options: '-c datestyle=SQL,DMY' })
    await client.connect()
    end = async () => {
      await client.end()
      await drop()
    }
  })

  afterAll(() => end())

  it('[E43] SQL and JavaScript agree on random expressions over random rows (seeds 1 to 60)', async () => {
    let told = 0
    for (let seed = 1; seed <= 60; seed++) {
      const dice = new Dice(seed)
      const rows = Array.from({ length: 12 }, () => drawRow(dice))
      const source = `jsonb_to_recordset($1::jsonb) as r(${fields.map(({ column, type }) => `"${column}" ${sqlType(type)}`).join(', ')})`
      for (const [type, descriptor] of targets) {
        const expression = drawExpression(dice, type.kind === 'text' ? 'text' : 'number', 3)
        const sql = expressionSql(expression, type, { fields, old: null })
        // As assigned to a column: each row by itself, so that one that does not fit leaves the others.
        for (const row of rows) {
          const found = await client
            .query<{ value: string | null }>({ text: `select ((${sql})::${sqlType(type)})::text as value from ${source}`, values: [JSON.stringify([row])] })
            .then(({ rows: [first] }) => first?.value, (error: { code: string }) => (error.code === '22003' ? undefined : Promise.reject(error)))
          const worked = evaluate(expression, descriptor, (name) => row[name ?? ''])
          expect(worked === undefined || worked === null ? worked : String(worked), `seed ${seed}: ${sql} of ${JSON.stringify(row)}`).toBe(found)
          if (worked !== undefined && worked !== null) told += 1
        }
      }
    }
    expect(told).toBeGreaterThan(1500)
  })
})
