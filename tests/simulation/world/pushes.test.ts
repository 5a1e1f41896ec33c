/** What went over the wire is told apart. */
import { describe, expect, it } from 'vitest'
import { Pushes } from './pushes.js'

const [first, second, third] = ['a', 'b', 'c']

const told = (pushes: Pushes, mutation: object, outcome: object): void => {
  for (const [from, to, message] of [
    ['d1', 'node0', { kind: 'hello', client: 'c' }],
    ['d1', 'node0', { kind: 'push', mutations: [mutation] }],
    ['node0', 'd1', { kind: 'pushed', results: [{ seq: (mutation as { seq: number }).seq, outcome }] }],
  ] as const) {
    pushes.see(from, to, message as never)
  }
}

describe('what was pushed', () => {
  it('of two mutations in the same words under one number, drawn twice, each has its own time', () => {
    const pushes = new Pushes()
    const [lost, again] = [1, 2].map((at) => ({ seq: 1, run: `r${at}`, at, schema: 's', ops: [{ op: 'delete', model: 'Tag', id: first }] }))
    pushes.see('d1', 'node0', { kind: 'hello', client: 'c' } as never)
    pushes.see('d1', 'node0', { kind: 'push', mutations: [lost] } as never)
    told(pushes, again ?? {}, { kind: 'rejected' })
    expect(pushes.told.map(({ mutation }) => mutation.at)).toEqual([2])
  })

  it('a link that gave way to one that gave way has three names', () => {
    const pushes = new Pushes()
    told(pushes, { seq: 1, run: 'r', at: 1, ops: [] }, { kind: 'merged', lost: [], links: [{ model: 'Tagging', id: first, into: second }] })
    told(pushes, { seq: 2, run: 'r', at: 2, ops: [] }, { kind: 'merged', lost: [], links: [{ model: 'Tagging', id: second, into: third }] })
    expect(pushes.linksOf('a')).toEqual([first, second, third])
    expect(pushes.linksOf('d')).toEqual(['d'])
  })
})
