import { findPostgres } from '../runtime/testing/postgres-binaries.js'

/** Prints the PostgreSQL that the tests would use; fails without a word if there is none of the kind asked for. */
try {
  const { version, source, bin } = findPostgres()
  console.log(`PostgreSQL ${version} (${source}, ${bin})`)
} catch {
  process.exitCode = 1
}
