/** `syncgen doctor`: does a database still have what its migrations gave it? */
import { lockPath } from '../evolve/migrations-folder.js'
import { readLock } from '../evolve/read-lock.js'
import type { Schema } from '../model.js'
import { type ExitCode, exitCodes, type Migrations, type Terminal } from '../terminal.js'
import { outputText } from '../write.js'
import type { Finding } from './compare.js'
import { examine } from './examine.js'
import { summary, textOf } from './text.js'

export interface DoctorRequest {
  readonly database: string
  /** The folder with the generated output. */
  readonly output: string
  /** Whose rights are looked at, as the server connects; null: those of the URL's user. */
  readonly role: string | null
}

/** What the doctor says. `message`: why it looked at nothing, or how many findings there are. */
interface Report {
  readonly exitCode: ExitCode
  readonly message: string
  readonly findings: readonly Finding[]
}

/** Changes nothing in the database. The exit code says what came of it; see `exitCodes`. */
export const doctorCommand = async (request: DoctorRequest, manner: { readonly json: boolean; readonly quiet: boolean }, terminal: Terminal): Promise<ExitCode> => {
  const report = await reportOf(request, await terminal.migrations())
  if (manner.json) terminal.out(JSON.stringify(report, null, 2))
  else tell(report, manner.quiet, terminal)
  return report.exitCode
}

const reportOf = async (request: DoctorRequest, migrations: Migrations): Promise<Report> => {
  const read = await lockedSchema(request.output)
  if ('why' in read) return looked(exitCodes.invalid, read.why)
  try {
    const states = await migrations.migrationStates({ database: request.database, folder: `${request.output}/migrations` })
    const unready = whyNot(states)
    if (unready !== null) return unready
    const examined = await migrations.examine(request.database, (asked) => examine(asked, read.schema, request.role))
    if (examined.kind === 'no-role') return looked(exitCodes.invalid, `There is no role ${request.role ?? ''}.`)
    const { findings } = examined
    return { exitCode: findings.some(({ severity }) => severity === 'drift') ? exitCodes.drift : exitCodes.ok, message: summary(findings), findings }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'database-unreachable') return looked(exitCodes.unreachable, error.message)
    throw error
  }
}

const looked = (exitCode: ExitCode, message: string): Report => ({ exitCode, message, findings: [] })

const lockedSchema = async (output: string): Promise<{ readonly schema: Schema } | { readonly why: string }> => {
  const text = await outputText(output, lockPath)
  if (text === null) return { why: `${output}/${lockPath} is missing: -o says where the generated output is.` }
  const lock = readLock(text)
  return 'fault' in lock ? { why: `${output}/${lockPath} cannot be read: ${lock.fault.why}.` } : lock
}

type States = Awaited<ReturnType<Migrations['migrationStates']>>

/** Why there is nothing to compare yet; null: there is. */
const whyNot = (states: States): Report | null => {
  const named = (wanted: States[number]['state']): string => states.filter(({ state }) => state === wanted).map(({ name }) => name).join(', ')
  const [edited, missing, unknown] = [named('edited'), named('missing'), named('unknown')]
  if (states.every(({ state }) => state === 'missing')) return looked(exitCodes.notMigrated, 'No migration was applied to this database: run `npx syncgen migrate --database URL`.')
  if (edited !== '') return looked(exitCodes.undecided, `${edited} was edited after it had been applied: nobody knows what the database has of it. Restore the file.`)
  if (missing !== '') return looked(exitCodes.outOfDate, `Not applied yet: ${missing}. Run \`npx syncgen migrate --database URL\`, then ask again.`)
  if (unknown !== '') return looked(exitCodes.outOfDate, `The database has migrations that are not here: ${unknown}. Look from the version of the app that made them.`)
  return null
}

const tell = ({ exitCode, message, findings }: Report, quiet: boolean, terminal: Terminal): void => {
  for (const finding of findings) if (finding.severity === 'drift' || !quiet) terminal.out(`${textOf(finding)}\n`)
  if (exitCode === exitCodes.ok) return quiet ? undefined : terminal.out(message)
  terminal.error(`${exitCode === exitCodes.drift ? '' : 'syncgen: '}${message}`)
}
