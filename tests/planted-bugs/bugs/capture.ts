import type { PlantedBug } from '../planted-bug.js'

const capture = 'generator/sql/capture.ts'

/** What triggers write into the log, and how its rows are read. */
export const captureBugs: readonly PlantedBug[] = [
  {
    id: 'transition-tables-joined',
    title: 'The update trigger joins old and new rows as they come, though one statement may have changed a row twice',
    hazards: ['H8', 'F1'],
    edits: [
      {
        file: capture,
        find: 'from (select distinct on (r.${own.id}) r.* from old_rows r order by r.${own.id}, r."version") o',
        replace: 'from old_rows o',
      },
      {
        file: capture,
        find: 'full join (select distinct on (r.${own.id}) r.* from new_rows r order by r.${own.id}, r."version" desc) n on',
        replace: 'full join new_rows n on',
      },
    ],
    test: 'tests/postgres/capture.test.ts',
  },
  {
    id: 'cascades-not-captured',
    title: 'Triggers guard themselves against being called by other triggers, and so miss cascades',
    hazards: ['H8', 'E6'],
    edits: [
      {
        file: capture,
        find: 'referencing old table as old_rows for each statement execute',
        replace: 'referencing old table as old_rows for each statement when (pg_trigger_depth() = 0) execute',
      },
    ],
    test: 'tests/postgres/capture.test.ts',
  },
  {
    id: 'replicas-not-captured',
    title: 'Triggers do not fire for a writer that works as a replica does',
    hazards: ['L5'],
    edits: [{ file: capture, find: '=> `enable always trigger ${name}`', replace: '=> `enable trigger ${name}`' }],
    test: 'tests/postgres/capture.test.ts',
  },
  {
    id: 'deletes-of-others-not-captured',
    title: 'A delete leaves no trace but the missing row',
    hazards: ['E6', 'D4', 'E1'],
    edits: [{ file: capture, find: `    from old_rows o;\n  when 'TRUNCATE' then`, replace: `    from old_rows o where false;\n  when 'TRUNCATE' then` }],
    test: 'tests/postgres/capture.test.ts',
  },
  {
    id: 'log-order-is-time',
    title: 'The first image of a key is the one that was logged first, though nested triggers log backwards',
    hazards: ['D12', 'F1'],
    edits: [
      { file: 'generator/sql/syncgen-schema.ts', find: `order by w.key, w.version, w.op = 'D';`, replace: 'order by w.key, w.seq;', times: 2 },
      { file: 'generator/sql/syncgen-schema.ts', find: 'c.key, c.version, c.op, c.before, c.after', replace: 'c.key, c.version, c.op, c.before, c.after, c.seq', times: 4 },
    ],
    test: 'tests/postgres/since-exact.test.ts',
  },
  {
    id: 'version-of-the-writer',
    title: 'A row keeps its version when somebody else than a client writes it',
    hazards: ['L7', 'D12', 'N8'],
    edits: [
      {
        file: 'generator/sql/syncgen-schema.ts',
        find: `security definer as $$
begin
  new.version := pg_catalog.nextval('syncgen.version'::pg_catalog.regclass);
  if`,
        replace: `security definer as $$
begin
  if nullif(current_setting('syncgen.edited_at', true), '') is not null then
    new.version := pg_catalog.nextval('syncgen.version'::pg_catalog.regclass);
  end if;
  if`,
      },
    ],
    test: 'tests/postgres/capture.test.ts',
  },
  {
    id: 'purge-without-floor',
    title: 'Purging the log forgets to say how far it went',
    hazards: ['E1', 'E5'],
    edits: [
      {
        file: 'generator/sql/syncgen-schema.ts',
        find: 'update syncgen.meta m set floor = greatest(m.floor, finished);',
        replace: '',
      },
    ],
    test: 'tests/server/sync.test.ts',
  },
]
