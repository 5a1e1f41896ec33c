/** What a restore undoes, though entries do not come in the order of their ids. */
import { describe, expect, it } from 'vitest'
import { worldSchema } from '../schema/world-schema.js'
import { type Entry, History } from './history.js'

const made = (id: number): Entry => {
  const key = `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`
  return { id, xid: String(id), who: 'sim:sql0', tx: null, model: 'Tag', op: 'I', key, before: null, after: { id: key }, mutation: null }
}

describe('the history', () => {
  it('a restore takes back all that was committed since, also if the last of it was begun before the rest', () => {
    const history = new History([worldSchema.ir], () => null as never, () => null as never)
    history.entries.push(...[1, 2, 5, 6, 4].map(made))
    const undone = history.restored(2, '9', () => true)
    expect([1, 2, 4, 5, 6].filter((id) => history.isUndone({ id }))).toEqual([4, 5, 6])
    expect(undone.map(({ id }) => id)).toEqual([7, 8, 9])
    expect(history.lastId).toBe(9)
  })
})
