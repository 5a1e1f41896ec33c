/** The world's schema itself: what is generated runs, and what the simulation believes of it is what devices hold. */
import { describe, expect, it } from 'vitest'
import { trial } from './trial.js'
import { worldSchema } from './world-schema.js'

describe('the world of the simulation', () => {
  it('has a field of every type, with and without null, and every policy that the language has', () => {
    const fields = worldSchema.ir.models.flatMap(({ fields }) => fields)
    const types = new Set(fields.map(({ type, nullable }) => `${type.kind}${type.kind === 'list' ? ` of ${type.of.kind}` : ''}${nullable ? '?' : ''}`))
    const kinds = ['string', 'text', 'int', 'bigint', 'float', 'decimal', 'boolean', 'timestamp', 'date', 'json', 'uuid', 'bytes', 'enum']
    const all = [...kinds, 'list of string', 'list of int', 'list of enum'].flatMap((kind) => [kind, `${kind}?`])
    expect(all.filter((kind) => !types.has(kind))).toEqual([])
    const policies = new Set<string>(fields.map(({ conflict }) => conflict))
    expect(['latest', 'server', 'client', 'reject', 'max', 'min', 'counter', 'set', 'custom'].filter((policy) => !policies.has(policy))).toEqual([])
    const onDelete = new Set(fields.flatMap(({ reference }) => (reference === null ? [] : [reference.onDelete])))
    expect(onDelete).toEqual(new Set(['cascade', 'setNull', 'restrict', 'noAction']))
  })

  it('[M40] devices hold what brute force says, whatever they and other programs write', async () => {
    const tally = await trial(worldSchema, { seed: 7, rounds: 4, stepsPerRound: 60 })
    const times = (what: string): number => Object.entries(tally).reduce((sum, [key, count]) => (key.startsWith(what) ? sum + count : sum), 0)
    const all = ['create applied', 'update applied', 'delete applied', 'update rejected', 'transaction applied', 'sql insert', 'sql delete', 'hostile value refused']
    expect(all.filter((what) => times(what) === 0)).toEqual([])
    expect(times('rows compared')).toBeGreaterThan(100)
  })
})
