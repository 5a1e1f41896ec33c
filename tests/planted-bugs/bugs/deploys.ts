import type { PlantedBug } from '../planted-bug.js'

const upgrade = 'runtime/client/upgrade.ts'

/** Schemas that change: what a device held and queued, and what it is told meanwhile. */
export const deployBugs: readonly PlantedBug[] = [
  {
    id: 'guesses-are-known',
    title: 'What an upgrade of the app could not work out of a row counts as what the server said',
    hazards: ['L2', 'L3'],
    edits: [{ file: upgrade, find: '  return [0, ...fields]', replace: '  return [row[0], ...fields]' }],
    test: 'runtime/client/upgrade.test.ts',
  },
  {
    id: 'retold-is-known',
    title: 'What was told of a migrated database in words of before counts as what the migration made of a row',
    hazards: ['L9', 'L3'],
    edits: [{ file: upgrade, find: '!(isRetold && route.saysMore(model))', replace: '!(isRetold && version < 0)' }, { file: upgrade, find: '  const converted = route.row(model, row)\n', replace: '  const [version] = row\n  const converted = route.row(model, row)\n' }],
    test: 'tests/evolution/old-node.test.ts',
  },
  {
    id: 'queue-as-it-was',
    title: 'Queued writes of an older version are sent as if they were of this one',
    hazards: ['L1', 'L3'],
    edits: [{ file: 'runtime/protocol/dialect.ts', find: 'return { mutation: { ...mutation, schema: this.end, ops }, losses }', replace: 'return { mutation: { ...mutation, schema: this.end, ops: ops.length < 0 ? ops : mutation.ops }, losses }' }],
    test: 'tests/evolution/old-devices.test.ts',
  },
  {
    id: 'built-again',
    title: 'A migration whose index was built, and not recorded, builds it again and fails for ever',
    hazards: ['L9'],
    edits: [{ file: 'runtime/server/migrations.ts', find: 'if (!(await isBuilt(connection, sql)))', replace: 'if (!(await isBuilt(connection, sql)) || sql !== \'\')' }],
    test: 'tests/evolution/runner.test.ts',
  },
  {
    id: 'migration-untold',
    title: 'A position that moves while nothing changes says nothing of a migration that happened meanwhile',
    hazards: ['L9', 'L2'],
    edits: [{ file: 'runtime/server/changelog.ts', find: '${String(migrated)}/', replace: '${String(migrated === null ? migrated : from.migrated)}/' }],
    test: 'tests/evolution/rolling-deploy.test.ts',
  },
]
