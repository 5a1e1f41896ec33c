/** One snapshot of the database: everything that is asked of it is of one moment, and asked once. */
import type { Uuid } from '../protocol/descriptor.js'
import { Digests, partCount } from '../protocol/digest.js'
import { SyncError } from '../protocol/errors.js'
import { type Position, formatSnapshot, parsePosition } from '../protocol/position.js'
import type { Catalog } from './catalog.js'
import type { ServerScopeLine } from './descriptor.js'
import type { Connection, SqlRow } from './transaction.js'
import type { Parameter } from './values.js'

/** A position together with its text, by which positions of one server are compared. */
export interface Mark extends Position {
  readonly text: string
}

/** What `since` says of one key. Without a key a gate flipped, and the line begins anew or ends. */
export interface Action {
  readonly key: Uuid | null
  readonly action: 'send' | 'out' | 'deleted' | 'enter' | 'reset'
}

/** What happened to the rows of one model since a position. */
export interface Window {
  readonly changes: number
  /** `since` cannot answer: the table was truncated, or some changes were logged by triggers of another schema. */
  readonly broken: boolean
}

/** A client as it was greeted: what is decided under its id is its own as long as the database has this nonce. */
export interface Greeted {
  readonly client: Uuid
  readonly nonce: string
}

/** A row as it travels: `[version, ...fields]` as JSON. */
export interface RowText {
  readonly id: Uuid
  readonly text: string
}

/** What a line has, in 4096 parts. */
export interface LineDigests {
  readonly parts: Digests
  /** Rows of each part. */
  readonly rows: Uint32Array
}

export class Reading {
  readonly at: Mark
  readonly #floor: bigint
  readonly #connection: Connection
  readonly #catalog: Catalog
  readonly #windows = new Map<string, Promise<ReadonlyMap<string, Window>>>()
  readonly #actions = new Map<string, Promise<readonly Action[]>>()
  readonly #digests = new Map<string, Promise<LineDigests>>()
  readonly #rows = new Map<string, Map<Uuid, RowText>>()

  private constructor(connection: Connection, catalog: Catalog, at: Mark, floor: bigint) {
    this.#connection = connection
    this.#catalog = catalog
    this.at = at
    this.#floor = floor
  }

  /** Reads the position of a transaction that has written nothing (`Database.read`). */
  static async open(connection: Connection, catalog: Catalog): Promise<Reading> {
    const [row] = await connection.rows(position)
    const at = markOf(String(row?.[0]))
    if (at === undefined)
      throw new SyncError('database-not-migrated', 'syncgen.position() is not what the migrations made: run `npx syncgen migrate`')
    return new Reading(connection, catalog, at, BigInt(String(row?.[1])))
  }

  /** Whether the log still tells everything that happened since. */
  covers(since: Position): boolean {
    return since.epoch === this.at.epoch && since.xmin >= this.#floor && since.xmax <= this.at.xmax
  }

  /** Models that changed since a position that this reading covers. */
  windows(since: Position): Promise<ReadonlyMap<string, Window>> {
    return remembered(this.#windows, formatSnapshot(since), async () => {
      const rows = await this.#connection.rows(windows, [
        formatSnapshot(since),
        [...this.#catalog.models.keys()],
        this.#catalog.schema.shape,
      ])
      return new Map(
        rows.map(([model, changes, broken]) => [String(model), { changes: Number(changes), broken: broken === true }]),
      )
    })
  }

  /** What a holder of the line needs since then. Asked once for all holders whose parameters and claims are the same. */
  since(line: ServerScopeLine, values: readonly Parameter[], since: Position): Promise<readonly Action[]> {
    const snapshot = formatSnapshot(since)
    return remembered(this.#actions, JSON.stringify([line.since.text, snapshot, values]), async () => {
      const rows = await this.#connection.rows(line.since.text, [snapshot, ...values])
      return rows.map(([key, action]) => ({ key: key === null ? null : String(key), action: String(action) as Action['action'] }))
    })
  }

  /** Digests of a line. Asked once for all holders whose parameters and claims are the same. */
  digests(line: ServerScopeLine, values: readonly Parameter[]): Promise<LineDigests> {
    return remembered(this.#digests, JSON.stringify([line.digests.text, values]), async () =>
      lineDigests(await this.#connection.rows(line.digests.text, values)),
    )
  }

  /** Keys and versions of a line's rows, by key; only those in some parts, unless null. */
  async keys(
    line: ServerScopeLine,
    values: readonly Parameter[],
    parts: readonly number[] | null,
  ): Promise<readonly (readonly [Uuid, number])[]> {
    const rows = await this.#connection.rows(line.keys.text, [parts, ...values])
    return rows.map(([id, version]) => [String(id), Number(version)])
  }

  /** Rows of a line with keys beyond `after`, by key. */
  async page(
    line: ServerScopeLine,
    values: readonly Parameter[],
    after: Uuid | null,
    limit: number,
  ): Promise<readonly RowText[]> {
    const { toWire } = this.#catalog.model(line.model).server
    const rows = await this.#connection.rows(line.page.text, [after, limit, ...values])
    return rows.map((row) => rowText(row, toWire))
  }

  /** Rows by key, without any rule: the caller knows that they may be read. */
  async rows(model: string, ids: readonly Uuid[]): Promise<ReadonlyMap<Uuid, RowText>> {
    const known = this.#rows.get(model) ?? new Map<Uuid, RowText>()
    this.#rows.set(model, known)
    const missing = ids.filter((id) => !known.has(id))
    if (missing.length > 0) {
      const { sql, toWire } = this.#catalog.model(model).server
      for (const row of await this.#connection.rows(sql.rows, [missing])) known.set(String(row[0]), rowText(row, toWire))
    }
    return known
  }

  /** Those of these keys that have a row which the model's read rule admits, for an identity with these claims. */
  async readable(model: string, claims: readonly Parameter[], ids: readonly Uuid[]): Promise<ReadonlySet<Uuid>> {
    const rule = this.#catalog.model(model).server.access.read
    if (rule === null || ids.length === 0) return new Set()
    return new Set((await this.#connection.rows(rule.text, [ids, ...claims])).map(([id]) => String(id)))
  }

  /** Sequence numbers up to which this snapshot contains what clients pushed; none of those whose place another connection took. */
  async decided(devices: readonly Greeted[]): Promise<ReadonlyMap<Uuid, number>> {
    const rows = await this.#connection.rows(decided, [devices.map(({ client }) => client), devices.map(({ nonce }) => nonce)])
    return new Map(rows.map(([id, last]) => [String(id), Number(last)]))
  }
}

/** A position from outside with its text, or undefined if it is not one. */
export const markOf = (text: string): Mark | undefined => {
  const parsed = parsePosition(text)
  return parsed === undefined ? undefined : { ...parsed, text }
}

const position = `select syncgen.position(), m.floor::text from syncgen.meta m`

const decided = `select c.id, c.last_seq from unnest($1::uuid[], $2::text[]) d(client, nonce)
join syncgen.clients c on c.id = d.client and c.session = d.nonce`

/**
 * The two index scans that are exactly "since", per model; fenced, so that they stay index scans. One for each transaction that
 * was running, not `= any (array)`: after a bulk load the planner takes that for all rows of the model, and reads them.
 */
const windows = `select m.model, w.changes, w.broken
from unnest($2::text[]) m(model)
cross join lateral (
  select count(*)::int as changes, bool_or(op = 'T' or shape is distinct from $3) as broken
  from (
    select c.op, c.shape from syncgen.changes c
    where c.model = m.model and c.xid >= pg_snapshot_xmax($1::pg_snapshot)
    union all
    select c.op, c.shape from pg_snapshot_xip($1::pg_snapshot) running
    cross join lateral (select c.op, c.shape from syncgen.changes c where c.model = m.model and c.xid = running offset 0) c
    offset 0) c) w
where w.changes > 0`

/** Sums of PostgreSQL are signed and exact: of any size. */
const lineDigests = (rows: readonly SqlRow[]): LineDigests => {
  const digests = { parts: new Digests(partCount), rows: new Uint32Array(partCount) }
  for (const [part, count, sum] of rows) {
    const digest = BigInt.asUintN(64, BigInt(String(sum)))
    digests.parts.addHalves(Number(part), Number(digest >> 32n), Number(digest & 0xffff_ffffn))
    digests.rows[Number(part)] = Number(count)
  }
  return digests
}

const rowText = (row: SqlRow, toWire: (row: SqlRow) => readonly unknown[]): RowText => ({
  id: String(row[0]),
  text: JSON.stringify(toWire(row)),
})

const remembered = <Key, Value>(memory: Map<Key, Promise<Value>>, key: Key, ask: () => Promise<Value>): Promise<Value> => {
  const known = memory.get(key)
  if (known !== undefined) return known
  const asked = ask()
  memory.set(key, asked)
  return asked
}
