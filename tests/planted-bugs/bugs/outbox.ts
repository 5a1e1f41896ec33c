import type { PlantedBug } from '../planted-bug.js'

const outbox = 'runtime/client/outbox.ts'
const overlay = 'runtime/client/overlay.ts'
const store = 'runtime/client/store.ts'
const synchronizer = 'runtime/client/synchronizer.ts'

/** What a client does with its own pending work. */
export const outboxBugs: readonly PlantedBug[] = [
  {
    id: 'any-answer-clears-all',
    title: 'An acknowledgement counts for everything that waits',
    hazards: ['C1', 'C3'],
    edits: [
      {
        file: outbox,
        find: '    this.#sweep([])\n    this.#sender.answered(',
        replace: `    for (const entry of results.length === 0 ? [] : this.#entries.filter((each) => each.seq !== null && each.outcome === null)) {
      entry.outcome = { kind: 'applied' }
      this.#count(-1)
      if (entry.isOverlaid) this.#parts.store.withdrawn(entry)
      entry.isOverlaid = false
      entry.confirmed.resolve(entry.outcome)
    }
    this.#sweep([])
    this.#sender.answered(`,
      },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'newer-edit-swept',
    title: 'A batch that contains an edit of a row also ends newer edits of that row',
    hazards: ['C1', 'C3'],
    edits: [
      {
        file: outbox,
        find: 'const contained = this.containing(done)',
        replace: `const over = new Set(this.#entries.flatMap(({ seq, ops }) => (seq !== null && seq <= done ? ops.map(({ id }) => id) : [])))
    const contained = this.#entries.filter((entry) => entry.isOverlaid && entry.ops.every(({ id }) => over.has(id)))`,
      },
    ],
    test: 'tests/client/convergence.test.ts',
  },
  {
    id: 'answer-ends-overlay',
    title: 'A write is taken from the screen when it is acknowledged, before the batch that contains it has come',
    hazards: ['C5', 'C6'],
    edits: [
      {
        file: outbox,
        find: `      if (entry.ops.length > 0) emitter.emit('confirmed', { mutation, outcome })`,
        replace: `      if (entry.isOverlaid) store.withdrawn(entry)
      entry.isOverlaid = false
      if (entry.ops.length > 0) emitter.emit('confirmed', { mutation, outcome })`,
      },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'answer-writes-base',
    title: 'The rows of an acknowledgement are put into the base, and the write counts as contained',
    hazards: ['C5', 'C3', 'F4'],
    edits: [
      {
        file: synchronizer,
        find: '    outbox.settle(results)\n',
        replace: `    outbox.settle(results)
    for (const { seq, rows } of results) {
      const raw = { rows, claims: [] }
      const delta = { raw, read: readDelta(this.#parts.store.base.shapes, raw), size: 0 }
      this.#job(link, (storage) => {
        const accepted = this.#parts.scopes.accepting(null)
        const device = { done: Math.max(seq, journal.device.done) }
        return this.#advance(storage, { pages: null, delta, accepted, device, arrived: [] })
      })
    }
`,
      },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'before-image-restored',
    title: 'A rejected write is undone by putting back what was there before it',
    hazards: ['C2'],
    edits: [
      {
        file: store,
        find: '    this.overlay.push(pending)\n    this.#refresh({ keys: this.#keysOf(pending)',
        replace: `    this.#before.set(pending, pending.ops.map(({ model, id }) => [model, id, this.table(model).get(id)] as const))
    this.overlay.push(pending)
    this.#refresh({ keys: this.#keysOf(pending)`,
      },
      {
        file: store,
        find: `this.overlay.remove(pending)\n    this.#settle({ keys, origin: 'rejected' })`,
        replace: `this.overlay.remove(pending)
    this.#settle({ keys, origin: 'rejected' })
    for (const [model, id, row] of this.#before.get(pending) ?? []) this.table(model).set(id, row)`,
      },
      {
        file: store,
        find: '  readonly #openScopes = new Set<number>()\n',
        replace: `  readonly #openScopes = new Set<number>()
  readonly #before = new WeakMap<Overlaid, readonly (readonly [string, Uuid, AnyRow | undefined])[]>()
`,
      },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'rejection-stays-visible',
    title: 'A rejected write is told, and stays on the screen',
    hazards: ['C2', 'H3'],
    edits: [
      { file: outbox, find: `      if (entry.isOverlaid) store.withdrawn(entry)\n      entry.isOverlaid = false\n      emitter.emit('rejected'`, replace: `      entry.isOverlaid = false\n      emitter.emit('rejected'` },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'newest-replayed-first',
    title: 'Pending writes of a row are replayed from the newest to the oldest',
    hazards: ['C11', 'C2'],
    edits: [{ file: overlay, find: '[...(ids.get(op.id) ?? []), step]', replace: '[step, ...(ids.get(op.id) ?? [])]' }],
    test: 'runtime/client/writes.test.ts',
  },
  {
    id: 'diff-over-pending-edit',
    title: 'What the server says of a row is shown instead of the pending edits of it',
    hazards: ['C3', 'F5'],
    edits: [
      {
        file: store,
        find: 'const after = this.isShown(model, id) ? replay.row(model, id) : undefined',
        replace: `const said = change.origin === 'server' ? this.base.get(model, id)?.row : undefined
    const after = this.isShown(model, id) ? (said ?? replay.row(model, id)) : undefined`,
      },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'cascade-not-undone',
    title: 'A rejected delete brings its row back, but not the rows that it took along',
    hazards: ['H8', 'C2'],
    edits: [{ file: store, find: `if (deaths === (this.#deaths.get(key) ?? '')) return mates`, replace: `if (deaths === '' || deaths === this.#deaths.get(key)) return mates` }],
  },
  {
    id: 'pending-row-protected',
    title: 'A row with a pending edit ignores what the server says of it',
    hazards: ['C4'],
    edits: [
      {
        file: store,
        find: 'const touched = this.base.apply(deltas, accepts)',
        replace: `const open = deltas.map((delta) => ({
      ...delta,
      rows: delta.rows.filter(({ model, id }) => !this.overlay.touches(model, id) || this.base.get(model, id) === undefined),
    }))
    const touched = this.base.apply(open, accepts)`,
      },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'done-one-too-early',
    title: 'A batch says that one mutation more is contained than is',
    hazards: ['C5', 'C1'],
    edits: [{ file: 'runtime/server/reading.ts', find: 'rows.map(([id, last]) => [String(id), Number(last)])', replace: 'rows.map(([id, last]) => [String(id), Number(last) + 1])' }],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'done-is-what-was-decided',
    title: 'A batch says that it contains whatever was decided by now, though it was read before',
    hazards: ['C5', 'B5'],
    edits: [
      {
        file: 'runtime/server/device.ts',
        find: 'else this.#tell(reading.at, done, delta.take())',
        replace: 'else this.#tell(reading.at, Math.max(done, this.#decided), delta.take())',
      },
    ],
  },
  {
    id: 'sent-before-stored',
    title: 'A write is sent before it is stored',
    hazards: ['C10', 'J4'],
    edits: [
      {
        file: outbox,
        find: '      const seq = await storage.enqueue(mutationOf(entry))\n      entry.seq = seq\n',
        replace: `      entry.seq = this.#lastSeq + 1
      this.#sender.ready(entry)
      const seq = await storage.enqueue(mutationOf(entry))
`,
      },
      { file: outbox, find: '      entry.durable.resolve()\n      this.#sender.ready(entry)\n', replace: '      entry.durable.resolve()\n' },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'contained-replayed-again',
    title: 'After a restart a write that the base contains is replayed on it once more',
    hazards: ['C5', 'J5'],
    edits: [{ file: outbox, find: 'this.#restored(seq, mutation, seq > done)', replace: 'this.#restored(seq, mutation, seq > done * 0)' }],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'reset-clears-outbox',
    title: 'A client that takes a new id leaves its pending work behind',
    hazards: ['E3', 'L4'],
    edits: [{ file: outbox, find: 'stored.filter((entry) => (entry.seq ?? 0) > decided)', replace: 'stored.filter((entry) => (entry.seq ?? 0) > decided + stored.length)' }],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'unsent-delete-cancels-create',
    title: 'A delete of a row whose create is pending takes both back, though the create may have been sent',
    hazards: ['D11', 'D4'],
    edits: [
      {
        file: outbox,
        find: '    this.#entries.push(entry)\n    this.#unstored.push(entry)\n',
        replace: `    const [only] = entry.ops
    const made = this.#entries.find(({ ops }) => ops.length === 1 && ops[0]?.op === 'create' && ops[0].id === only?.id)
    if (made !== undefined && entry.ops.length === 1 && only?.op === 'delete') {
      this.#entries = this.#entries.filter((each) => each !== made)
      this.#parts.store.withdrawn(made)
      this.#count(-1)
      return { durable: Promise.resolve(), confirmed: Promise.resolve({ kind: 'applied' }) }
    }
    this.#entries.push(entry)
    this.#unstored.push(entry)
`,
      },
    ],
  },
  {
    id: 'clock-goes-back',
    title: 'Two edits of one device have the times that its clock says, which may go back',
    hazards: ['A7', 'A1'],
    edits: [{ file: 'runtime/client/edit-clock.ts', find: 'Math.max(this.#last + 1, Math.round(Math.max(least, this.#clock.now() + this.#offset)))', replace: 'Math.round(Math.max(least * 0, this.#clock.now() + this.#offset))' }],
    test: 'runtime/client/writes.test.ts',
  },
  {
    id: 'unstorable-text-taken',
    title: 'Text that no column can hold is taken by the client, and by the server until PostgreSQL refuses it',
    hazards: ['G10'],
    edits: [{ file: 'runtime/protocol/text-form.ts', find: '=> !unstorable.test(text)', replace: '=> !unstorable.test(text) || text.length > 0' }],
    test: 'runtime/protocol/check-value.test.ts',
  },
]
