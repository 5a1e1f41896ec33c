import pg from 'pg'

/** Longest waits, and how long the work took, ms. */
export interface Wait {
  readonly write: number
  readonly read: number
  readonly took: number
}

/** A writer and a reader of the chain's two tables, one statement after the other, under whatever name the tables go. */
export class Traffic {
  readonly #longest = { write: 0, read: 0 }
  readonly #since = { write: 0, read: 0 }
  readonly #loops: readonly Promise<void>[]
  #isOver = false

  private constructor(loops: readonly [kind: 'write' | 'read', client: pg.Client][]) {
    this.#loops = loops.map(([kind, client]) => this.#go(kind, client))
  }

  static async start(database: string): Promise<Traffic> {
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: database })
      await client.connect()
      return client
    }
    return new Traffic([
      ['write', await connect()],
      ['read', await connect()],
    ])
  }

  /** The longest waits while `work` runs, those that it leaves behind included. */
  async during(work: () => Promise<unknown>): Promise<Wait> {
    Object.assign(this.#longest, { write: 0, read: 0 })
    const began = performance.now()
    await work()
    const took = performance.now() - began
    await new Promise((resolve) => setTimeout(resolve, 50))
    const now = performance.now()
    return { write: Math.max(this.#longest.write, now - this.#since.write), read: Math.max(this.#longest.read, now - this.#since.read), took }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
  }

  async #go(kind: 'write' | 'read', client: pg.Client): Promise<void> {
    const { rows: tables } = await client.query<{ oid: string; ids: readonly string[] }>(
      `select 'tasks'::regclass::oid::text as oid, (select array_agg(id::text) from (select id from tasks tablesample system (0.1) limit 500) t) as ids
       union all select 'people'::regclass::oid::text, (select array_agg(id::text) from people)`,
    )
    for (let round = 0; !this.#isOver; round += 1) {
      const { oid, ids } = tables[round % tables.length] ?? { oid: '', ids: [] }
      const { rows: named } = await client.query<{ name: string }>('select $1::oid::regclass::text as name', [oid])
      const table = named[0]?.name ?? ''
      const text = kind === 'write' ? `update ${table} set "version" = "version" where id = $1` : `select count(*) from ${table} where id = $1`
      this.#since[kind] = performance.now()
      await client.query(text, [ids[round % ids.length]]).catch((error: unknown) => {
        // Renamed between the two statements.
        if (!(error instanceof pg.DatabaseError && error.code === '42P01')) throw error
      })
      this.#longest[kind] = Math.max(this.#longest[kind], performance.now() - this.#since[kind])
    }
    await client.end()
  }
}
