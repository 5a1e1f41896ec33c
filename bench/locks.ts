/**
 * Whether migrations that claim to stop nobody do: the chain of versions of tests/evolution and one more, on a table of a million rows, while a writer
 * and a reader go on. Sets the exit code if one of them waited for a second.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createDatabase } from 'syncgen/testing'
import { generate } from '../generator/generate.js'
import { type Migration, migrate } from '../runtime/server/migrations.js'
import { type Figure, milliseconds, type Section } from './figures.js'
import { Traffic } from './traffic.js'
import type { BenchWorld } from './world.js'

const rows = 1_000_000
const mostWait = 1000

/** The longest wait of a writer and of a reader, for each file. */
export const locks = async (world: BenchWorld): Promise<Section> => {
  const [first, ...files] = await migrationsOfChain()
  const database = await createDatabase(world.cluster.url(), 'locks')
  const sql = new pg.Client({ connectionString: database })
  await sql.connect()
  if (first === undefined) throw new Error('the chain has no migrations')
  await migrate({ database, files: [first] })
  await fill(sql)
  const traffic = await Traffic.start(database)
  const figures: Figure[] = []
  try {
    for (const [at, file] of files.entries()) {
      const longReader = file === files[0] || file === files.find(({ name }) => name.includes('rename_card')) ? await readingFor(database, 4000) : null
      const wait = await traffic.during(() => migrate({ database, files: [first, ...files.slice(0, at + 1)] }))
      await longReader?.ended
      const blocks = /Nobody reads or writes the table/.test(file.sql)
      if (!blocks && Math.max(wait.write, wait.read) >= mostWait) process.exitCode = 1
      figures.push({
        name: `${file.name.replace(/^\d+_/, '').replace(/\.sql$/, '')}${longReader === null ? '' : ', behind a transaction that reads for 4 s'}${blocks ? ', which says that it blocks' : ''}`,
        ours: `${milliseconds(wait.write)} / ${milliseconds(wait.read)} (took ${milliseconds(wait.took)})`,
        bare: '',
      })
    }
  } finally {
    await traffic.stop()
    await sql.end()
  }
  return {
    title: 'Migrations of a busy table',
    how:
      `Each file of the chain in tests/evolution, on a table of ${rows.toLocaleString('en')} rows, while one connection writes and another reads as fast as they can: ` +
      `longest wait of the writer / of the reader. What does not say that it blocks must stay below ${mostWait} ms, or the script fails.`,
    figures,
  }
}

/** What the chain has only on small tables, or not at all: a reference within the large table, a unique that can wait, a field and an index more. */
const more: readonly ((version: string) => string)[] = [
  (text) =>
    text
      .replace(/^ +slug: .*$/m, '$&\n      rank: { type: int, default: 0 }\n      parent: { ref: Card?, inverse: children, onDelete: setNull }')
      .replace(/( +)indexes:\n/, '$1unique:\n$1  - { on: [title, body], deferrable: true }\n$1indexes:\n$1  - [createdAt]\n'),
]

const migrationsOfChain = async (): Promise<readonly Migration[]> => {
  const chain = fileURLToPath(new URL('../tests/evolution/chain', import.meta.url))
  const folder = await mkdtemp(join(tmpdir(), 'syncgen-locks-'))
  try {
    const output = join(folder, 'generated')
    await cp(join(chain, 'generated'), output, { recursive: true })
    const last = (await readdir(join(chain, 'versions'))).toSorted().at(-1) ?? ''
    const text = await readFile(join(chain, 'versions', last), 'utf8')
    for (const [at, change] of more.entries()) {
      const schema = join(folder, 'cards.yaml')
      if (change(text) === text) throw new Error(`${last} is not what more versions were made of`)
      await writeFile(schema, change(text))
      const made = await generate({ schemas: [schema], output, mode: 'write', accepted: [], stamp: `2099010${at + 1}000000` })
      if (made.kind !== 'done') throw new Error(JSON.stringify(made))
    }
    const names = (await readdir(join(output, 'migrations'))).filter((name) => name.endsWith('.sql')).toSorted()
    return await Promise.all(names.map(async (name) => ({ name, sql: await readFile(join(output, 'migrations', name), 'utf8') })))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Written past the triggers: nobody has to hear of these. One in ten has the value that is renamed, or is null where it may not be later. */
const fill = async (sql: pg.Client): Promise<void> => {
  const triggers = (await sql.query<{ name: string }>(`select quote_ident(tgname) as name from pg_trigger where tgrelid = 'tasks'::regclass and not tgisinternal`)).rows
  const all = (what: string): string => triggers.map(({ name }) => `${what} trigger ${name}`).join(', ')
  await sql.query(`insert into people (name, email) select 'person ' || n, case when n % 10 > 0 then n || '@example.org' end from generate_series(1, 1000) n`)
  await sql.query(`alter table tasks ${all('disable')}`)
  await sql.query(
    `insert into tasks (title, notes, state, owner_id, position, version)
     select 'Task number ' || n, 'note ' || n, case when n % 10 = 0 then 'doing' else 'todo' end, p.ids[1 + n % 1000], n, nextval('syncgen.version')
     from (select array_agg(id) as ids from people) p, generate_series(1, $1::int) n`,
    [rows],
  )
  await sql.query(`alter table tasks ${all('enable always')}`)
  await sql.query('vacuum analyze')
}

/** Somebody else's long report: migrations wait for its end, but nobody should wait behind them. Begun when this resolves. */
const readingFor = async (database: string, ms: number): Promise<{ readonly ended: Promise<void> }> => {
  const other = new pg.Client({ connectionString: database })
  await other.connect()
  const { rows: found } = await other.query<{ name: string }>(`select oid::regclass::text as name from pg_class where relname in ('tasks', 'cards') and relkind = 'r'`)
  await other.query(`begin; select from ${found[0]?.name ?? ''} limit 1`)
  return { ended: other.query('select pg_sleep($1)', [ms / 1000]).then(() => other.end()) }
}
