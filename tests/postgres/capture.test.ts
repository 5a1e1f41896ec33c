import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Database } from './database.js'
import { library } from './library.js'
import { chainFaults } from './log-chain.js'
import { key } from './world.js'

/** Every scenario is checked by replaying the log; the naive variant beside it must fail that check. */
describe('capture', () => {
  let database: Database
  let client: pg.Client

  beforeEach(async () => {
    database = await Database.of(library)
    client = await database.connect()
    await client.query(population)
  })
  afterEach(() => database[Symbol.asyncDispose]())

  const faults = (order?: string): Promise<readonly string[]> => chainFaults(client, library, order)
  const logOf = async (id: string): Promise<readonly string[]> => {
    const { rows } = await client.query<{ op: string }>(`select op from syncgen.changes where key = $1 and seq > $2 order by version, op = 'D'`, [id, populated])
    return rows.map(({ op }) => op)
  }
  let populated: string
  beforeEach(async () => {
    populated = (await client.query<{ max: string }>('select max(seq) from syncgen.changes')).rows[0]?.max ?? '0'
  })

  /** Replaces a function of ours by a careless one. */
  const spoil = async (name: string, change: (definition: string) => string): Promise<void> => {
    const { rows } = await client.query<{ d: string }>(`select pg_get_functiondef($1::regproc) as d`, [`syncgen.${name}`])
    const spoilt = change(rows[0]?.d ?? '')
    expect(spoilt).not.toBe(rows[0]?.d)
    await client.query(spoilt)
  }

  describe('[P5] two SET NULL columns of one row share a transition table', () => {
    const deletePerson = () => client.query(`delete from people where id = $1`, [person(1)])

    it('gives one change', async () => {
      await deletePerson()
      expect(await faults()).toEqual([])
      expect(await logOf(book(1))).toEqual(['U'])
      const { rows } = await client.query(`select fields from syncgen.changes where key = $1 order by seq desc limit 1`, [book(1)])
      expect(rows[0]).toEqual({ fields: ['updated_at', 'author_id', 'editor_id'] })
    })

    it('gives four to a plain join, and the last is stale', async () => {
      await spoil('capture_books', (text) => text.replace(/\(select distinct on \(r\."id"\) r\.\* from (\w+) r[^)]*\)/g, '$1'))
      await deletePerson()
      expect(await logOf(book(1))).toHaveLength(4)
      expect(await faults()).not.toEqual([])
    })
  })

  describe('[P6] the order of a key is that of its versions, with a delete after the version it deleted', () => {
    it('when a trigger of the application updates the row again', async () => {
      await client.query(`create function again() returns trigger language plpgsql as $$ begin
          update books set state = 'old', pages = 1 where id = new.id and state <> 'old'; return null; end $$;
        create trigger again after insert or update on books for each row execute function again()`)
      await client.query(`update books set state = 'used', pages = 9 where id = $1`, [book(1)])
      expect(await faults()).toEqual([])
      expect(await faults('seq')).not.toEqual([])
    })

    it('when it inserts the row again that was just deleted', async () => {
      await client.query(`create function revive() returns trigger language plpgsql as $$ begin
          insert into books (id, title, state) values (old.id, 'revived', 'new'); return null; end $$;
        create trigger revive after delete on books for each row execute function revive()`)
      await client.query(`delete from books where id = $1`, [book(1)])
      expect(await logOf(book(1))).toEqual(['D', 'I'])
      expect(await faults()).toEqual([])
    })

    it('which a version that the delete draws for itself would turn round', async () => {
      await spoil('capture_books', (text) => text.replace(/'D', o\."version"/, `'D', nextval('syncgen.version')`))
      await client.query(`create function revive() returns trigger language plpgsql as $$ begin
          insert into books (id, title, state) values (old.id, 'revived', 'new'); return null; end $$;
        create trigger revive after delete on books for each row execute function revive()`)
      await client.query(`delete from books where id = $1`, [book(1)])
      expect(await faults()).not.toEqual([])
    })
  })

  it('[P7] an update of the key is a delete and an insert, and a swap of keys two updates', async () => {
    await client.query('alter table loans drop constraint loans_book_id_fkey')
    await client.query(`update books set id = $2, title = 'moved' where id = $1`, [book(1), book(7)])
    expect([await logOf(book(1)), await logOf(book(7))]).toEqual([['D'], ['I']])
    await client.query(`alter table books drop constraint books_pkey; alter table books add primary key (id) deferrable;
      update books set id = case id when '${book(2)}' then '${book(7)}'::uuid else '${book(2)}' end where id in ('${book(2)}', '${book(7)}')`)
    expect([await logOf(book(2)), await logOf(book(7))]).toEqual([['U'], ['I', 'U']])
    await client.query(`update loans set id = $2 where id = $1`, [loan(1), loan(7)])
    expect([await logOf(loan(1)), await logOf(loan(7))]).toEqual([['D'], ['I']])
    expect(await faults()).toEqual([])
  })

  describe('[P8] captures exactly, whatever the statement', () => {
    it.each([
      ['ON CONFLICT DO UPDATE', `insert into books (id, title, state) values ('${book(1)}', 'x', 'new'), ('${book(7)}', 'y', 'new') on conflict (id) do update set title = excluded.title, state = 'old'`],
      ['ON CONFLICT DO NOTHING', `insert into books (id, title, state) values ('${book(1)}', 'x', 'new'), ('${book(7)}', 'y', 'new') on conflict do nothing`],
      ['COPY', `copy people (name, level, tags) from program 'printf "c\\t1\\t{}\\nd\\t2\\t{a}\\n"'`],
      ['data-modifying CTEs', `with a as (update books set state = 'old' where id = '${book(1)}' returning id), b as (delete from books where id = '${book(2)}'), c as (insert into books (title, state) select 'c', 'new' from a) update books set pages = 5 where id = '${book(3)}'`],
      ['two CTEs on one table', `with a as (update books set state = 'old' where id = '${book(1)}') update books set state = 'used', pages = 1 where id = '${book(2)}'`],
      ['cascades over several hops', `delete from shelves where id = '${shelf(1)}'`],
      ['an update of all', `update books set pages = coalesce(pages, 0) + 1`],
      ['an update that changes nothing', `update books set title = title`],
      ['UPDATE FROM', `update books set state = 'old' from loans where loans.book_id = books.id`],
      ['a function of many statements', `do $$ begin for n in 1..3 loop update books set pages = n; delete from loans where open; insert into books (title, state) values ('n', 'new'); end loop; end $$`],
      ['a view', `create view v as select id, title, state from books; insert into v (title, state) values ('v', 'new'); update v set state = 'old'; delete from v where title = 'v'`],
    ])('%s', async (_, statement) => {
      await client.query(statement)
      expect(await faults()).toEqual([])
      expect((await client.query(`select from syncgen.changes where seq > $1`, [populated])).rowCount).toBeGreaterThan(0)
    })

    it('MERGE', async ({ skip }) => {
      const { rows } = await client.query<{ v: number }>(`select current_setting('server_version_num')::int as v`)
      if ((rows[0]?.v ?? 0) < 150_000) skip('MERGE came with PostgreSQL 15')
      await client.query(`merge into books b using (values ('${book(1)}'::uuid, 'u'), ('${book(2)}', 'd'), ('${book(7)}', 'i')) v (id, what) on b.id = v.id
        when matched and what = 'd' then delete when matched then update set state = 'old', title = 'merged' when not matched then insert (id, title, state) values (v.id, 'new', 'new')`)
      expect([await logOf(book(1)), await logOf(book(2)), await logOf(book(7))]).toEqual([['U'], ['D'], ['I']])
      expect(await faults()).toEqual([])
    })

    it('a prepared statement, executed often', async () => {
      for (let n = 0; n < 12; n++) await client.query({ name: 'often', text: 'update books set pages = $1 where id = $2', values: [n, book(1)] })
      expect(await logOf(book(1))).toHaveLength(12)
      expect(await faults()).toEqual([])
    })
  })

  describe('[P9] a role with plain rights on the tables is captured, and can see or do nothing of ours', () => {
    let role: string
    beforeEach(async () => {
      role = `syncgen_test_${randomBytes(6).toString('hex')}`
      await client.query(`create role ${role}; grant select, insert, update, delete on books, people to ${role}`)
    })
    afterEach(() => client.query(`drop owned by ${role}; drop role ${role}`))

    const write = async (): Promise<void> => {
      const other = await database.connect(role)
      await other.query(`insert into books (title, state) values ('theirs', 'new')`)
      await other.query(`update books set pages = 7`)
      await other.query(`delete from books where title = 'theirs'`)
      await expect(other.query('select from syncgen.changes')).rejects.toMatchObject({ code: '42501' })
      await expect(other.query(`select syncgen.first_images(pg_current_snapshot(), 'Book')`)).rejects.toMatchObject({ code: '42501' })
    }

    it('with the rights of the owner and a fixed search_path', async () => {
      await write()
      expect(await faults()).toEqual([])
    })

    it('even when it puts types and operators of its own in the way', async () => {
      await client.query(`create schema trap; grant usage, create on schema trap to ${role}`)
      const other = await database.connect(role)
      await other.query(`create domain pg_temp.text as pg_catalog.text check (false); create domain pg_temp.uuid as pg_catalog.uuid check (false);
        create function trap.never(jsonb, jsonb) returns boolean language sql as 'select 1 / 0 = 1';
        create operator trap.= (leftarg = jsonb, rightarg = jsonb, function = trap.never);
        set search_path = trap, pg_temp, pg_catalog, public;
        insert into books (title, state) values ('theirs', 'new'); update books set pages = 7`)
      expect(await faults()).toEqual([])
    })

    it('a trigger with the rights of the writer refuses the write', async () => {
      await client.query('alter function syncgen.capture_books security invoker')
      await expect(write()).rejects.toMatchObject({ code: '42501' })
    })
  })

  describe('[P10] TRUNCATE', () => {
    it('makes every position before it unusable for the model, and none after it', async () => {
      const before = await snapshot()
      expect(await unusable(before)).toEqual([])
      await client.query('truncate books cascade')
      expect(await unusable(before)).toEqual(['Book', 'Loan'])
      expect(await unusable(await snapshot())).toEqual([])
      const { rows } = await client.query(`select count(*)::int as n from syncgen.first_images($1, 'Book')`, [before])
      expect(rows[0]).toEqual({ n: 0 })
    })

    it('empties the table unseen where only rows are watched', async () => {
      const before = await snapshot()
      await client.query('drop trigger syncgen_truncate on books; truncate books cascade')
      expect(await unusable(before)).toEqual(['Loan'])
      expect(await faults()).not.toEqual([])
    })
  })

  describe('[P11] session_replication_role = replica', () => {
    const replicate = () => client.query(`begin; set local session_replication_role = replica; update books set pages = 7, version = 1; commit`)

    it('is captured, with versions of ours', async () => {
      await replicate()
      expect(await faults()).toEqual([])
      expect((await client.query('select from books where version = 1')).rowCount).toBe(0)
    })

    it('is not by plain triggers', async () => {
      await client.query('alter table books enable trigger syncgen_update, enable trigger syncgen_stamp_update')
      await replicate()
      expect(await faults()).not.toEqual([])
    })
  })

  it('[P12] each write of a row draws a higher version, whatever the writer says', async () => {
    const version = async (): Promise<number> => Number((await client.query(`select version from books where id = $1`, [book(1)])).rows[0]?.version)
    await client.query(`update books set version = 1, updated_at = '2000-01-01' where id = $1`, [book(1)])
    const first = await version()
    await client.query(`insert into books (id, title, state, version) values ($1, 'x', 'new', 3) on conflict (id) do update set version = 2`, [book(1)])
    const second = await version()
    expect([first > 1, second > first]).toEqual([true, true])
    expect((await client.query(`select from books where updated_at < '2020-01-01'`)).rowCount).toBe(0)
  })

  it('[P13] edited_at is what the writer sets for the transaction, else the clock', async () => {
    await client.query(`begin; select set_config('syncgen.edited_at', '2026-01-02T03:04:05.678Z', true); update books set pages = 1; commit`)
    await client.query('update books set pages = 2')
    const { rows } = await client.query<{ edited: string }>(`select distinct edited_at = '2026-01-02T03:04:05.678Z' as set, edited_at > now() - interval '1 hour' as now from syncgen.changes where seq > $1 order by 1`, [populated])
    expect(rows).toEqual([{ set: false, now: true }, { set: true, now: false }])
  })

  const snapshot = async (): Promise<string> => (await client.query<{ s: string }>('select pg_current_snapshot()::text as s')).rows[0]?.s ?? ''
  const unusable = async (position: string): Promise<readonly string[]> =>
    (await client.query<{ model: string }>(`select distinct model from syncgen.changes where op = 'T' and not pg_visible_in_snapshot(xid, $1) order by 1`, [position])).rows.map(({ model }) => model)
})

const person = (n: number): string => key(library, 'Person', n)
const shelf = (n: number): string => key(library, 'Shelf', n)
const book = (n: number): string => key(library, 'Book', n)
const loan = (n: number): string => key(library, 'Loan', n)

/** Person 1 wrote and edited book 1; shelf 1 holds shelf 2, which holds books 1 and 2, which are lent. */
const population = `
  insert into people (id, name, level, tags) values ('${person(1)}', 'a', 1, '{}'), ('${person(2)}', 'b', 2, '{a}');
  insert into shelves (id, owner_id, parent_id, secret) values ('${shelf(1)}', '${person(2)}', null, false), ('${shelf(2)}', '${person(2)}', '${shelf(1)}', true);
  insert into books (id, shelf_id, author_id, editor_id, title, state) values
    ('${book(1)}', '${shelf(2)}', '${person(1)}', '${person(1)}', 'a', 'new'),
    ('${book(2)}', '${shelf(2)}', '${person(2)}', null, 'b', 'used'),
    ('${book(3)}', null, null, null, 'c', 'new');
  insert into loans (id, book_id, person_id, open) values ('${loan(1)}', '${book(1)}', '${person(2)}', true), ('${loan(2)}', '${book(2)}', '${person(2)}', false)`
