import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBounded } from './run-bounded.js'

/** Longest that a test file may take, ms: a bug that makes it hang is noticed, too. */
const within = 180_000

/**
 * Titles of the tests of a file that fail in a copy of the repository. A file that cannot be loaded, or hangs, fails as
 * a whole.
 */
export const failuresOf = async (folder: string, file: string, environment: NodeJS.ProcessEnv): Promise<ReadonlySet<string>> => {
  const reports = mkdtempSync(join(tmpdir(), 'syncgen-report-'))
  const report = join(reports, 'report.json')
  try {
    const { code } = await runBounded('npx', ['vitest', 'run', file, '--reporter=json', `--outputFile=${report}`], { cwd: folder, environment, within })
    if (code === 0) return new Set()
    if (code === null) return new Set([`${file} hangs`])
    const failed = failedIn(JSON.parse(readFileSync(report, 'utf8')) as Report)
    return new Set(failed.length > 0 ? failed : [`${file} does not load`])
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[]
  }[]
}

const failedIn = ({ testResults }: Report): readonly string[] =>
  testResults.flatMap(({ assertionResults }) => assertionResults.flatMap(({ status, title }) => (status === 'failed' ? [title] : [])))
