/** Which older texts may come back on a screen, and which may not. */
import { describe, expect, it } from 'vitest'
import type { Mutation, Outcome } from '../../../runtime/protocol/messages.js'
import { worldSchema } from '../schema/world-schema.js'
import { Pushes } from '../world/pushes.js'
import type { World } from '../world/world.js'
import { sessionGuarantees } from './session-guarantees.js'

const uuidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const [link, gaveWay, task, tag, other] = [uuidOf(1), uuidOf(2), uuidOf(3), uuidOf(4), uuidOf(5)]

type Listener = (event: { readonly kind: 'changed'; readonly id: string; readonly after: object }) => void

/** Device d1 shows a link with one text, with another, and with the first again, and was told what became of what it had sent. */
const nostalgic = (op: Mutation['ops'][number], outcome: Outcome, whose = 'd1'): (() => unknown) => {
  const listeners = new Map<string, Listener>()
  const caches = worldSchema.ir.models.map(({ plural }) => [plural, { on: (listener: Listener) => void listeners.set(plural, listener), get: () => ({}) }] as const)
  const client = { position: null, status: { get: () => ({ connection: 'online' }) }, ...Object.fromEntries(caches) }
  const device = { name: 'd1', schema: worldSchema, client, scopes: new Map() }
  const pushes = new Pushes()
  const { opened, atRest } = sessionGuarantees.watch({ devices: [device], pushes, ledger: { writes: [] } } as unknown as World)
  opened?.(device as never, client as never)
  for (const reason of ['d1:1', 'd1:2', 'd1:1']) listeners.get('taggings')?.({ kind: 'changed', id: link, after: { id: link, taskId: task, tagId: tag, reason } })
  const mutation: Mutation = { seq: 1, run: 'r', schema: worldSchema.descriptor.hash, at: 0, strict: false, ops: [op] }
  for (const [from, to, message] of [
    [whose, 'node0', { kind: 'hello', client: 'c' }],
    [whose, 'node0', { kind: 'push', mutations: [mutation] }],
    ['node0', whose, { kind: 'pushed', results: [{ seq: 1, outcome, rows: {} }] }],
  ] as const) {
    pushes.see(from, to, message as never)
  }
  return () => atRest?.()
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
})
