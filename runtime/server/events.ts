/** Events for the app: what the changelog says happened, net per row and tick, with the row as it is now. */
import type { BaseRow, Uuid } from '../protocol/descriptor.js'
import type { Log } from '../protocol/ports.js'
import { type Position, formatSnapshot } from '../protocol/position.js'
import type { Catalog, KnownModel } from './catalog.js'
import type { EventListener, ServerEvent } from './server-types.js'
import type { Connection } from './transaction.js'
import { readRows } from './write-statements.js'

export class EventHub {
  readonly #catalog: Catalog
  readonly #log: Log
  readonly #listeners = new Map<string, Set<EventListener<ServerEvent>>>()
  #delivery: Promise<void> = Promise.resolve()

  constructor(catalog: Catalog, log: Log) {
    this.#catalog = catalog
    this.#log = log
  }

  /** By plural, or `change` for all models. Returns the stop. */
  on(event: string, listener: EventListener<ServerEvent>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** Reads the events of these models since a position, in the snapshot of the connection's transaction. Nobody listens: none. */
  async collect(connection: Connection, since: Position, changed: Iterable<string>): Promise<readonly ServerEvent[]> {
    const events: ServerEvent[] = []
    for (const name of changed) {
      const model = this.#catalog.model(name)
      if (this.#listenersTo(model).length > 0) events.push(...(await netChanges(connection, model, since)))
    }
    return events
  }

  /** Calls the listeners, one event after the other, without making the caller wait. */
  deliver(events: readonly ServerEvent[]): void {
    if (events.length === 0) return
    this.#delivery = this.#delivery.then(async () => {
      for (const event of events)
        for (const listener of this.#listenersTo(this.#catalog.model(event.model))) await this.#call(listener, event)
    })
  }

  /** Resolves when everything delivered so far has been heard. */
  settled(): Promise<void> {
    return this.#delivery
  }

  #listenersTo(model: KnownModel): readonly EventListener<ServerEvent>[] {
    return [model.plural, 'change'].flatMap((event) => [...(this.#listeners.get(event) ?? [])])
  }

  async #call(listener: EventListener<ServerEvent>, event: ServerEvent): Promise<void> {
    try {
      await listener(event)
    } catch (error) {
      this.#log('error', 'listener-failed', {
        model: event.model,
        error: error instanceof Error ? (error.stack ?? error.message) : 'no error',
      })
    }
  }
}

const netChanges = async (connection: Connection, model: KnownModel, since: Position): Promise<readonly ServerEvent[]> => {
  const changes = await connection.rows(keysChanged, [formatSnapshot(since), model.name])
  const rows = new Map<Uuid, BaseRow>()
  for (let at = 0; at < changes.length; at += keysAtOnce) {
    const ids = changes.slice(at, at + keysAtOnce).map(([key]) => String(key))
    for (const row of await readRows(connection, model, ids)) rows.set(String(row[0]), model.server.toRow(row))
  }
  return changes.flatMap(([key, existed, columns]) =>
    eventOf(model, String(key), existed === true, columns as readonly string[], rows.get(String(key))),
  )
}

const eventOf = (
  model: KnownModel,
  id: Uuid,
  existed: boolean,
  columns: readonly string[],
  row: BaseRow | undefined,
): readonly ServerEvent[] => {
  if (row === undefined) return existed ? [{ model: model.name, kind: 'deleted', id, fields: [], row: null }] : []
  const changed = [...model.columns].filter(([, { columnId }]) => !existed || columns.includes(columnId))
  return [
    { model: model.name, kind: existed ? 'updated' : 'created', id, fields: changed.map(([field]) => field) as 'id'[], row },
  ]
}

const keysAtOnce = 5000

/** Per key: whether it existed at $1, and the ids of all columns that updates changed since. */
const keysChanged = `select c.key, (array_agg(c.op order by c.version, c.op = 'D'))[1] <> 'I',
  array(
    select distinct f from unnest(string_to_array(string_agg(array_to_string(c.fields, e'\\n'), e'\\n'), e'\\n')) f
    where f <> '')
from (
  select k.key, k.op, k.version, k.fields from syncgen.changes k
  where k.model = $2 and k.xid >= pg_snapshot_xmax($1::pg_snapshot)
  union all
  select k.* from pg_snapshot_xip($1::pg_snapshot) running cross join lateral (
    select k.key, k.op, k.version, k.fields from syncgen.changes k where k.model = $2 and k.xid = running offset 0) k
  offset 0) c
where c.op <> 'T'
group by c.key
order by c.key`
