import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { patternFault } from '../../generator/read/pattern.js'
import { type TestDatabase, testDatabase } from '../../runtime/testing/database.js'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await testDatabase()
  client = new pg.Client(database.url)
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

const characters = ['a', 'b', 'A', 'z', '0', '9', '-', '_', '@', '#', '^', ']', '\\', '/', ' ', '\n', 'é', 'ß', 'İ', '\u0301', '😀', '\u2028']
const escaped = (character: string): string => character.replace(/[\^$\\.*+?()[\]{}|/]/, '\\$&').replace('\n', '\\n')

/** Patterns as the accepted grammar has them, and some beside it. */
const pattern = fc.letrec<{ branches: string; branch: string; piece: string; atom: string }>((tie) => {
  const one = fc.constantFrom(...characters).map(escaped)
  const inClass = fc.oneof(fc.constantFrom(...characters).map((each) => (each === '-' ? '\\-' : escaped(each))), fc.constantFrom('a-z', 'A-Z', '0-9', 'À-ÿ'))
  const group = fc.constantFrom('[', '[^').chain((open) => fc.array(inClass, { minLength: 1, maxLength: 4 }).map((all) => `${open}${all.join('')}]`))
  return {
    branches: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }).map((all) => all.join('|')),
    branch: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((all) => all.join('')),
    piece: fc.tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{2,}')).map(([atom, quantifier]) => atom + quantifier),
    atom: fc.oneof(
      { maxDepth: 3 },
      { weight: 8, arbitrary: one },
      { weight: 5, arbitrary: group },
      { weight: 1, arbitrary: fc.constantFrom('^', '$') },
      { weight: 1, arbitrary: tie('branches').map((inner) => `(${inner})`) },
      { weight: 1, arbitrary: tie('branches').map((inner) => `(?:${inner})`) },
    ),
  }
}).branches

const texts = fc.array(fc.array(fc.constantFrom(...characters), { maxLength: 6 }).map((all) => all.join('')), { minLength: 20, maxLength: 20 })

it('[Y10] an accepted pattern answers as JavaScript does', { timeout: 120_000 }, async () => {
  let accepted = 0
  let matched = 0
  await fc.assert(
    fc.asyncProperty(pattern, texts, async (source, samples) => {
      if (patternFault(source, 20) !== null) return
      accepted++
      const expected = samples.map((text) => new RegExp(source, 'u').test(text))
      matched += expected.filter(Boolean).length
      const { rows } = await client.query<{ answers: boolean[] }>({
        text: 'select array_agg(each.text collate "C" ~ $1 order by each.at) as answers from unnest($2::text[]) with ordinality as each(text, at)',
        values: [source, samples],
      })
      expect(rows[0]?.answers, source).toEqual(expected)
    }),
    { numRuns: 2000 },
  )
  expect(accepted).toBeGreaterThan(500)
  expect(matched).toBeGreaterThan(1000)
})
