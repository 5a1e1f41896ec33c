/**
 * What the author of a mutation may do: judged on the rows as they were when it began, and again on the rows as they are at its end. What
 * the mutation itself made is its own.
 */
import type { Uuid } from '../protocol/descriptor.js'
import type { Catalog, KnownModel } from './catalog.js'
import type { Verified } from './identity.js'
import { Judge, type Rule } from './judge.js'
import type { PlannedOp } from './planned-op.js'
import { Rejected } from './rejection.js'
import { type Stored, storedKey } from './stored-rows.js'
import type { Connection } from './transaction.js'
import { readRow } from './write-statements.js'

/** What must hold for a row in the end, and what is said if it does not. */
export interface Demand {
  readonly model: KnownModel
  readonly id: Uuid
  readonly rule: 'create' | 'update'
  readonly code: string
}

export class Rights {
  readonly #connection: Connection
  readonly #judge: Judge
  /** What could be done with the rows that were there before. */
  readonly #before: Readonly<Record<Exclude<Rule, 'create'>, Set<string>>> = { read: new Set(), update: new Set(), delete: new Set() }
  /** What it must be allowed to have done, when all is done. */
  readonly #after: Demand[] = []
  readonly #created = new Set<string>()

  constructor(connection: Connection, catalog: Catalog, identity: Verified) {
    this.#connection = connection
    this.#judge = new Judge(connection, catalog, identity)
  }

  /** Judges what the ops are about. `isThere`: whether a row was found under a key. */
  async begin(ops: readonly PlannedOp[], isThere: (model: string, id: Uuid) => boolean): Promise<void> {
    for (const model of new Set(ops.map((each) => each.model))) {
      const own = ops.flatMap(({ op }) => (op.model === model.name ? [op] : []))
      const there = own.flatMap(({ id }) => (isThere(model.name, id) ? [id] : []))
      for (const rule of ['read', 'update', 'delete'] as const) {
        // Asked of rows that are not there, too: how long the answer takes must not tell them from those that he may not see.
        const named = own.flatMap(({ op, id }) => ((rule === 'read' ? op !== 'create' : op === rule) ? [id] : []))
        const asked = new Set(rule === 'read' ? [...there, ...named] : named)
        for (const id of await this.#judge.allowed(model, rule, asked)) this.#before[rule].add(storedKey(model.name, id))
      }
    }
  }

  /** Whether a rule held for the row when the mutation began. */
  may(rule: Exclude<Rule, 'create'>, { model, id }: Pick<Stored, 'model' | 'id'>): boolean {
    return this.isCreated(model, id) || this.#before[rule].has(storedKey(model.name, id))
  }

  /** Whether it holds now. */
  async holds(rule: Rule, model: KnownModel, id: Uuid): Promise<boolean> {
    return (await this.#judge.allowed(model, rule, [id])).has(id)
  }

  /** One code for "gone" and "not yours to see"; another for "not yours to change". @throws Rejected */
  demand(rule: 'update' | 'delete', { model, id }: Stored): void {
    if (!this.may('read', { model, id })) throw new Rejected('deleted', { model: model.name, id })
    if (!this.may(rule, { model, id })) throw new Rejected('forbidden', { model: model.name, id })
  }

  /** Finds out, and from now on knows, what may be done with a row that no op has named. */
  async learn(model: KnownModel, id: Uuid): Promise<Readonly<Record<Exclude<Rule, 'create'>, boolean>>> {
    const may = { read: false, update: false, delete: false }
    for (const rule of ['read', 'update', 'delete'] as const) {
      may[rule] = this.isCreated(model, id) || (await this.holds(rule, model, id))
      if (may[rule] && !this.isCreated(model, id)) this.#before[rule].add(storedKey(model.name, id))
    }
    return may
  }

  /** The mutation has made this row. */
  created(model: KnownModel, id: Uuid): void {
    this.#created.add(storedKey(model.name, id))
  }

  isCreated(model: KnownModel, id: Uuid): boolean {
    return this.#created.has(storedKey(model.name, id))
  }

  /** To be judged at the end. */
  owe(demand: Demand): void {
    this.#after.push(demand)
  }

  /** Judges the final state. Rows that a later op or a cascade deleted have none. @throws Rejected */
  async end(): Promise<void> {
    for (const refused of [await this.#unproven(), await this.#refused(this.#after.filter(({ rule }) => rule === 'update'))]) {
      for (const { model, id, code } of refused) {
        if ((await readRow(this.#connection, model, id)) !== undefined) throw new Rejected(code, { model: model.name, id })
      }
    }
  }

  /**
   * New rows that rest on no right. What a new row takes a right from was there before, or is new and proven itself: each round
   * asks for those that are left, which vouch for nobody (SECURITY S-21).
   */
  async #unproven(): Promise<readonly Demand[]> {
    for (let left: readonly Demand[] = this.#after.filter(({ rule }) => rule === 'create'); ;) {
      const refused = await this.#refused(left)
      if (refused.length === 0 || refused.length === left.length) return refused
      left = refused
    }
  }

  /** Those for which the rule does not hold. Each statement gets the ids of all: the rows that are being judged. */
  async #refused(asked: readonly Demand[]): Promise<readonly Demand[]> {
    const ids = new Set(asked.map(({ id }) => id))
    const refused: Demand[] = []
    for (const model of new Set(asked.map((each) => each.model))) {
      const own = asked.filter((each) => each.model === model)
      const allowed = await this.#judge.allowed(model, own[0]?.rule ?? 'read', ids)
      refused.push(...own.filter(({ id }) => !allowed.has(id)))
    }
    return refused
  }
}
