import type { PlantedBug } from '../planted-bug.js'

const schemaSql = 'generator/sql/syncgen-schema.ts'

/** What a position means, and what the log says of the time since. */
export const cutoffBugs: readonly PlantedBug[] = [
  {
    id: 'cutoff-is-a-number',
    title: 'A position forgets the transactions that were running when it was taken',
    hazards: ['B1'],
    edits: [
      {
        file: 'runtime/protocol/position.ts',
        find: `inProgress: list === '' ? [] : list.split(',').map(BigInt),`,
        replace: 'inProgress: [],',
      },
    ],
    test: 'tests/server/sync.test.ts',
  },
  {
    id: 'cutoff-is-a-version',
    title: 'What changed since a position is what has a higher version than anything that it saw',
    hazards: ['B1', 'A4'],
    edits: [
      {
        file: schemaSql,
        find: 'and c.xid >= pg_snapshot_xmax(s)',
        replace: 'and c.version > coalesce((select max(v.version) from syncgen.changes v where pg_visible_in_snapshot(v.xid, s)), 0)',
        times: 2,
      },
      { file: schemaSql, find: 'and c.xid = running', replace: 'and false', times: 2 },
    ],
    test: 'tests/postgres/cutoff.test.ts',
  },
  {
    id: 'xmin-is-the-transaction',
    title: 'The transaction of a log row is read from its xmin, which is that of a savepoint',
    hazards: ['B2'],
    edits: [
      { file: schemaSql, find: 'c.xid >= pg_snapshot_xmax(s)', replace: 'c.xmin::text::xid8 >= pg_snapshot_xmax(s)', times: 2 },
      { file: schemaSql, find: 'and c.xid = running', replace: 'and c.xmin::text::xid8 = running', times: 2 },
    ],
    test: 'tests/postgres/cutoff.test.ts',
  },
  {
    id: 'late-commit-unnoticed',
    title: 'A look at the log for news forgets transactions that were running at the last look',
    hazards: ['B1', 'B5'],
    edits: [
      {
        file: 'runtime/server/changelog.ts',
        find: 'c.model = m.model and c.xid = running limit 1',
        replace: 'c.model = m.model and c.xid = running and false limit 1',
      },
    ],
  },
  {
    id: 'floor-ignored',
    title: 'A position from before the purged part of the log is answered from what is left of the log',
    hazards: ['E1', 'E5'],
    edits: [{ file: 'runtime/server/reading.ts', find: 'since.xmin >= this.#floor', replace: 'since.xmin >= 0n' }],
    test: 'tests/server/sync.test.ts',
  },
  {
    id: 'epoch-ignored',
    title: 'A position of another history of the database is taken for one of this',
    hazards: ['L4', 'B9'],
    edits: [
      { file: 'runtime/server/reading.ts', find: 'since.epoch === this.at.epoch && ', replace: '' },
      { file: 'runtime/protocol/position.ts', find: 'later.epoch === earlier.epoch && ', replace: '' },
    ],
    test: 'tests/server/nodes.test.ts',
  },
  {
    id: 'versions-come-twice',
    title: 'After each restore of one backup, the same versions are given out again',
    hazards: ['L4', 'B9'],
    edits: [{ file: 'generator/sql/syncgen-schema.ts', find: ' + (random() * 1e12)::bigint', replace: '' }],
    test: 'tests/postgres/epoch.test.ts',
  },
  {
    id: 'shape-ignored',
    title: 'Log rows that triggers of another schema wrote are read as if today’s had written them',
    hazards: ['L1', 'L2'],
    edits: [{ file: 'runtime/server/reading.ts', find: `op = 'T' or shape is distinct from $3`, replace: `op = 'T' or $3::text is null` }],
    test: 'tests/server/sync.test.ts',
  },
  {
    id: 'truncate-ignored',
    title: 'A table that was truncated is treated as one whose rows are still told by the log',
    hazards: ['L5'],
    edits: [{ file: 'runtime/server/reading.ts', find: `op = 'T' or shape is distinct from $3`, replace: 'shape is distinct from $3' }],
    test: 'tests/server/sync.test.ts',
  },
  {
    id: 'devices-behind-are-moved',
    title: 'When nothing has changed for the node, devices that are still behind it are counted as up to date',
    hazards: ['B5', 'A3'],
    edits: [{ file: 'runtime/server/router.ts', find: 'if (device.covered?.text === from.text) device.moved(to)', replace: 'if (from !== undefined) device.moved(to)' }],
  },
  {
    id: 'statement-snapshots',
    title: 'Each statement of a reading sees another state of the database',
    hazards: ['B3', 'B8'],
    edits: [
      {
        file: 'runtime/server/transaction.ts',
        find: 'const begin = `begin isolation level repeatable read, read only;',
        replace: 'const begin = `begin isolation level read committed, read only;',
      },
      {
        file: 'runtime/server/changelog.ts',
        find: `'begin isolation level repeatable read, read only'`,
        replace: `'begin isolation level read committed, read only'`,
      },
    ],
  },
  {
    id: 'snapshot-per-line',
    title: 'Every line of a scope is read in a snapshot of its own, and the last is the position of all',
    hazards: ['B3', 'N5'],
    edits: [
      {
        file: 'runtime/server/reconcile-scope.ts',
        find: 'for (const cursor of attempt.cursors) finished = (await cursor.advance(reading, pages)) && finished',
        replace: `for (const cursor of attempt.cursors)
      await tools.database.read(async (own) => {
        last = await Reading.open(own, tools.catalog)
        finished = (await cursor.advance(last, pages)) && finished
      })`,
      },
      { file: 'runtime/server/reconcile-scope.ts', find: 'let finished = true', replace: 'let [finished, last] = [true, reading]' },
      { file: 'runtime/server/reconcile-scope.ts', find: 'reached: { at: reading.at', replace: 'reached: { at: last.at' },
    ],
  },
  {
    id: 'pages-are-not-followed-up',
    title: 'Pages of a first sync that takes several transactions are not brought to the moment of the last',
    hazards: ['N5', 'B3'],
    edits: [
      {
        file: 'runtime/server/line-cursor.ts',
        find: 'if (this.#through !== null) await this.#follow(reading, this.#through, outlet)',
        replace: 'if (this.#through === null) await this.#follow(reading, end, outlet)',
      },
    ],
    test: 'tests/server/paging.test.ts',
  },
  {
    id: 'gap-before-listening',
    title: 'What is committed between a first sync and the next look at the log is taken as known',
    hazards: ['B5'],
    edits: [
      {
        file: 'runtime/server/router.ts',
        find: 'if (covered === null || !includes(reading.at, covered)) continue',
        replace: `if (covered === null || !includes(reading.at, covered)) continue
      if (!this.#seen.has(device)) {
        this.#seen.add(device)
        device.moved(reading.at)
        continue
      }`,
      },
      { file: 'runtime/server/router.ts', find: 'readonly #byClient', replace: 'readonly #seen = new WeakSet<Device>()\n  readonly #byClient' },
    ],
  },
  {
    id: 'nobody-polls',
    title: 'A node looks at the log only when something of ours wakes it',
    hazards: ['N4', 'N3', 'B6'],
    edits: [{ file: 'runtime/server/changelog.ts', find: 'failures === 0 ? this.#tools.pollInterval', replace: 'failures === 0 ? 2 ** 31 - 1' }],
  },
]
