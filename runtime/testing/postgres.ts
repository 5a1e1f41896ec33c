import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { findPostgres, type PostgresBinaries, type PostgresSource } from './postgres-binaries.js'
import { cannotStart, environment, superviseServer } from './postgres-process.js'
import { canExecute, type RunAs, unprivileged } from './unprivileged.js'

/** How to start a private cluster. */
export interface PostgresOptions {
  /** Where the binaries come from; what SYNCGEN_TEST_POSTGRES says (`system`, `embedded`, a folder) unless given. */
  readonly source?: PostgresSource
  /** Server settings on top of ours, as in `{ timezone: 'Asia/Kolkata' }`. */
  readonly settings?: Readonly<Record<string, string | number>>
  /**
   * Half the work for each statement: its data in memory where the machine has a folder for that (`/dev/shm`), and its URLs lead to a
   * Unix socket that only its own user and root can reach, without a password. For runs that make thousands of connections.
   */
  readonly isLean?: boolean
}

/** A running private cluster, its data in a temporary folder that goes with it. */
export interface PostgresCluster {
  /** As in `15.18`. */
  readonly version: string
  readonly source: PostgresBinaries['source']
  readonly bin: string
  /** The superuser's URL of a database; of `postgres` unless named. */
  url(database?: string): string
  /** Ends all its sessions, stops it and removes its data. Also happens when this process ends, however it ends. */
  stop(): Promise<void>
}

/**
 * Starts a private PostgreSQL on a free port of the loopback interface, with durability off: its data is thrown away. Under
 * root it runs as the user `postgres` or `nobody`. A supervisor in a process group of its own stops it as soon as the pipe to
 * this process closes, so it outlives neither an exception, nor Ctrl-C, nor `kill -9`. Takes about a second. Throws
 * `database-unreachable`, whose `details.reason` is `no-binaries`, `no-user`, `no-folder`, `initdb-failed`, `start-failed`
 * or `unsupported-platform`.
 */
export const startPostgres = async (options: PostgresOptions = {}): Promise<PostgresCluster> => {
  if (process.platform === 'win32') {
    const next = 'Name a database in DATABASE_URL (for the demo) or SYNCGEN_TEST_DATABASE_URL (for tests).'
    throw cannotStart('unsupported-platform', 'this needs Linux or macOS', next)
  }
  const binaries = findPostgres(options.source)
  const as = unprivileged()
  const { isLean = false } = options
  const folder = makeFolder(as, isLean)
  try {
    const bin = usableBin(binaries, folder, as)
    const password = randomBytes(16).toString('hex')
    initialise(bin, binaries.major, folder, password, as)
    const server = await superviseServer({ bin, folder, password, settings: options.settings ?? {}, onUnixSocket: isLean, as })
    return { version: binaries.version, source: binaries.source, bin, ...server }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** A folder of the database user's own, where it can be reached: root's TMPDIR may lie in a home that nobody else may enter. */
const makeFolder = (as: RunAs, inMemory: boolean): string => {
  const parent = [...(inMemory && hasRoom(memory) ? [memory] : []), tmpdir(), '/tmp', '/var/tmp'].find((candidate) => existsSync(candidate) && canExecute(candidate, as))
  if (parent === undefined) {
    const what = `its user cannot enter ${tmpdir()}, /tmp or /var/tmp`
    throw cannotStart('no-folder', what, 'Set TMPDIR to a folder that every user may enter.')
  }
  const folder = mkdtempSync(join(parent, 'syncgen-postgres-'))
  own(folder, as)
  return folder
}

const memory = '/dev/shm'

/** Containers often have one of 64 MB. */
const hasRoom = (path: string): boolean => {
  const { bavail, bsize } = existsSync(path) ? statfsSync(path) : { bavail: 0, bsize: 0 }
  return bavail * bsize > 4e9
}

const own = (path: string, { uid, gid }: RunAs): void => {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
}

/**
 * The binaries themselves if the database user can run them and their links are there, else a copy in the cluster's folder:
 * under root, a checkout in a home of mode 700; after `npm ci --ignore-scripts`, libraries without their links.
 */
const usableBin = ({ bin, missingLinks }: PostgresBinaries, folder: string, as: RunAs): string => {
  const runnable = canExecute(join(bin, 'postgres'), as) && canExecute(join(bin, 'initdb'), as)
  if (runnable && missingLinks.length === 0) return bin
  const copy = join(folder, 'postgresql', 'native')
  cpSync(join(bin, '..'), copy, { recursive: true, verbatimSymlinks: true })
  for (const { target, source } of missingLinks) symlinkSync(basename(source), join(folder, 'postgresql', target))
  for (const program of ['postgres', 'initdb']) chmodSync(join(copy, 'bin', program), 0o755)
  if (as.uid !== undefined) spawnSync('chown', ['-R', `${as.uid}:${as.gid}`, join(folder, 'postgresql')])
  return join(copy, 'bin')
}

const initialise = (bin: string, major: number, folder: string, password: string, as: RunAs): void => {
  const secret = join(folder, 'password')
  writeFileSync(secret, password, { mode: 0o600 })
  own(secret, as)
  // The socket of a cluster, if it has one, lies in a folder that nobody else may enter.
  const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--auth-local=trust', `--pwfile=${secret}`]
  const flags = ['-D', join(folder, 'data'), ...login, '-E', 'UTF8', '--locale=C', '-N']
  const initdb = (more: readonly string[]) =>
    spawnSync(join(bin, 'initdb'), [...flags, ...more], { ...as, cwd: folder, env: environment, encoding: 'utf8' })
  // A default collation that is not byte order shows where a statement relies on byte order without saying COLLATE "C".
  const first = initdb(major >= 15 ? ['--locale-provider=icu', '--icu-locale=en-US'] : [])
  const done = first.status !== 0 && /ICU is not supported/.test(first.stderr) ? initdb([]) : first
  rmSync(secret)
  if (done.status === 0) return
  const said = done.error?.message ?? `${done.stdout}${done.stderr}`.trim()
  const what = `${join(bin, 'initdb')} failed (${done.signal ?? `exit code ${done.status}`})`
  throw cannotStart('initdb-failed', what, `It said:\n${said}`, { cause: done.error })
}
