/**
 * Changes the tables of docs/laws.md in the eyes of the tests alone, one outcome in each line, and asks the test of that line,
 * against the real thing: each must fail, and by what it asserts. The conditions of each line are changed as well, one value after
 * the other: each time a combination must stand in no line, or in two. `npm run flip`, or `npm run flip -- R17 C103` for some
 * lines. Ends with 1 if a change went unnoticed.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Columns, type Line, covers, faultsOf, product, tables } from './table.js'

/** The tests that read a table, by the last column of its header. */
const tests: Readonly<Record<string, string>> = {
  decision: 'runtime/protocol/reconcile.test.ts',
  answer: 'tests/laws/answers.test.ts',
  shows: 'runtime/client/messages.test.ts',
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly Tested[] }[]
}

interface Tested {
  readonly title: string
  readonly status: string
  readonly failureMessages: readonly string[]
}

/** What each test of these files says when the outcome of every one of these lines is another. */
const run = (files: readonly string[], laws: readonly string[]): readonly Tested[] => {
  const folder = mkdtempSync(join(tmpdir(), 'syncgen-flip-'))
  try {
    const output = join(folder, 'report.json')
    const pattern = laws.map((law) => `\\[${law}\\] `).join('|')
    spawnSync('npx', ['vitest', 'run', ...files, '-t', pattern, '--reporter=json', `--outputFile=${output}`], {
      env: { ...process.env, SYNCGEN_FLIP: laws.join() },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const report = JSON.parse(readFileSync(output, 'utf8')) as Report
    return report.testResults.flatMap(({ assertionResults }) => assertionResults)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Whether the test of this line, and it alone stands for it, refused the changed outcome. */
const isNoticed = ({ law, outcome }: Line, tested: readonly Tested[]): boolean => {
  const own = tested.filter(({ title, status }) => title.startsWith(`[${law}] `) && title.endsWith(`: ${outcome}`) && status !== 'skipped')
  return own.length === 1 && own.every(({ status, failureMessages: [first] }) => status === 'failed' && first?.startsWith('AssertionError') === true)
}

/** The line with one value more, or one less, in one of its cells. */
const changedConditions = (line: Line, columns: Columns): readonly Line[] =>
  Object.entries(columns).flatMap(([column, all]) => {
    const own = line.cells[column] ?? []
    const meant = own.length === 0 ? all : own
    return all.flatMap((value) => {
      const values = meant.includes(value) ? meant.filter((each) => each !== value) : [...meant, value]
      return values.length === 0 ? [] : [{ ...line, cells: { ...line.cells, [column]: values } }]
    })
  })

const wanted = new Set(process.argv.slice(2))
process.env['SYNCGEN_FLIP'] = ''
const all = tables().filter(({ last }) => last in tests)
const chosen = all.map((table) => ({ ...table, chosen: table.lines.filter(({ law }) => wanted.size === 0 || wanted.has(law)) }))
const laws = chosen.flatMap((table) => table.chosen.map(({ law }) => law))
const tested = laws.length === 0 ? [] : run(chosen.filter((table) => table.chosen.length > 0).flatMap(({ last }) => tests[last] ?? []), laws)
process.env['SYNCGEN_FLIP'] = laws.join()
const flippedTables = tables()

let unnoticed = 0
let conditions = 0
for (const { last, columns, lines, chosen: own } of chosen) {
  const cells = product(columns)
  const flipped = flippedTables.find((table) => table.last === last)?.lines ?? []
  for (const line of own) {
    const changed = flipped.find(({ law }) => law === line.law)
    const isOutcomeNoticed = changed !== undefined && changed.outcome !== line.outcome && isNoticed(changed, tested)
    const variants = changedConditions(line, columns)
    const idle = variants.filter((variant) => {
      const differing = cells.find((cell) => covers(line, cell) !== covers(variant, cell))
      return differing === undefined || faultsOf(lines.map((each) => (each === line ? variant : each)), columns, [differing]).every((fault) => !fault.includes(' is in '))
    })
    conditions += variants.length
    unnoticed += (isOutcomeNoticed ? 0 : 1) + idle.length
    console.log(`${line.law}: ${isOutcomeNoticed ? 'a test fails' : 'UNNOTICED'} (${tests[last] ?? ''})${idle.length > 0 ? `, ${idle.length} conditions UNNOTICED` : ''}`)
  }
}

console.log(`${laws.length} outcomes and ${conditions} conditions changed, ${unnoticed} unnoticed`)
process.exitCode = laws.length === 0 || unnoticed > 0 ? 1 : 0
