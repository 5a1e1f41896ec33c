/**
 * The Chinook database, loaded as another application would: COPY … FROM STDIN on a plain SQL session. The data is not part
 * of this project; where it is missing the tests that need it are skipped.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const folder = new URL('../../../shared/data/chinook/', import.meta.url)

/** Whether the data stands beside this checkout. */
export const chinookIsHere = existsSync(fileURLToPath(new URL('track.ndjson', folder)))

/** Parents before children. */
export const tables = [
  'artist',
  'album',
  'genre',
  'media_type',
  'track',
  'playlist',
  'playlist_track',
  'employee',
  'customer',
  'invoice',
  'invoice_line',
] as const

/** Rows loaded per table. */
export const loadChinook = async (database: string): Promise<Readonly<Record<string, number>>> => {
  const session = new pg.Client({ connectionString: database, application_name: 'chinook-loader' })
  await session.connect()
  try {
    const counts: Record<string, number> = {}
    await session.query('begin')
    await session.query('set constraints all deferred')
    for (const table of tables) counts[table] = await copyTable(session, table)
    await session.query('commit')
    return counts
  } finally {
    await session.end()
  }
}

const copyTable = async (session: pg.Client, table: string): Promise<number> => {
  const lines = readFileSync(new URL(`${table}.ndjson`, folder), 'utf8').split('\n').filter((line) => line !== '')
  const rows = lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line))
  const columns = Object.keys(rows[0] ?? {})
  const list = columns.map((column) => `"${column}"`).join(', ')
  const text = rows.map((row) => columns.map((column) => copyField(row[column])).join('\t') + '\n').join('')
  await copyFromStdin(session, `copy "${table}" (${list}) from stdin`, text)
  return rows.length
}

/** Text format of COPY (PostgreSQL documentation, COPY, "Text Format"). */
const copyField = (value: unknown): string =>
  value === null || value === undefined
    ? '\\N'
    : String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')

interface CopyConnection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** The part of the driver's query contract that COPY needs. */
class CopyIn {
  readonly #text: string
  readonly #rows: string
  readonly #settle: (error: Error | null) => void

  constructor(text: string, rows: string, settle: (error: Error | null) => void) {
    this.#text = text
    this.#rows = rows
    this.#settle = settle
  }

  submit(connection: CopyConnection): void {
    connection.query(this.#text)
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(Buffer.from(this.#rows, 'utf8'))
    connection.endCopyFrom()
  }

  handleError(error: Error): void {
    this.#settle(error)
  }

  handleReadyForQuery(): void {
    this.#settle(null)
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
}

const copyFromStdin = (session: pg.Client, text: string, rows: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let failure: Error | null = null
    const copy = new CopyIn(text, rows, (error) => {
      if (error !== null) {
        failure = error
        reject(error)
      } else if (failure === null) resolve()
    })
    session.query(copy as unknown as pg.Submittable)
  })
