import type { PlantedBug } from '../planted-bug.js'

const since = 'generator/sql/since-sql.ts'
const decisive = 'where (now and (changed or not was)) or (was and not now)'

/** Which rows a scope gains and loses. */
export const membershipBugs: readonly PlantedBug[] = [
  {
    id: 'leaving-unnoticed',
    title: 'Rows that an update of their own takes out of a scope are not taken back',
    hazards: ['F1', 'F7'],
    edits: [{ file: since, find: decisive, replace: 'where (now and (changed or not was)) or (was and not now_there)' }],
    test: 'tests/server/sync.test.ts',
  },
  {
    id: 'joined-rows-move-nothing',
    title: 'Only rows that changed themselves are looked at: what a joined row moved in or out stays where it was',
    hazards: ['F2', 'F3', 'I4'],
    edits: [
      {
        file: 'generator/sql/candidates.ts',
        find: 'return tests.length === 0 ? changedOnly',
        replace: 'return tests.length >= 0 ? changedOnly',
      },
    ],
    test: 'tests/postgres/since-exact.test.ts',
  },
  {
    id: 'old-rows-do-not-enter',
    title: 'A row that enters a scope is sent only if it changed itself',
    hazards: ['F3', 'F2'],
    edits: [{ file: since, find: decisive, replace: 'where (now and changed) or (was and not now)' }],
    test: 'tests/postgres/since-exact.test.ts',
  },
  {
    id: 'removals-of-candidates',
    title: 'Every row that changed and is not in the scope is taken back, whether it was ever sent or not',
    hazards: ['M7', 'F6'],
    edits: [{ file: since, find: decisive, replace: 'where (now and (changed or not was)) or not now' }],
    test: 'tests/postgres/since-exact.test.ts',
  },
  {
    id: 'lost-links-forgotten',
    title: 'A row counts as no member of the past if what it was a member through is gone',
    hazards: ['F2', 'I4', 'H8'],
    edits: [
      {
        file: 'generator/sql/was-sql.ts',
        find: 'where link_was is not null)`',
        replace: 'where link_was is not null and false)`',
      },
    ],
    test: 'tests/postgres/since-exact.test.ts',
  },
  {
    id: 'revoked-rows-stay',
    title: 'The end of a right to a whole board is not told',
    hazards: ['M1', 'M6'],
    edits: [{ file: since, find: 'where was <> now`', replace: 'where now and not was`' }],
    test: 'tests/server/sync.test.ts',
  },
  {
    id: 'read-rule-forgotten',
    title: 'A scope is what its parameters say, whoever asks',
    hazards: ['M4', 'M1'],
    edits: [
      {
        file: 'generator/sql/line.ts',
        find: 'allOf([conditionOf(line.where), conditionOf(model.access.read)])',
        replace: 'allOf([conditionOf(line.where)])',
      },
    ],
    test: 'tests/security/reads.test.ts',
  },
  {
    id: 'not-forgets-null',
    title: 'In SQL, "not x" is "<> x", which is unknown for null',
    hazards: ['G1'],
    edits: [
      {
        file: 'generator/sql/leaf-sql.ts',
        find: `\${column} \${nullable ? 'is distinct from' : '<>'} \${operand}`,
        replace: `\${column} \${nullable ? '<>' : '<>'} \${operand}`,
      },
    ],
    test: 'tests/predicates/equal.test.ts',
  },
  {
    id: 'null-equals-nothing',
    title: 'In SQL, equality with a parameter that is null selects nothing',
    hazards: ['G1', 'G2'],
    edits: [
      {
        file: 'generator/sql/leaf-sql.ts',
        find: 'return `(${column} = ${operand} or (${column} is null and ${operand} is null))`',
        replace: 'return `${column} = ${operand}`',
      },
    ],
    test: 'tests/predicates/equal.test.ts',
  },
  {
    id: 'other-meaning-same-position',
    title: 'A scope that means something else under today’s claims is continued from its position',
    hazards: ['F10', 'M6', 'L2'],
    edits: [{ file: 'runtime/server/device.ts', find: 'claim.hash === instance.hash ?', replace: 'claim.hash !== null ?' }],
    test: 'tests/server/sync.test.ts',
  },
]
