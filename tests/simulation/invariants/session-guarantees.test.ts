/** Which older texts may come back on a screen, and which may not. */
import { describe, expect, it } from 'vitest'
import type { Mutation, Outcome } from '../../../runtime/protocol/messages.js'
import { worldSchema } from '../schema/world-schema.js'
import type { Entry } from '../world/history.js'
import { Pushes } from '../world/pushes.js'
import type { World } from '../world/world.js'
import { sessionGuarantees } from './session-guarantees.js'

const uuidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const [link, gaveWay, task, tag, other] = [uuidOf(1), uuidOf(2), uuidOf(3), uuidOf(4), uuidOf(5)]

type Listener = (event: { readonly kind: 'changed'; readonly id: string; readonly after: object }) => void

/** What device d1 shows of links, and what it was told; `says` is heard before the last of three texts. */
const nostalgia = (says?: object): { readonly pushes: Pushes; readonly history: Entry[]; readonly atRest: () => unknown } => {
  const listeners = new Map<string, Listener>()
  const caches = worldSchema.ir.models.map(({ plural }) => [plural, { on: (listener: Listener) => void listeners.set(plural, listener), get: () => ({}) }] as const)
  const client = { position: null, status: { get: () => ({ connection: 'online' }) }, ...Object.fromEntries(caches) }
  const device = { name: 'd1', schema: worldSchema, client, scopes: new Map() }
  const pushes = new Pushes()
  const history: Entry[] = []
  const { opened, frame, atRest } = sessionGuarantees.watch({ devices: [device], pushes, history: { entries: history }, ledger: { writes: [] } } as unknown as World)
  opened?.(device as never, client as never)
  for (const [at, reason] of ['d1:1', 'd1:2', 'd1:1'].entries()) {
    if (at === 2 && says !== undefined) frame?.('node0', 'd1', says as never)
    listeners.get('taggings')?.({ kind: 'changed', id: link, after: { id: link, taskId: task, tagId: tag, reason } })
  }
  return { pushes, history, atRest: () => atRest?.() }
}

/** Somebody sends something, and hears what became of it unless he is lost before. */
const send = (pushes: Pushes, op: Mutation['ops'][number], outcome: Outcome | null, whose = 'd1', client = 'c'): void => {
  const mutation: Mutation = { seq: 1, run: 'r', schema: worldSchema.descriptor.hash, at: 0, strict: false, ops: [op] }
  pushes.see(whose, 'node0', { kind: 'hello', client } as never)
  pushes.see(whose, 'node0', { kind: 'push', mutations: [mutation] })
  if (outcome !== null) pushes.see('node0', whose, { kind: 'pushed', results: [{ seq: 1, outcome, rows: {} }] })
}

/** Device d1 shows a link with one text, with another, and with the first again, and was told what became of what it had sent. */
const nostalgic = (op: Mutation['ops'][number], outcome: Outcome, whose = 'd1'): (() => unknown) => {
  const { pushes, atRest } = nostalgia()
  send(pushes, op, outcome, whose)
  return atRest
}

const created = (values: object): Mutation['ops'][number] => ({ op: 'create', model: 'Tagging', id: gaveWay, values: { taskId: task, tagId: tag, reason: 'd1:2', ...values } }) as never
const edited = { op: 'update', model: 'Tagging', id: link, version: 1, set: { reason: { seen: 'd1:1', value: 'd1:2' } } } as never
const refused = { kind: 'rejected', code: 'reference', model: 'Tagging', id: null, fields: [] } as never
const lost = (field: string): Outcome => ({ kind: 'merged', lost: [{ model: 'Tagging', id: link, field }], links: [{ model: 'Tagging', id: gaveWay, into: link }] }) as never

describe('a text that was replaced on a screen', () => {
  it('[V118] may come back where a new link of the pair had replaced it, and was refused with its mutation', () => {
    expect(nostalgic(created({}), refused)).not.toThrow()
  })

  it('[V118] or where the new link gave way, and its text was lost; or an edit was refused', () => {
    expect(nostalgic(created({}), lost('reason'))).not.toThrow()
    expect(nostalgic(edited, refused)).not.toThrow()
  })

  it.for<readonly [what: string, op: Mutation['ops'][number], outcome: Outcome, whose?: string]>([
    ['the new link was taken', created({}), { kind: 'applied' }],
    ['the refused link is of another pair', created({ tagId: other }), refused],
    ['the refused link said something else', created({ reason: 'd1:3' }), refused],
    ['somebody else’s link was refused', created({}), refused, 'd2'],
    ['another field was lost', created({}), lost('weight')],
    ['the edit was taken', edited, { kind: 'applied' }],
  ])('[V118] may not if %s', ([, op, outcome, whose]) => {
    expect(nostalgic(op, outcome, whose)).toThrow('I6: d1 saw d1:1 again after d1:2')
  })

  it('may come back with its row, whoever brought that back, in whatever words, and though he was lost before he heard of it', () => {
    for (const restore of [true, false]) {
      const { pushes, atRest } = nostalgia()
      send(pushes, { ...created({ reason: 'd1:3', why: 'd1:1' }), id: link, ...(restore ? { restore } : {}) } as never, null, 'd2')
      if (restore) expect(atRest).not.toThrow()
      else expect(atRest).toThrow('I6')
    }
  })

  it('may come back where a copy of a device wrote it once more', () => {
    const again = { op: 'update', model: 'Tagging', id: link, version: 1, set: { reason: { seen: null, value: 'd1:1' } } } as never
    const wrote = (client: string, before: string | null): Entry => ({ key: link, mutation: { client, seq: 1, outcome: 'applied' }, before: { why: before }, after: { why: 'd1:1' } }) as never
    for (const [writers, isExcused] of [[['d1', 'd2'], true], [['d1', 'd1'], false], [['d1'], false]] as const) {
      const { pushes, history, atRest } = nostalgia()
      for (const [at, whose] of writers.entries()) {
        send(pushes, again, { kind: 'applied' }, whose, `c${at}`)
        history.push(wrote(`c${at}`, 'd1:2'))
      }
      if (isExcused) expect(atRest).not.toThrow()
      else expect(atRest).toThrow('I6')
    }
  })

  it('may come back when the device hears that the database is another, before it has anything of that', () => {
    expect(nostalgia({ kind: 'welcome', epoch: 'another' }).atRest).not.toThrow()
    expect(nostalgia({ kind: 'pong' }).atRest).toThrow('I6')
  })
})
