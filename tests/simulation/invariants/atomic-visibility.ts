import type { Model } from '../../../generator/model.js'
import type { Op } from '../../../runtime/protocol/messages.js'
import { parsePosition } from '../../../runtime/protocol/position.js'
import { modelFor, scopeFor, unlikeStored } from '../deploys/as-seen.js'
import type { Version } from '../deploys/versions.js'
import type { OpenScope } from '../schema/expected-rows.js'
import { type AnyModel, type SimClient, type SimSchema, cacheOf } from '../schema/sim-schema.js'
import type { Device } from '../world/device.js'
import { marksIn } from '../world/history.js'
import type { World } from '../world/world.js'
import { type Invariant, Violation } from './invariant.js'
import { Overlaid } from './overlaid.js'
import { shownText } from './row-texts.js'

/**
 * Nobody sees half of anything. Whoever is told of one change of a step finds all others made; and what a device in step shows, but
 * for the rows that its own pending writes name, is what its scopes covered in one state of the database: that of its position. So
 * transactions of clients, of servers and of other programs are seen whole, and so are the pages of a comparison. Of what it has
 * written and waits for it shows everything.
 */
export const atomicVisibility: Invariant = {
  id: 'I8',
  says: 'what is shown is one state of the database, and changes from one to the next at once',
  watch: (world) => {
    const overlaid = new Overlaid()
    const screens = new Map<string, Screen>()
    const seen: Seen[] = []
    return {
      opened: (device, client) => {
        overlaid.opened(device)
        screens.set(device.name, new Screen(world, device, client, overlaid))
      },
      frame: (from, to, message) => overlaid.see(from, to, message),
      afterEvent: () => {
        for (const screen of screens.values()) {
          if (screen.torn !== null) throw new Violation('I8', screen.torn)
          const shown = screen.take()
          if (shown === null) continue
          const pending = overlaid.over(screen.device, shown.position)
          if (!pending.some(({ op }) => op === 'delete')) seen.push({ ...shown, device: screen.device, schema: screen.device.schema, server: world.serverOf(screen.device.name), pending })
        }
      },
      afterOperation: () => {
        for (const each of seen.splice(0)) judge(world, each)
      },
    }
  },
}

/** The rows of all models at one moment. */
type Rows = ReadonlyMap<string, readonly AnyModel['row'][]>

interface Shown {
  readonly position: string
  readonly scopes: readonly OpenScope[]
  readonly rows: Rows
}

interface Seen extends Shown {
  readonly device: Device
  readonly schema: SimSchema
  /** By whose answer it is there. */
  readonly server: Version
  readonly pending: readonly Op[]
}

/** What listeners of one client find when they are told something. */
class Screen {
  readonly device: Device
  /** The half of something that was shown. */
  torn: string | null = null
  readonly #world: World
  readonly #client: SimClient
  readonly #overlaid: Overlaid
  readonly #models: readonly Model[]
  /** What events said so far. */
  readonly #told = new Map<string, Map<string, AnyModel['row']>>()
  /** As the first listener of the last step found it; null: nothing has happened since it was looked at. */
  #found: Rows
  #hasChanged = false

  constructor(world: World, device: Device, client: SimClient, overlaid: Overlaid) {
    this.device = device
    this.#world = world
    this.#client = client
    this.#overlaid = overlaid
    this.#models = device.schema.ir.models
    this.#found = this.#look()
    for (const { name, plural } of device.schema.ir.models) {
      this.#told.set(name, new Map(cacheOf(client, plural).all().map((row) => [row.id, row])))
      cacheOf(client, plural).query().subscribe(() => this.#step())
    }
    client.on('change', (event) => {
      this.#step()
      const told = this.#told.get(event.model)
      if (event.kind === 'added' || event.kind === 'changed') told?.set(event.id, event.after)
      else told?.delete(event.id)
    })
  }

  /** What a device in step shows, if that has changed. */
  take(): Shown | null {
    if (!this.#hasChanged || this.device.client !== this.#client) return null
    this.#hasChanged = false
    const { position } = this.#client
    const open = [...this.device.scopes.values()]
    if (position === null || open.some(({ handle }) => handle?.status.get().state !== 'synced')) return null
    return { position, scopes: open.map(({ scope }) => scope), rows: this.#found }
  }

  /** A listener is called. If something else is to be found than before, all that had changed must have been told. */
  #step(): void {
    const rows = this.#look()
    this.#hasChanged = true
    if ([...rows].every(([model, all]) => this.#found.get(model) === all)) return
    for (const [model, all] of this.#found) {
      const told = this.#told.get(model)
      if (rows.get(model) === all || (told?.size === all.length && all.every((row) => told.get(row.id) === row))) continue
      this.torn ??= `${this.device.name} was shown part of a step: ${model} changed again before all of it was told`
    }
    this.#found = rows
    this.torn ??= this.#halfOfOwn()
  }

  /** A local transaction that is shown in part; null: there is none. Texts tell, which each stand in one write alone, and rows that are gone. */
  #halfOfOwn(): string | null {
    const later = new Set<string>()
    const ops = this.#client.pending().flatMap(({ seq, schema, ops: all }) => all.map((op) => ({ seq, schema, op })))
    for (const { seq, schema, op } of ops.toReversed()) {
      const row = rowOf(op)
      // Whatever was written to a row before it was gone is of another life of it: it is brought back as some delete, perhaps an earlier one, found it.
      // What is in words of a version that the app does not know it may have no form for: the server judges it.
      const isKnown = schema === this.device.schema.descriptor.hash
      if (isKnown && !later.has(row) && this.#overlaid.isAhead(this.device, seq)) {
        if (op.op === 'delete' && !later.has(again(row)) && this.#isThere(op)) return `${this.device.name} waits for the delete of ${row}, and shows it`
        const missing = this.#mayBeThere(op) ? [] : fieldsOf(op).filter((field) => !later.has(placeOf(field)) && this.#isMissing(field))
        if (missing.length > 0) return `${this.device.name} waits for ${missing.map(placeOf).join(', ')}, and does not show it`
      }
      // It may have gone with another row that was deleted.
      if (op.op === 'delete' || (op.op === 'create' && op.restore === true)) later.add(row)
      else if (op.op === 'create') later.add(again(row))
      if (!this.#mayBeThere(op)) for (const field of fieldsOf(op)) later.add(placeOf(field))
    }
    return null
  }

  /** Whether the row of a create may be somebody else's: one that is brought back, or made by a copy of the device. There the create does nothing. */
  #mayBeThere(op: Op): boolean {
    return op.op === 'create' && (op.restore === true || (this.#world.tally['fault: clone'] ?? 0) > 0)
  }

  /** Whether the row is shown. A link that was deleted may stand for another of its pair. */
  #isThere({ model: name, id }: Op): boolean {
    const model = this.device.schema.ir.models.find((each) => each.name === name)
    return model !== undefined && !model.join && cacheOf(this.#client, model.plural).get(id) !== undefined
  }

  /** Whether a row that is there does not show the text. Of two links of a pair one gives way. */
  #isMissing({ op, name, value }: WrittenField): boolean {
    const model = this.device.schema.ir.models.find((each) => each.name === op.model)
    if (model === undefined || model.join || typeof value !== 'string' || marksIn(value).length === 0) return false
    const row = cacheOf(this.#client, model.plural).get(op.id)
    return row !== undefined && ({ ...row } as Readonly<Record<string, unknown>>)[name] !== value
  }

  #look(): Rows {
    return new Map(this.#models.map(({ name, plural }) => [name, cacheOf(this.#client, plural).all()]))
  }
}

/** A value that an op gives to a field; undefined where it adds to what is there. */
interface WrittenField {
  readonly op: Op
  readonly name: string
  readonly value: unknown
}

const fieldsOf = (op: Op): readonly WrittenField[] => {
  if (op.op === 'delete') return []
  if (op.op === 'create') return Object.entries(op.values).map(([name, value]) => ({ op, name, value }))
  return Object.entries(op.set).map(([name, edit]) => ({ op, name, value: 'value' in edit ? edit.value : undefined }))
}

const rowOf = ({ model, id }: Op): string => `${model} ${id}`

/** The row is made after all. */
const again = (row: string): string => `${row} again`

const placeOf = ({ op, name }: WrittenField): string => `${rowOf(op)} ${name}`

const judge = (world: World, { device, schema, server, position, scopes: open, rows, pending }: Seen): void => {
  const { versions } = world
  const { past, membership } = server
  const at = parsePosition(position)
  if (at === undefined) throw new Violation('I8', `${device.name} is at no position: ${position}`)
  const hidden = past.hiddenAt(at)
  const tables = past.without(hidden)
  const scopes = open.flatMap((scope) => scopeFor(versions, scope, schema, server.schema) ?? [])
  const covered = scopes.map((scope) => membership.scope(tables, scope, device.identity.claims))
  const wrong: string[] = []
  for (const known of server.schema.ir.models) {
    const model = modelFor(versions, known, server.schema, schema)
    if (model === undefined) continue
    const lines = scopes.flatMap((scope) => membership.linesOf(scope)).filter((line) => line.model === known.name)
    // A link that is pending may stand for another.
    if (model.join && pending.some((op) => op.model === model.name)) continue
    if (lines.some((line) => past.truncated(membership.readsOf(line), hidden))) continue
    const own = new Set(pending.filter((op) => op.model === model.name).map(({ id }) => id))
    const shown = rows.get(model.name) ?? []
    const expected = new Set(covered.flatMap((each) => [...(each.get(known.name) ?? [])]))
    for (const row of shown) {
      if (own.has(row.id)) continue
      const there = tables.get(known.name)?.get(row.id)
      if (!expected.has(row.id) || there === undefined) wrong.push(`${model.name} ${row.id} is shown, and not in scope`)
      else {
        const problem = unlikeStored(versions, known, shownText(model, row), there, server.schema, schema)
        if (problem !== null) wrong.push(`${model.name} ${row.id}: ${problem}`)
      }
      expected.delete(row.id)
    }
    for (const id of expected) if (!own.has(id)) wrong.push(`${model.name} ${id} is in scope, and not shown`)
  }
  world.count('screens judged')
  if (wrong.length > 0) throw new Violation('I8', `${device.name} shows what was never so, at ${position}`, [...wrong.slice(0, 6), ...scopes.map((scope) => JSON.stringify(scope))])
}
