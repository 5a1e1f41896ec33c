import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate, migrationStates } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'

const database = async (): Promise<{ readonly url: string; readonly client: pg.Client }> => {
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(async () => {
    await client.end()
    await drop()
  })
  return { url, client }
}

const first = { name: '1_first.sql', sql: 'create table t (id int); insert into t values (1), (1)' }

describe('the runner', { timeout: 60_000 }, () => {
  it('[E12] tries a file again that did not get its lock', async () => {
    const { url, client } = await database()
    await migrate({ database: url, files: [first] })
    await client.query('begin; lock table t')
    const waits: string[] = []
    const second = { name: '2_second.sql', sql: `set local lock_timeout = '20ms'; alter table t add column more int` }
    const log = (_: string, event: string): void => {
      waits.push(event)
      if (event === 'migration-waits') void client.query('commit')
    }
    expect(await migrate({ database: url, files: [first, second], log })).toEqual(['2_second.sql'])
    expect(waits).toContain('migration-waits')
  })

  it('[E12] drops an index that could not be finished before it is built again', async () => {
    const { url, client } = await database()
    const index = { name: '2_index.sql', sql: '-- migrate:up transaction:false\ncreate unique index concurrently "t_id_key" on "t" ("id");\n' }
    await expect(migrate({ database: url, files: [first, index] })).rejects.toThrow('can be run again')
    expect(await migrationStates({ database: url, files: [first, index] })).toEqual([
      { name: '1_first.sql', state: 'applied' },
      { name: '2_index.sql', state: 'missing' },
    ])
    await client.query('delete from t')
    expect(await migrate({ database: url, files: [first, index] })).toEqual(['2_index.sql'])
    expect((await client.query(`select indisvalid from pg_index where indexrelid = 't_id_key'::regclass`)).rows).toEqual([{ indisvalid: true }])
  })

  it('[E12] goes on if an index was built to the end, and the connection was lost before that was recorded', async () => {
    const { url, client } = await database()
    const statement = 'create index concurrently "t_id_idx" on "t" ("id")'
    const files = [first, { name: '2_index.sql', sql: `-- migrate:up transaction:false\n${statement};\n` }]
    await migrate({ database: url, files: [first] })
    await client.query(statement)
    expect(await migrate({ database: url, files })).toEqual(['2_index.sql'])
    const unique = { name: '3_unique.sql', sql: '-- migrate:up transaction:false\ncreate unique index concurrently "t_id_idx" on "t" ("id");\n' }
    await expect(migrate({ database: url, files: [...files, unique] })).rejects.toThrow('already exists')
  })

  it('[E13] says which files are applied, missing, edited since, or of another branch', async () => {
    const { url } = await database()
    const other = { name: '2_other.sql', sql: 'select 1' }
    await migrate({ database: url, files: [first, other] })
    const files = [{ ...first, sql: `${first.sql};` }, { name: '3_mine.sql', sql: 'select 2' }]
    expect(await migrationStates({ database: url, files })).toEqual([
      { name: '1_first.sql', state: 'edited' },
      { name: '2_other.sql', state: 'unknown' },
      { name: '3_mine.sql', state: 'missing' },
    ])
    await expect(migrate({ database: url, files })).rejects.toThrow('1_first.sql was edited')
  })
})
