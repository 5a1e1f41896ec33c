import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import pg from 'pg'
import { SyncError } from '../protocol/errors.js'
import { findPostgres, type PostgresBinaries, type PostgresSource } from './postgres-binaries.js'
import { canExecute, type RunAs, unprivileged } from './unprivileged.js'

/** How to start a private cluster. */
export interface PostgresOptions {
  /** Where the binaries come from; what SYNCGEN_TEST_POSTGRES says (`system`, `embedded`, a folder) unless given. */
  readonly source?: PostgresSource
  /** Server settings on top of ours, as in `{ timezone: 'Asia/Kolkata' }`. */
  readonly settings?: Readonly<Record<string, string | number>>
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
  if (process.platform === 'win32') throw failure('unsupported-platform', 'this needs Linux or macOS', 'Name a database in DATABASE_URL (demo) or SYNCGEN_TEST_DATABASE_URL (tests).')
  const binaries = findPostgres(options.source)
  const as = unprivileged()
  const folder = makeFolder(as)
  try {
    const bin = usableBin(binaries, folder, as)
    const password = randomBytes(16).toString('hex')
    initialise(bin, binaries.major, folder, password, as)
    return await launch({ ...binaries, bin }, folder, password, options.settings ?? {}, as)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

const failure = (reason: string, what: string, next: string, options?: ErrorOptions): SyncError =>
  new SyncError('database-unreachable', `Cannot start a private PostgreSQL: ${what}. ${next}`, { reason }, options)

/** A folder of the database user's own, where it can be reached: root's TMPDIR may lie in a home that nobody else may enter. */
const makeFolder = (as: RunAs): string => {
  const parents = [tmpdir(), '/tmp', '/var/tmp'].filter((parent) => existsSync(parent) && canExecute(parent, as))
  const parent = parents[0]
  if (parent === undefined) throw failure('no-folder', `its user cannot enter ${tmpdir()}, /tmp or /var/tmp`, 'Set TMPDIR to a folder that every user may enter.')
  const folder = mkdtempSync(join(parent, 'syncgen-postgres-'))
  own(folder, as)
  return folder
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

/** No PG* variables, locale or time zone of the caller's reach the cluster: it is the same everywhere. */
const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }

const initialise = (bin: string, major: number, folder: string, password: string, as: RunAs): void => {
  const secret = join(folder, 'password')
  writeFileSync(secret, password, { mode: 0o600 })
  own(secret, as)
  const initdb = (flags: readonly string[]) =>
    spawnSync(
      join(bin, 'initdb'),
      ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C', '-N', ...flags],
      { ...as, cwd: folder, env: environment, encoding: 'utf8' },
    )
  // A default collation that is not byte order shows where a statement relies on byte order without saying COLLATE "C".
  const linguistic = ['--locale-provider=icu', '--icu-locale=en-US']
  const first = initdb(major >= 15 ? linguistic : [])
  const done = first.status !== 0 && /ICU is not supported/.test(first.stderr) ? initdb([]) : first
  rmSync(secret)
  if (done.status === 0) return
  const said = done.error?.message ?? `${done.stdout}${done.stderr}`.trim()
  throw failure('initdb-failed', `${join(bin, 'initdb')} failed (${done.signal ?? `exit code ${done.status}`})`, `It said:\n${said}`, { cause: done.error })
}

/**
 * Reads its standard input, whose other end only our process holds, until it closes; then stops the server at once and removes
 * the folder. `read` and not `cat`, so that the reader is this shell and ends with it. `$1` is the folder, the rest the command.
 */
const supervisor = `
folder=$1; shift
trap '' INT TERM HUP
exec 3<&0
"$@" </dev/null 3<&- >"$folder/log" 2>&1 &
server=$!
{ trap - TERM; while read -r line <&3; do :; done; kill -QUIT $server 2>/dev/null; } &
watch=$!
wait $server; code=$?
kill $watch 2>/dev/null
if [ $code -eq 0 ] || [ $code -ge 128 ]; then :; else tail -n 40 "$folder/log" >&2; fi
rm -rf "$folder"
exit $code
`

const launch = async (
  { bin, version, source }: PostgresBinaries,
  folder: string,
  password: string,
  settings: Readonly<Record<string, string | number>>,
  as: RunAs,
): Promise<PostgresCluster> => {
  const port = await freePort()
  const flags = Object.entries({ ...ourSettings, ...settings, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn('/bin/sh', ['-c', supervisor, 'sh', folder, join(bin, 'postgres'), '-D', join(folder, 'data'), ...flags], {
    ...as,
    cwd: folder,
    env: environment,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const ended = whenEnded(child)
  const url = (database = 'postgres'): string => `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  await whenReady(url(), ended, folder)
  child.unref()
  for (const stream of [child.stdin, child.stderr]) if (stream !== null && 'unref' in stream) (stream as unknown as { unref(): void }).unref()
  const stop = async (): Promise<void> => {
    child.ref()
    child.stdin?.end()
    await ended
  }
  return { version, source, bin, url, stop }
}

const ourSettings: Readonly<Record<string, string | number>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 200,
  max_prepared_transactions: 4,
  fsync: 'off',
  full_page_writes: 'off',
  jit: 'off',
}

/** A port that was free a moment ago. PostgreSQL cannot be handed an open socket, so another process may still win it. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new TypeError('no port'))))
    })
  })

/** What the supervisor said when it ended; empty after an orderly end. */
const whenEnded = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('error', (error) => resolve(error.message))
    child.once('close', () => resolve(said))
  })

const whenReady = async (url: string, ended: Promise<string>, folder: string): Promise<void> => {
  const deadline = performance.now() + 60_000
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined) // The attempt's own promise tells.
    const attempt = client.connect().then(
      () => client.end().then(() => 'ready' as const),
      (error: unknown) => ({ error }),
    )
    const end = ended.then((said) => ({ said }))
    const now = await Promise.race([attempt, end])
    if (now === 'ready') return
    if ('said' in now) throw failure('start-failed', 'the server ended while it was starting', `It said:\n${now.said.trim()}`)
    if (performance.now() > deadline) {
      const log = existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').slice(-4_000) : ''
      throw failure('start-failed', 'the server accepted no connection within 60 s', `Its log:\n${log}`, { cause: now.error })
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
