/**
 * The statements that capture.test.ts captures exactly ([P7], [P8]), against what people build first: a log written by rules, by
 * the application beside its own statements, or by a trigger that joins old and new rows by key. Each misses what its test names.
 */
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabase } from '../../runtime/testing/index.js'

describe('naive capture', () => {
  let database: TestDatabase
  let client: pg.Client

  beforeEach(async () => {
    database = await testDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(`create table shelves (id int primary key);
      create table books (id int primary key, shelf int references shelves on delete cascade, title text);
      insert into shelves values (1);
      insert into books values (1, 1, 'a'), (2, 1, 'b');
      create table log (key int, op text)`)
  })
  afterEach(async () => {
    await client.end()
    await database.drop()
  })

  const logged = async (): Promise<readonly string[]> => {
    const { rows } = await client.query<{ entry: string }>(`select op || key as entry from log order by entry`)
    return rows.map(({ entry }) => entry)
  }

  it('[P7] a trigger that joins old and new rows by key sees nothing of an update of the key', async () => {
    await client.query(`create function capture() returns trigger language plpgsql as $$ begin
        insert into log select n.id, 'U' from old_rows o join new_rows n on n.id = o.id; return null; end $$;
      create trigger capture after update on books referencing old table as old_rows new table as new_rows for each statement execute function capture()`)
    await client.query(`update books set title = 'c' where id = 1`)
    expect(await logged()).toEqual(['U1'])
    await client.query(`update books set id = 7 where id = 1`)
    expect(await logged()).toEqual(['U1'])
  })

  describe('[P8] a log written by rules', () => {
    beforeEach(() =>
      client.query(`create rule inserted as on insert to books do also insert into log values (new.id, 'I');
        create rule updated as on update to books do also insert into log values (new.id, 'U')`),
    )

    it('has what a plain INSERT does, and nothing of a COPY', async () => {
      await client.query(`insert into books values (3, 1, 'c')`)
      expect(await logged()).toEqual(['I3'])
      await client.query(`copy books from program 'printf "4\\t1\\td\\n"'`)
      expect((await client.query('select from books where id = 4')).rowCount).toBe(1)
      expect(await logged()).toEqual(['I3'])
    })

    it('forbids ON CONFLICT to every writer', async () => {
      const upsert = `insert into books values (1, 1, 'x') on conflict (id) do update set title = excluded.title`
      await expect(client.query(upsert)).rejects.toMatchObject({ code: '0A000' })
    })

    it('forbids MERGE to every writer', async ({ skip }) => {
      const { rows } = await client.query<{ v: number }>(`select current_setting('server_version_num')::int as v`)
      if ((rows[0]?.v ?? 0) < 150_000) skip('MERGE came with PostgreSQL 15')
      const merge = `merge into books b using (values (1)) v (id) on b.id = v.id when matched then update set title = 'x'`
      await expect(client.query(merge)).rejects.toMatchObject({ code: '0A000' })
    })
  })

  it('[P8] a log that the application writes beside its statements has nothing of a cascade', async () => {
    await client.query(`begin; delete from shelves where id = 1; insert into log values (1, 'D'); commit`)
    expect((await client.query('select from books')).rowCount).toBe(0)
    expect(await logged()).toEqual(['D1'])
  })
})
