import type { PlantedBug } from '../planted-bug.js'

const mutate = 'runtime/server/mutate.ts'
const apply = 'runtime/server/apply-mutation.ts'
const reconcile = 'runtime/protocol/reconcile.ts'

/** What becomes of a mutation on the server. */
export const pushBugs: readonly PlantedBug[] = [
  {
    id: 'not-deduplicated',
    title: 'A mutation that comes again is applied again',
    hazards: ['J1', 'D7'],
    edits: [
      { file: mutate, find: 'const repeated = mutation.seq <= last', replace: 'const repeated = mutation.seq < 0' },
      { file: mutate, find: 'from unnest($3::bigint[], $4::jsonb[]) d(seq, outcome)`', replace: 'from unnest($3::bigint[], $4::jsonb[]) d(seq, outcome) on conflict do nothing`' },
    ],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'number-not-in-the-transaction',
    title: 'What was decided of a client is recorded after the commit of what it wrote',
    hazards: ['J1', 'H12'],
    edits: [
      { file: mutate, find: 'await this.#record(connection, author, decided, last)\n', replace: '' },
      {
        file: mutate,
        find: '    return this.#tools.database.write(async (connection) => {',
        replace: `    let left: readonly Decision[] = []
    return this.#tools.database.write(async (connection) => {`,
      },
      {
        file: mutate,
        find: 'return this.#decide(connection, author, mutations, Number(lastSeq), Number(now), course)\n    })',
        replace: `const decided = await this.#decide(connection, author, mutations, Number(lastSeq), Number(now), course, (all) => (left = all))
      return decided
    }).then(async (result) => {
      const last = left.at(-1)?.mutation.seq ?? 0
      if (left.length > 0) await this.#tools.database.write((connection) => this.#record(connection, author, left, last))
      return result
    })`,
      },
      { file: mutate, find: '    course: Course,\n  ): Promise<Decided | \'replaced\'> {', replace: '    course: Course,\n    keep: (all: readonly Decision[]) => void,\n  ): Promise<Decided> {' },
      {
        file: mutate,
        find: 'const results = await this.#withRows(connection, author, decided, course)',
        replace: 'keep(decided)\n    const results = await this.#withRows(connection, author, decided, course)',
      },
    ],
  },
  {
    id: 'retried-after-unknown-commit',
    title: 'When the answer to a commit is lost, the transaction runs again from what was known before it',
    hazards: ['H12', 'J1'],
    edits: [
      {
        file: mutate,
        find: '    return this.#tools.database.write(async (connection) => {',
        replace: `    let known: number | undefined
    return this.#tools.database.write(async (connection) => {`,
      },
      { file: mutate, find: 'return this.#decide(connection, author, mutations, Number(lastSeq)', replace: 'known ??= Number(lastSeq)\n      return this.#decide(connection, author, mutations, known' },
      { file: mutate, find: 'from unnest($3::bigint[], $4::jsonb[]) d(seq, outcome)`', replace: 'from unnest($3::bigint[], $4::jsonb[]) d(seq, outcome) on conflict do nothing`' },
    ],
  },
  {
    id: 'devices-purged',
    title: 'Purging forgets devices that were not seen for long, and with them what they had sent',
    hazards: ['J6', 'E1'],
    edits: [
      {
        file: 'generator/sql/syncgen-schema.ts',
        find: 'delete from syncgen.horizons h where h.finished_below < finished;',
        replace: `delete from syncgen.horizons h where h.finished_below < finished;
  delete from syncgen.clients c where c.seen_at <= clock_timestamp() - horizon;`,
      },
    ],
  },
  {
    id: 'outcomes-purged',
    title: 'Purging forgets rejections, and whoever did not hear one is told that it was applied',
    hazards: ['J6', 'H3'],
    edits: [{ file: 'generator/sql/syncgen-schema.ts', find: ` and o.outcome ->> 'kind' = 'applied'`, replace: '' }],
    test: 'tests/e2e/faults.test.ts',
  },
  {
    id: 'numbers-of-another-run',
    title: 'A number that was drawn a second time is taken for the mutation that was decided under it',
    hazards: ['J2', 'K10'],
    edits: [{ file: 'runtime/server/outcomes.ts', find: 'if (decided !== run)', replace: 'if (decided === null)' }],
    test: 'tests/server/nodes.test.ts',
  },
  {
    id: 'order-not-kept',
    title: 'After a reconnection the newest mutation goes first, and the server takes what comes',
    hazards: ['C11', 'H1', 'J2'],
    edits: [
      { file: 'runtime/client/sender.ts', find: 'this.#unsent = [...undecided]', replace: 'this.#unsent = [...undecided].reverse()' },
      { file: mutate, find: 'if (mutation.seq > last + 1) gap', replace: 'if (mutation.seq < 0) gap' },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'gap-accepted',
    title: 'A number that leaves a gap is taken: what was between is never applied',
    hazards: ['J2', 'C11'],
    edits: [{ file: mutate, find: 'if (mutation.seq > last + 1) gap', replace: 'if (mutation.seq < 0) gap' }],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'update-inserts',
    title: 'An update of a deleted row inserts it again',
    hazards: ['D1', 'D8'],
    edits: [
      { file: 'generator/sql/capture.ts', find: `(model.deleteConflict === 'edit-wins' ? imageOf(model.fields, row) : image(row))`, replace: 'imageOf(model.fields, row)' },
      { file: apply, find: `found.row === undefined && model.server.descriptor.deleteConflict === 'edit-wins'`, replace: 'found.row === undefined' },
      { file: reconcile, find: `(stored.kind === 'deleted' && rules.deleteConflict === 'delete-wins')`, replace: 'false' },
    ],
    test: 'runtime/protocol/reconcile.test.ts',
  },
  {
    id: 'delete-unseen',
    title: 'A delete takes a row along whose last edit its author never saw, though edits are to win',
    hazards: ['D2'],
    edits: [{ file: reconcile, find: `if (rules.deleteConflict === 'delete-wins' || stored.version === edit.version)`, replace: `if (edit.op === 'delete')` }],
    test: 'runtime/protocol/reconcile.test.ts',
  },
  {
    id: 'conflicts-unseen',
    title: 'An update writes what it wants, whatever happened since its author looked',
    hazards: ['D3', 'D9'],
    edits: [
      {
        file: reconcile,
        find: '!equalWire(field, stored, seen) && !equalWire(field, stored, value)',
        replace: '!equalWire(field, stored, stored) && seen !== value',
      },
    ],
    test: 'runtime/protocol/reconcile.test.ts',
  },
  {
    id: 'client-clocks-trusted',
    title: 'An edit counts from whatever time the clock of its device says',
    hazards: ['A1', 'A7'],
    edits: [
      { file: 'runtime/server/edit-times.ts', find: 'Math.floor(Math.min(Math.max(at, 0), now))', replace: 'Math.floor(Math.max(at, now * 0))' },
    ],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'rows-not-locked',
    title: 'Rows are read without a lock before it is decided what becomes of them',
    hazards: ['H11', 'H10'],
    edits: [{ file: 'generator/sql/model-sql.ts', find: 'order by ${id}\\nfor update`', replace: 'order by ${id}`' }],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'poison-blocks',
    title: 'What a constraint refuses is tried again for ever',
    hazards: ['H3', 'H4', 'H6'],
    edits: [
      {
        file: mutate,
        find: 'const outcome = rejectionOf(error, place, constraints) ??',
        replace: `if (error instanceof Error && 'constraint' in error && error.constraint !== undefined) throw error
      const outcome = rejectionOf(error, place, constraints) ??`,
      },
    ],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'half-a-transaction',
    title: 'Of a local transaction, what can be applied is',
    hazards: ['H5'],
    edits: [
      { file: apply, find: '    await application.apply(op)\n', replace: '    await application.apply(op).catch((error: unknown) => {\n      if (!(error instanceof Rejected)) throw error\n    })\n' },
    ],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'refused-but-written',
    title: 'What a mutation wrote before it was refused stays',
    hazards: ['H5', 'H4', 'M3'],
    edits: [
      {
        file: mutate,
        find: `await connection.command('rollback to savepoint mutation; release savepoint mutation')`,
        replace: `await connection.command(error instanceof Error && 'severity' in error ? 'rollback to savepoint mutation; release savepoint mutation' : 'release savepoint mutation')`,
      },
    ],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'constraints-at-commit',
    title: 'Deferred constraints are checked at the commit, where no mutation can be blamed',
    hazards: ['H2', 'H3'],
    edits: [{ file: mutate, find: `'set constraints all immediate; release savepoint mutation'`, replace: `'release savepoint mutation'` }],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'access-before-only',
    title: 'Whether a row may be written is asked of what it was, not of what it becomes',
    hazards: ['M3', 'I6'],
    edits: [{ file: 'runtime/server/rights.ts', find: `this.#refused(this.#after.filter(({ rule }) => rule === 'update'))`, replace: 'Promise.resolve<readonly Demand[]>([])' }],
    test: 'tests/server/push.test.ts',
  },
  {
    id: 'clone-unnoticed',
    title: 'Two devices with one client id are taken for one',
    hazards: ['J3'],
    edits: [
      {
        file: 'runtime/server/handshake.ts',
        find: 'const forked = accepted !== null && accepted !== session.last && accepted !== session.next',
        replace: 'const forked = accepted === undefined',
      },
    ],
    test: 'tests/server/transport.test.ts',
  },
  {
    id: 'pair-not-unique',
    title: 'Nothing keeps two devices from linking the same two rows twice',
    hazards: ['I1'],
    edits: [
      {
        file: 'generator/read/build-indexes.ts',
        find: 'indexes.push(unique(...joinSides(shape)))',
        replace: 'indexes.push({ ...unique(...joinSides(shape)), unique: false })',
      },
    ],
    test: 'tests/e2e/poison.test.ts',
  },
]
