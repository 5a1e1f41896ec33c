import type { Asked } from './doctor/asked.js'

/** What a command needs of its surroundings, and the codes with which it ends. */
export interface Terminal {
  /** Prints what was asked for. */
  readonly out: (text: string) => void
  /** Prints what is wrong, and what to know beside the result. */
  readonly error: (text: string) => void
  /** ANSI colours in `error`. */
  readonly color: boolean
  /** The migration runner, which loads the PostgreSQL driver: asked for only by `migrate` and `doctor`. */
  readonly migrations: () => Promise<Migrations>
}

/** The part of runtime/server/migrations.ts that the command uses. */
export interface Migrations {
  /** Applies what is missing, in order of names; returns the names of those applied. */
  readonly migrate: (options: MigrateRequest & { readonly log: MigrationLog }) => Promise<readonly string[]>
  /** What a database knows of the files, and they of it. Changes nothing. */
  readonly migrationStates: (
    options: MigrateRequest,
  ) => Promise<readonly { readonly name: string; readonly state: 'applied' | 'missing' | 'edited' | 'unknown' }[]>
  /** Lets somebody look at a database, in a transaction that is always rolled back. */
  readonly examine: <Result>(database: string, run: (asked: Asked) => Promise<Result>) => Promise<Result>
}

/** A database by its URL, and the folder with the migrations. */
export interface MigrateRequest {
  readonly database: string
  readonly folder: string
}

/** Hears what the runner does meanwhile: `migration-waits` with the `name` of a file. */
export type MigrationLog = (level: string, event: string, details?: Readonly<Record<string, unknown>>) => void

/** How a command ended, for scripts: closed. */
export const exitCodes = {
  ok: 0,
  /** The schema, or the command line, is wrong. */
  invalid: 1,
  /** `--check`: the output is not what the schema gives. `migrate status`, `doctor`: migrations are not applied. */
  outOfDate: 2,
  /** Nothing was written: somebody must decide. */
  undecided: 3,
  /** `doctor`: the database is not as its migrations made it. */
  drift: 4,
  /** `doctor`: the database could not be looked at. */
  unreachable: 5,
  /** `doctor`: no migration was ever applied. */
  notMigrated: 6,
  /** Our bug. */
  internal: 70,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
