/**
 * Changes one line of the tables of docs/laws.md after the other, in the eyes of the tests alone, and runs the tests that cite its
 * law: each of them must fail. `npm run flip`, or `npm run flip -- R17 R44` for some lines. Ends with 1 if a change went unnoticed.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The tests that read a table, by the last column of its header. */
const tests: Readonly<Record<string, string>> = {
  decision: 'runtime/protocol/reconcile.test.ts',
  answer: 'tests/laws/answers.test.ts',
  shows: 'runtime/client/messages.test.ts',
}

const lines = readFileSync(new URL('../../docs/laws.md', import.meta.url), 'utf8').split('\n')
const wanted = new Set(process.argv.slice(2))

const laws = lines.flatMap((line, at) => {
  const law = /^\| ([A-Z]\d+) \|/.exec(line)?.[1]
  const header = lines.slice(0, at).findLast((each) => each.startsWith('| law |'))
  const file = tests[header?.split('|').at(-2)?.trim() ?? '']
  return law === undefined || file === undefined || (wanted.size > 0 && !wanted.has(law)) ? [] : [{ law, file }]
})

const unnoticed = laws.filter(({ law, file }) => {
  const { status } = spawnSync('npx', ['vitest', 'run', file, '-t', `\\[${law}\\]`], {
    env: { ...process.env, SYNCGEN_FLIP: law },
    encoding: 'utf8',
  })
  console.log(`${law}: ${status === 0 ? 'UNNOTICED' : 'a test fails'} (${file})`)
  return status === 0
})

console.log(`${laws.length} lines changed, ${unnoticed.length} unnoticed`)
process.exitCode = laws.length === 0 || unnoticed.length > 0 ? 1 : 0
