/**
 * Which migrations a database has, as one number: the exclusive or of one for each. The order in which branches were merged makes no
 * difference. The database keeps it in syncgen.meta, positions carry it, generated code knows the one that it was made for.
 */
import { createHash } from 'node:crypto'

/** The first migration. */
export const initialName = '0001_initial'

/** 32 bits that stand for a migration of this name, as it stands in the lock file. */
export const migrationNumber = (name: string): number => Number.parseInt(createHash('sha256').update(name).digest('hex').slice(0, 8), 16)

/** 8 hex digits that stand for these migrations. */
export const migratedBy = (names: readonly string[]): string =>
  names.reduce((number, name) => (number ^ migrationNumber(name)) >>> 0, 0).toString(16).padStart(8, '0')
