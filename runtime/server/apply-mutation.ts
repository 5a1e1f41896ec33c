/**
 * One mutation, inside its savepoint: all of it or nothing. Access is judged on the rows as they were and again as they are at
 * the end (rights.ts); `reconcile` alone decides conflicts.
 */
import type { BaseRow, Uuid } from '../protocol/descriptor.js'
import { equalWire } from '../protocol/field-order.js'
import type { CreateOp, DeleteOp, LostField, MergedLink, Mutation, Outcome, UpdateOp } from '../protocol/messages.js'
import type { Log, Timers } from '../protocol/ports.js'
import { type Edit, type Rules, fieldsInConflict, reconcile } from '../protocol/reconcile.js'
import type { Wire } from '../protocol/values.js'
import { type Intent, beforeWrite } from './before-write.js'
import { type Catalog, type KnownModel, columnOf } from './catalog.js'
import { stampCommand, timesOfFields, timesOfVersions } from './edit-times.js'
import type { ConstraintFields } from './constraints.js'
import type { ModelHooks } from './hooks.js'
import type { Verified } from './identity.js'
import { linkedRow, payloadOf } from './links.js'
import { mergeField } from './merge.js'
import { type PlannedOp, planOps } from './planned-op.js'
import { type Place, Rejected, rejectionOf } from './rejection.js'
import { Rights } from './rights.js'
import { isPassing, sqlFailure } from './sql-failure.js'
import { type Stored, deletedAmong, deletedRow, lockRows, present, storedKey, valuesOf } from './stored-rows.js'
import type { Connection } from './transaction.js'
import { type ColumnChange, deleteRow, insertRow, updateRow } from './write-statements.js'

export interface MutationTools {
  readonly catalog: Catalog
  readonly hooks: ReadonlyMap<string, ModelHooks<BaseRow, object, unknown>>
  readonly log: Log
  readonly newId: () => Uuid
  readonly constraints: ConstraintFields
  readonly timers: Timers
  /** How long a hook may take, ms. */
  readonly hookWithin: number
}

/**
 * Applies a mutation and says what became of it. `at` is when it was made, as the log has been told. `doing` learns which op is
 * under way, for errors that do not say.
 */
export const applyMutation = async (
  tools: MutationTools,
  connection: Connection,
  identity: Verified,
  mutation: Mutation,
  at: number,
  doing: (place: Place | null) => void,
): Promise<Outcome> => {
  const ops = planOps(tools.catalog, mutation)
  const application = new Application(tools, connection, identity, mutation.strict, at)
  await application.begin(ops)
  for (const op of ops) {
    doing({ model: op.model.name, id: op.op.id })
    await application.apply(op)
  }
  doing(null)
  return application.end()
}

class Application {
  readonly #tools: MutationTools
  readonly #connection: Connection
  readonly #identity: Verified
  readonly #rights: Rights
  readonly #strict: boolean
  readonly #at: number
  #stamped: number
  #stored = new Map<string, Stored>()
  /** By model, the last row that was restored or revived. */
  readonly #broughtBack = new Map<string, Uuid>()
  readonly #lost: LostField[] = []
  /** New links that gave way to stored ones. */
  readonly #links: MergedLink[] = []
  #seenAt: ReadonlyMap<number, number> = new Map()

  constructor(tools: MutationTools, connection: Connection, identity: Verified, strict: boolean, at: number) {
    this.#tools = tools
    this.#connection = connection
    this.#identity = identity
    this.#rights = new Rights(connection, tools.catalog, identity)
    this.#strict = strict
    this.#at = at
    this.#stamped = at
  }

  /** Locks what is there and judges what may be done with it. */
  async begin(ops: readonly PlannedOp[]): Promise<void> {
    const keys = new Map<KnownModel, Set<Uuid>>()
    for (const { model, op } of ops) keys.set(model, (keys.get(model) ?? new Set()).add(op.id))
    this.#stored = new Map(await lockRows(this.#connection, keys))
    await this.#findDeleted(ops)
    await this.#rights.begin(ops, (model, id) => this.#stored.get(storedKey(model, id))?.row !== undefined)
    const seen = ops.flatMap(({ op }) => (op.op === 'update' && op.version > 0 ? [[op.model, op.id, op.version] as const] : []))
    this.#seenAt = await timesOfVersions(this.#connection, seen)
  }

  /** A create must not bring back what was deleted: only for those keys does the difference from `never` matter. */
  async #findDeleted(ops: readonly PlannedOp[]): Promise<void> {
    const creates = ops.filter(({ op }) => op.op === 'create' && op.restore !== true)
    for (const model of new Set(creates.map((each) => each.model))) {
      const ids = creates.flatMap(({ op, model: { name } }) =>
        name === model.name && this.#stored.get(storedKey(name, op.id))?.row === undefined ? [op.id] : [],
      )
      for (const id of await deletedAmong(this.#connection, model, ids))
        this.#remember({ model, id, state: { kind: 'deleted', before: null }, row: undefined })
    }
  }

  async apply(planned: PlannedOp): Promise<void> {
    const { model } = planned
    const isCreate = 'values' in planned
    const into = isCreate ? undefined : this.#links.findLast(({ model: name, id }) => name === model.name && id === planned.op.id)?.into
    const stored = this.#stored.get(storedKey(model.name, into ?? planned.op.id))
    if (stored === undefined) throw new TypeError('an op whose row was not looked up')
    if (isCreate) return this.#create(planned.op, planned.values, stored)
    const op = { ...planned.op, id: stored.id }
    if (op.op === 'update') return this.#update(op, stored)
    if (op.op === 'delete') return this.#delete(op, stored)
  }

  /** What became of it. @throws Rejected if it may not have done what it did */
  async end(): Promise<Outcome> {
    await this.#rights.end()
    await this.#checkParents()
    if (this.#links.length > 0) return { kind: 'merged', lost: this.#lost, links: this.#links }
    return this.#lost.length === 0 ? { kind: 'applied' } : { kind: 'merged', lost: this.#lost }
  }

  async #create(op: CreateOp, values: ReadonlyMap<string, Wire>, stored: Stored): Promise<void> {
    // To him who cannot see it, a row is as one that is gone.
    const isHidden = stored.row !== undefined && !this.#rights.may('read', stored)
    const linked = stored.row === undefined || isHidden ? await linkedRow(this.#connection, stored.model, values) : undefined
    if (linked !== undefined) return this.#link(op, values, linked)
    const decision = isHidden ? keyIsTaken : reconcile(stored.state, op, this.#rules(stored.model, new Map()))
    if (decision.kind === 'nothing') return
    if (decision.kind === 'reject' && decision.code === 'exists') throw new Rejected('exists', op)
    // Before a constraint can say anything of other rows.
    if (stored.model.server.access.create === null) throw new Rejected('forbidden', op)
    await this.#stamp(this.#at)
    if (decision.kind === 'reject') {
      // That there is or was such a row is told to those who could have made it.
      const id = isHidden ? this.#tools.newId() : op.id
      await insertRow(this.#connection, stored.model, id, values)
      throw new Rejected((await this.#rights.holds('create', stored.model, id)) ? decision.code : 'forbidden', op)
    }
    const race = await this.#insertLink(stored.model, op.id, values)
    if (race !== undefined) return this.#link(op, values, race)
    if (op.restore === true) this.#broughtBack.set(op.model, op.id)
    this.#rights.created(stored.model, op.id)
    this.#rights.owe({ model: stored.model, id: op.id, rule: 'create', code: 'forbidden' })
  }

  /**
   * Somebody linked the pair before: that is what the author wanted, and what he says beyond it is an edit of that row, if he may
   * edit it. To whom the row cannot be shown, nothing is said of it.
   */
  async #link(op: CreateOp, values: ReadonlyMap<string, Wire>, { model, id, state, row }: Stored): Promise<void> {
    if (model.server.access.create === null || state.kind !== 'present') throw new Rejected('forbidden', op)
    const may = await this.#rights.learn(model, id)
    if (!may.read) throw new Rejected('forbidden', op)
    const linked: Stored = { model, id, state: { ...state, kind: 'linked' }, row }
    const edit: Edit = { op: 'create', link: { at: this.#at, strict: this.#strict, set: may.update ? payloadOf(model, values) : {} } }
    const times = await this.#timesFor(linked, edit)
    const decision = reconcile(linked.state, edit, this.#rules(model, times))
    if (decision.kind === 'reject') throw new Rejected(decision.code, op, decision.fields)
    if (decision.kind !== 'merge') throw new TypeError(`a link cannot ${decision.kind}`)
    const unwritten = may.update ? [] : Object.keys(payloadOf(model, values)).filter((field) => !isAsStored(model, field, values, state.values))
    if (this.#strict && unwritten.length > 0) throw new Rejected('conflict', op, unwritten)
    this.#remember({ model, id, state, row })
    this.#links.push({ model: model.name, id: op.id, into: id })
    this.#lost.push(...[...decision.lost, ...unwritten].map((field) => ({ model: model.name, id, field })))
    await this.#stamp(this.#at)
    if (Object.keys(decision.set).length === 0) return
    await this.#write({ model, id, state, row }, new Map(Object.entries(decision.set)))
    this.#rights.owe({ model, id, rule: 'update', code: 'forbidden' })
  }

  async #update(op: UpdateOp, found: Stored): Promise<void> {
    const { model } = found
    if (found.row !== undefined) this.#rights.demand('update', found)
    const stored =
      found.row === undefined && model.server.descriptor.deleteConflict === 'edit-wins'
        ? await deletedRow(this.#connection, model, op.id)
        : found
    const at = Math.max(this.#at, this.#seenAt.get(op.version) ?? 0)
    const edit: Edit = { op: 'update', version: op.version, at, strict: this.#strict, set: op.set }
    const times = await this.#timesFor(stored, edit)
    await this.#stamp(at)
    // Whether he may know the row is judged before anything of it decides what he hears.
    if (stored.state.kind === 'deleted' && stored.state.before !== null) await this.#restore(stored, stored.state.before)
    const decision = reconcile(stored.state, edit, this.#rules(model, times))
    switch (decision.kind) {
      case 'write':
        this.#lose(op, decision.lost)
        await this.#write(stored, new Map(Object.entries(decision.set)))
        if (!this.#rights.isCreated(model, op.id)) this.#rights.owe({ model, id: op.id, rule: 'update', code: 'forbidden' })
        return
      case 'revive':
        this.#lose(op, decision.lost)
        return this.#revive(stored, decision.row)
      case 'reject':
        throw new Rejected(decision.code, op, decision.fields)
      default:
        throw new TypeError(`an update cannot ${decision.kind}`)
    }
  }

  async #delete(op: DeleteOp, stored: Stored): Promise<void> {
    // A row that he cannot see is to him as one that is gone.
    if (stored.row === undefined || !this.#rights.may('read', stored)) return
    this.#rights.demand('delete', stored)
    const decision = reconcile(stored.state, op, this.#rules(stored.model, new Map()))
    if (decision.kind === 'reject') throw new Rejected(decision.code, op, decision.fields)
    await this.#stamp(this.#at)
    await this.#hook(stored.model, { op: 'delete', id: op.id }, stored)
    await deleteRow(this.#connection, stored.model, op.id)
    this.#remember({ ...stored, state: { kind: 'deleted', before: null }, row: undefined })
  }

  /**
   * The row comes back as it was, and is judged as if it had never left. Whatever stands against that (a rule, a missing parent,
   * a taken name): the row stays deleted.
   */
  async #restore({ model, id }: Stored, image: Readonly<Record<string, Wire>>): Promise<void> {
    const gone = new Rejected('deleted', { model: model.name, id })
    const { id: _, ...values } = image
    try {
      this.#remember(present(model, await insertRow(this.#connection, model, id, new Map(Object.entries(values)))))
    } catch (error) {
      throw isPassing(error) ? error : gone
    }
    this.#broughtBack.set(model.name, id)
    for (const rule of ['read', 'update'] as const) if (!(await this.#rights.holds(rule, model, id))) throw gone
  }

  /** Changes the row that has come back. */
  async #revive({ model, id, state }: Stored, row: Readonly<Record<string, Wire>>): Promise<void> {
    const image = state.kind === 'deleted' ? (state.before ?? {}) : {}
    const changes = Object.entries(row).filter(
      ([field, value]) => field !== 'id' && !equalWire(columnOf(model, field).field, value, image[field] ?? null),
    )
    const revived = this.#stored.get(storedKey(model.name, id))
    if (revived === undefined) throw new TypeError('a row that was not restored')
    await this.#write(revived, new Map(changes.map(([field, value]) => [field, { value }])))
    for (const rule of ['create', 'update'] as const) this.#rights.owe({ model, id, rule, code: 'deleted' })
  }

  /** A row that came back, and cannot be without one that is gone as well, stays deleted. */
  async #checkParents(): Promise<void> {
    if (this.#broughtBack.size === 0) return
    try {
      await this.#connection.command('savepoint parents; set constraints all immediate; release savepoint parents')
    } catch (error) {
      const { constraints } = this.#tools
      const rejection = rejectionOf(error, null, constraints)
      const model = rejection?.code === 'reference' ? (rejection.model ?? '') : ''
      const id = this.#broughtBack.get(model)
      if (id === undefined) throw error
      await this.#connection.command('rollback to savepoint parents')
      const learnt = (await constraints.learn(this.#connection, error)) ? rejectionOf(error, null, constraints) : rejection
      throw new Rejected('deleted', { model, id }, learnt?.fields)
    }
  }

  /** Inserts a row; if another transaction has just linked its pair, returns what that one stored instead. */
  async #insertLink(model: KnownModel, id: Uuid, values: ReadonlyMap<string, Wire>): Promise<Stored | undefined> {
    if (model.server.descriptor.pair === undefined) {
      await this.#insert(model, id, values)
      return undefined
    }
    await this.#connection.command('savepoint link')
    try {
      await this.#insert(model, id, values)
    } catch (error) {
      if (sqlFailure(error)?.code !== '23505') throw error
      await this.#connection.command('rollback to savepoint link')
      const linked = await linkedRow(this.#connection, model, values)
      if (linked === undefined) throw error
      return linked
    }
    await this.#connection.command('release savepoint link')
    return undefined
  }

  async #insert(model: KnownModel, id: Uuid, values: ReadonlyMap<string, Wire>): Promise<void> {
    const added = await this.#hook(model, { op: 'create', id, values }, undefined)
    this.#remember(present(model, await insertRow(this.#connection, model, id, new Map([...values, ...added]))))
  }

  async #write(stored: Stored, changes: ReadonlyMap<string, ColumnChange>): Promise<void> {
    if (changes.size === 0) return
    const { model, id } = stored
    const added = await this.#hook(model, { op: 'update', id, changes }, stored)
    const all = new Map<string, ColumnChange>([...changes, ...[...added].map(([field, value]) => [field, { value }] as const)])
    const row = await updateRow(this.#connection, model, id, all)
    if (row !== undefined) this.#remember(present(model, row))
  }

  #hook(model: KnownModel, intent: Intent, stored: Stored | undefined): Promise<ReadonlyMap<string, Wire>> {
    return beforeWrite({ ...this.#tools, connection: this.#connection, identity: this.#identity, at: this.#at }, model, intent, stored)
  }

  #remember(stored: Stored): void {
    this.#stored.set(storedKey(stored.model.name, stored.id), stored)
  }

  #lose({ model, id }: UpdateOp, fields: readonly string[]): void {
    this.#lost.push(...fields.map((field) => ({ model, id, field })))
  }

  async #timesFor(stored: Stored, edit: Edit): Promise<ReadonlyMap<string, number>> {
    const rules = this.#rules(stored.model, new Map())
    const fields = fieldsInConflict(stored.state, edit, rules).filter((field) => (rules.field(field).conflict ?? 'latest') === 'latest')
    return timesOfFields(this.#connection, stored.model, stored.id, fields, valuesOf(stored) ?? {})
  }

  #rules(model: KnownModel, times: ReadonlyMap<string, number>): Rules {
    return {
      field: (name) => columnOf(model, name).field,
      deleteConflict: model.server.descriptor.deleteConflict,
      editedAt: (field) => times.get(field) ?? 0,
      merge: (field, versions) => mergeField(this.#tools.log, model, field, versions),
    }
  }

  async #stamp(at: number): Promise<void> {
    if (at === this.#stamped) return
    this.#stamped = at
    await this.#connection.command(stampCommand(at))
  }
}

/** What is said of a key that cannot be used, for a reason that is not to be told. */
const keyIsTaken = { kind: 'reject', code: 'deleted' } as const

const isAsStored = (model: KnownModel, name: string, values: ReadonlyMap<string, Wire>, stored: Readonly<Record<string, Wire>>): boolean =>
  equalWire(columnOf(model, name).field, values.get(name) ?? null, stored[name] ?? null)
