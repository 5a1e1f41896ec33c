/** Arguments → a command → an exit code. */
import { parseArgs } from 'node:util'
import { doctorCommand } from './doctor/doctor-command.js'
import { isStamp, stampOf } from './evolve/stamp.js'
import { generateCommand } from './generate-command.js'
import { initCommand } from './init.js'
import { packageVersion } from './package-root.js'
import { type ExitCode, type MigrateRequest, type Terminal, exitCodes } from './terminal.js'

/** Runs a command line. Never throws: what nobody foresaw is reported as our bug, with code 70. */
export const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  try {
    return await dispatch(args, terminal)
  } catch (error) {
    return failed(error, terminal)
  }
}

const dispatch = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  if (values.help) return said(help, terminal)
  if (values.version) return said(packageVersion(), terminal)
  const [first, ...rest] = positionals
  if (first === undefined) return misused('say which folder holds the schema', terminal)
  if (first === 'init') {
    return rest.length > 1 ? misused('init takes one folder', terminal) : initCommand(rest[0] ?? 'schemas', terminal)
  }
  if (first === 'migrate') {
    const [what = 'up', ...more] = rest
    if (more.length > 0 || (what !== 'up' && what !== 'status')) return misused('migrate takes up or status, and no folder: -o says where the generated one is', terminal)
    if (values.database === undefined) return misused('migrate needs --database URL', terminal)
    const request = { database: values.database, folder: `${values.out}/migrations` }
    return what === 'status' || values['dry-run'] ? statusCommand(request, what, terminal) : migrateCommand(request, terminal)
  }
  if (first === 'doctor') {
    if (rest.length > 0) return misused('doctor takes no folder: -o says where the generated one is', terminal)
    if (values.database === undefined) return misused('doctor needs --database URL', terminal)
    const request = { database: values.database, output: values.out, role: values.role ?? null }
    return doctorCommand(request, { json: values.json, quiet: values.quiet }, terminal)
  }
  if (values.check && values['dry-run']) return misused('choose one of --check and --dry-run', terminal)
  const accepted = values.accept ?? []
  const unknown = accepted.find((decision) => decision !== 'rewrite:initial' && !/^(drop|narrow|convert|retarget|empty|merge|keep|forget):./.test(decision))
  if (unknown !== undefined) return misused(`--accept ${unknown} is no decision that syncgen asks for`, terminal)
  const mode = values.check ? 'check' : values['dry-run'] ? 'dry-run' : 'write'
  if (values.stamp !== undefined && !isStamp(values.stamp)) return misused('--stamp takes 14 digits: 20260131120000', terminal)
  const stamp = values.stamp ?? stampOf(new Date())
  const request = { schemas: positionals, output: values.out, mode, accepted, stamp } as const
  return generateCommand(request, { json: values.json, quiet: values.quiet }, terminal)
}

const migrateCommand = async (request: MigrateRequest, terminal: Terminal): Promise<ExitCode> => {
  const { migrate } = await terminal.migrations()
  const log = (_: string, event: string, details?: Readonly<Record<string, unknown>>): void => {
    if (event === 'migration-waits') terminal.error(`syncgen: ${String(details?.['name'])} did not get its lock in time, and is tried again.`)
  }
  const applied = await migrate({ ...request, log })
  return said(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`, terminal)
}

/** 2 if the database lacks something, as `--check` says of files; 3 if somebody has to look. */
const statusCommand = async (request: MigrateRequest, what: 'up' | 'status', terminal: Terminal): Promise<ExitCode> => {
  const { migrationStates } = await terminal.migrations()
  const states = await migrationStates(request)
  const shown = what === 'status' ? states : states.filter(({ state }) => state !== 'applied')
  for (const { name, state } of shown) terminal.out(`${state.padEnd(8)} ${name}`)
  if (shown.length === 0) terminal.out('The database is up to date.')
  if (states.some(({ state }) => state === 'edited')) return exitCodes.undecided
  return what === 'status' && states.some(({ state }) => state === 'missing') ? exitCodes.outOfDate : exitCodes.ok
}

const options = {
  out: { type: 'string', short: 'o', default: 'generated' },
  check: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  accept: { type: 'string', multiple: true },
  stamp: { type: 'string' },
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  database: { type: 'string' },
  role: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false },
} as const

const help = `Typed, offline-first sync stacks from a schema.

  syncgen <folder or file…>        generate from a schema
  syncgen init [folder]            write a small schema to begin with (default: schemas)
  syncgen migrate --database URL   apply the generated migrations (--dry-run: say which)
  syncgen migrate status --database URL   say which are applied
  syncgen doctor --database URL    say what in the database is not as the migrations made it; changes nothing

  -o, --out FOLDER    where the output is (default: generated)
      --check         write nothing; exit with 2 unless the output is what the schema gives
      --dry-run       write nothing; say what would be written
      --accept WHAT   a decision that syncgen asked for
      --stamp TIME    when a new migration was made, if not now: 20260131120000, in UTC
      --role NAME     doctor: whose rights to look at, if not those of the URL's user
      --json          one JSON document instead of text
      --quiet         only what is wrong
  -h, --help          this text
  -v, --version       the version

Exit codes: 0 ok, 1 schema or command line wrong, 2 out of date, 3 a decision is needed, 70 a bug of syncgen's;
of doctor also: 4 something is not as it should be, 5 the database cannot be looked at, 6 it has no migrations.`

const said = (text: string, terminal: Terminal): ExitCode => {
  terminal.out(text)
  return exitCodes.ok
}

const misused = (message: string, terminal: Terminal): ExitCode => {
  terminal.error(`syncgen: ${message} (see syncgen --help)`)
  return exitCodes.invalid
}

const failed = (error: unknown, terminal: Terminal): ExitCode => {
  if (!(error instanceof Error)) return bug(String(error), terminal)
  const code = 'code' in error ? String(error.code) : ''
  if (code.startsWith('ERR_PARSE_ARGS')) return misused(error.message, terminal)
  if (!isForeseen(error, code)) return bug(error.stack ?? error.message, terminal)
  terminal.error(`syncgen: ${error.message}`)
  return exitCodes.invalid
}

/** Failures of the machine (a folder that may not be written, a full disk) and of the runtime's migration runner. */
const isForeseen = (error: Error, code: string): boolean => error.name === 'SyncError' || ('syscall' in error && code !== '')

const bug = (trace: string, terminal: Terminal): ExitCode => {
  terminal.error(`${trace}\n`)
  terminal.error("syncgen: this is our bug, not a fault of the schema. Please report it with the schema and the text above.")
  return exitCodes.internal
}
