/**
 * What rows are after all that is pending. Each is replayed from its base with its own steps, and with what the steps on other
 * rows mean for it in SQL: a delete takes along what refers to it or nulls the reference, and of two rows that link one pair the
 * second gives way to the first, which takes over what was written to it. Nothing of this is remembered: another base, or one
 * transaction less, and the same question has another answer.
 */
import type { Uuid } from '../protocol/descriptor.js'
import { linkEdits } from '../protocol/link-edits.js'
import type { Base } from './base.js'
import type { Overlay, Step } from './overlay.js'
import { lookupKey, type Reference, type References } from './references.js'
import type { AnyRow, RowShape } from './row.js'

/** A row, and the positions of the steps that deleted it, itself or what it hangs on. */
interface Life {
  row: AnyRow | undefined
  readonly deaths: number[]
}

/** One look at base and overlay; worth nothing after either has changed. */
export class Replay {
  readonly #base: Base
  readonly #references: References
  readonly #overlay: Overlay
  /** Models whose rows a pending delete takes away. */
  readonly #mortal: ReadonlySet<string>
  readonly #deaths = new Map<string, readonly number[]>()
  /** Rows whose lives are being worked out: references may run in circles. */
  readonly #open = new Set<string>()
  readonly #isShown: (model: string, id: Uuid) => boolean
  #wasCut = false

  /** @param isShown - whether a row of the base can be seen: only to such a one another gives way */
  constructor(base: Base, references: References, overlay: Overlay, isShown: (model: string, id: Uuid) => boolean) {
    this.#base = base
    this.#references = references
    this.#overlay = overlay
    this.#isShown = isShown
    this.#mortal = references.reachedBy(overlay.deleting)
  }

  /** The row of a key after all that is pending. */
  row(model: string, id: Uuid): AnyRow | undefined {
    const isUntouched = !this.#overlay.touches(model, id) && this.#fatal(model).length === 0
    return isUntouched && !this.#isLinkedTwice(model, id) ? this.#base.get(model, id)?.row : this.#lives(model, id).lives.get(id)?.row
  }

  /** The row that this one gave way to; itself, if it did not. */
  survivor(model: string, id: Uuid): Uuid {
    return this.#isLinkedTwice(model, id) ? (this.#lives(model, id).gaveWay.get(id) ?? id) : id
  }

  /** Rows of its pair that gave way to this one. */
  absorbed(model: string, id: Uuid): readonly Uuid[] {
    if (!this.#isLinkedTwice(model, id)) return none
    return [...this.#lives(model, id).gaveWay].flatMap(([gone, into]) => (into === id ? [gone] : []))
  }

  /** Positions of the steps by which the row died; none while nothing of the kind is pending. */
  deaths(model: string, id: Uuid): readonly number[] {
    if (!this.#mortal.has(model)) return none
    const key = `${model} ${id}`
    const known = this.#deaths.get(key)
    if (known !== undefined) return known
    if (this.#open.has(key)) {
      // What a row does to itself by way of others, it does by its own delete.
      this.#wasCut = true
      return this.#overlay.steps(model, id).flatMap(({ op, position }) => (op.op === 'delete' ? [position] : []))
    }
    const wasCut = this.#wasCut
    this.#wasCut = false
    const deaths = this.#lives(model, id).lives.get(id)?.deaths ?? none
    // Seen from inside a circle a life may lack what comes from outside of it: only a whole one is kept.
    if (!this.#wasCut || this.#open.size === 0) this.#deaths.set(key, deaths)
    this.#wasCut = this.#open.size > 0 && (wasCut || this.#wasCut)
    return deaths
  }

  /** Keys of rows that link, or linked, the same pair. */
  pairMates(model: string, id: Uuid): readonly Uuid[] {
    const pair = this.#references.pair(model)
    if (pair === undefined) return none
    const key = this.#pairKey(pair, model, id)
    if (key === undefined) return none
    const pending = this.#overlay.named(model, pair, key)
    return pending.length === 0 ? none : [...new Set([...this.#base.find(model, pair, key)].filter((mate) => this.#isShown(model, mate)).concat(pending))]
  }

  #isLinkedTwice(model: string, id: Uuid): boolean {
    return this.#references.pair(model) !== undefined && (this.pairMates(model, id).length > 0 || this.#overlay.mergedIn(model).size > 0)
  }

  #lives(model: string, id: Uuid): { readonly lives: ReadonlyMap<Uuid, Life>; readonly gaveWay: ReadonlyMap<Uuid, Uuid> } {
    const said = this.#overlay.mergedIn(model)
    const heirs = [...said].flatMap(([gone, into]) => (into === id || gone === id ? [gone, into] : []))
    const ids = new Set([id, ...this.pairMates(model, id), ...heirs])
    const keys = [...ids].map((each) => `${model} ${each}`).filter((key) => !this.#open.has(key))
    for (const key of keys) this.#open.add(key)
    try {
      return this.#simulate(this.#base.shape(model), ids, new Map([...said].filter(([gone]) => ids.has(gone))))
    } finally {
      for (const key of keys) this.#open.delete(key)
    }
  }

  #simulate(shape: RowShape, ids: ReadonlySet<Uuid>, gaveWay: Map<Uuid, Uuid>) {
    const model = shape.model.name
    const lives = new Map<Uuid, Life>()
    for (const id of ids) lives.set(id, { row: this.#base.get(model, id)?.row, deaths: [] })
    const steps = [...ids].flatMap((id) => this.#overlay.steps(model, id))
    if (ids.size > 1) steps.sort((left, right) => left.position - right.position)
    const fatal = this.#fatal(model)
    let from = 0
    for (const step of steps) {
      if (fatal.length > 0) for (const life of lives.values()) this.#follow(shape, fatal, life, from, step)
      from = step.position
      take(shape, lives, gaveWay, step, (id) => this.#overlay.touches(model, id) || this.#isShown(model, id))
    }
    if (fatal.length > 0) for (const life of lives.values()) this.#follow(shape, fatal, life, from, null)
    return { lives, gaveWay }
  }

  /** What deletes of the rows that a row refers to did to it between two of its own steps. */
  #follow(shape: RowShape, fatal: readonly Reference[], life: Life, from: number, until: Step | null): void {
    const to = until?.position ?? Number.POSITIVE_INFINITY
    while (life.row !== undefined) {
      const [first] = fatal
        .flatMap((reference) => {
          const target = life.row?.[reference.field]
          const at = typeof target === 'string' ? this.#deathBetween(reference.target, target, from, to) : undefined
          return at === undefined ? [] : [{ reference, at }]
        })
        .sort((left, right) => left.at - right.at)
      if (first === undefined) return
      if (first.reference.onDelete === 'cascade') {
        life.row = undefined
        life.deaths.push(first.at)
      } else life.row = shape.without(life.row, first.reference.field)
    }
  }

  #deathBetween(model: string, id: Uuid, from: number, to: number): number | undefined {
    return this.deaths(model, id).find((position) => position > from && position < to)
  }

  /** References of a model through which a pending delete may reach its rows. */
  #fatal(model: string): readonly Reference[] {
    if (this.#mortal.size === 0) return none
    return this.#references
      .from(model)
      .filter(({ target, onDelete }) => (onDelete === 'cascade' || onDelete === 'setNull') && this.#mortal.has(target))
  }

  #pairKey(pair: readonly string[], model: string, id: Uuid): string | undefined {
    const row = this.#base.get(model, id)?.row
    if (row !== undefined) return lookupKey(pair, (field) => row[field])
    const created = this.#overlay.steps(model, id).find(({ op }) => op.op === 'create')?.op
    return created?.op === 'create' ? lookupKey(pair, (field) => created.values[field]) : undefined
  }
}

/**
 * What a step makes of its row. One whose row is not as it needs it (an update or delete without one, a create with one) does
 * nothing here; the server judges it. A new link gives way to none that is out of sight: nobody would see the pair linked.
 */
const take = (shape: RowShape, lives: Map<Uuid, Life>, gaveWay: Map<Uuid, Uuid>, { op, at, position }: Step, isShown: (id: Uuid) => boolean): void => {
  if (op.op === 'create') gaveWay.delete(op.id)
  const life = lives.get(gaveWay.get(op.id) ?? op.id)
  if (life === undefined) return
  switch (op.op) {
    case 'create': {
      const [mate] = life.row === undefined ? [...lives].filter(([id, { row }]) => id !== op.id && row !== undefined && isShown(id)) : []
      if (mate === undefined) life.row ??= shape.create(op, at)
      else {
        gaveWay.set(op.id, mate[0])
        const set = linkEdits(shape.model.fields, shape.model.pair ?? none, op.values)
        const { row } = mate[1]
        if (row !== undefined && Object.keys(set).length > 0) mate[1].row = shape.update(row, set, at)
      }
      return
    }
    case 'update':
      life.row = life.row && shape.update(life.row, op.set, at)
      return
    case 'delete':
      life.row = undefined
      life.deaths.push(position)
      return
  }
}

const none: readonly never[] = Object.freeze([])
