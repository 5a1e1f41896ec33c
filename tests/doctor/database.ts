/** A database for the doctor, and the doctor's answer through the command line. */
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { run } from '../../generator/command-line.js'
import type { Finding } from '../../generator/doctor/compare.js'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'

export interface Patient {
  readonly url: string
  readonly client: pg.Client
  /** Runs `syncgen doctor` on it. */
  doctor(...args: readonly string[]): Promise<Told>
}

/** What `syncgen doctor --json` said. */
export interface Told {
  readonly exitCode: number
  readonly message: string
  readonly findings: readonly Finding[]
}

/** The generated output of a schema in this repository. */
export const outputOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** A new database; gone after the test. */
export const emptyDatabase = async (): Promise<{ readonly url: string; readonly client: pg.Client }> => {
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(async () => {
    await client.end()
    await drop()
  })
  return { url, client }
}

/** A new database with all migrations of an output. */
export const patient = async (output: string): Promise<Patient> => {
  const { url, client } = await emptyDatabase()
  await migrate({ database: url, folder: `${output}/migrations` })
  return { url, client, doctor: (...args) => doctor(url, output, ...args) }
}

/** Runs `syncgen doctor --json`: all of the command but the start of a process. */
export const doctor = async (url: string, output: string, ...args: readonly string[]): Promise<Told> => {
  const said: string[] = []
  const exitCode = await run(['doctor', '--json', '--database', url, '-o', output, ...args], {
    out: (text) => void said.push(text),
    error: (text) => void said.push(text),
    color: false,
    migrations: () => import('../../runtime/server/migrations.js'),
  })
  const told = JSON.parse(said.join('\n')) as Told
  if (told.exitCode !== exitCode) throw new Error(`exit code ${exitCode}, but it says ${told.exitCode}`)
  return told
}
