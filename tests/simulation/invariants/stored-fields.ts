import type { Field, Model } from '../../../generator/model.js'
import type { ClientMessage, CreateOp, LostField, Mutation, Op, Outcome, ServerMessage, UpdateOp } from '../../../runtime/protocol/messages.js'
import type { Wire } from '../../../runtime/protocol/values.js'
import type { Version, Versions } from '../deploys/versions.js'
import type { Entry } from '../world/history.js'
import { madeIn } from '../world/ledger.js'
import { wireOf } from '../world/past.js'
import type { Pushed } from '../world/pushes.js'
import type { World } from '../world/world.js'
import { same, wrongWhenApplied, wrongWhenLost } from './field-outcome.js'
import { type Invariant, Violation } from './invariant.js'
import { atSomeMoment } from './moments.js'

/**
 * Field by field, what a device was told to be applied was committed: values as they were sent, amounts added to what was there,
 * elements gained and lost, rows made and deleted. A field that its outcome names as lost kept what somebody else had written.
 */
export const storedFields: Invariant = {
  id: 'I2',
  says: 'every field of an acknowledged write was committed as it was sent',
  watch: (world) => {
    const byRow = new Map<string, Entry[]>()
    const spans = new Spans(world)
    let judged = 0
    return {
      frame: (from, to, message) => spans.see(from, to, message),
      committed: (entries) => {
        for (const entry of entries) {
          for (const id of new Set([entry.key, entry.before?.['id'] ?? null])) {
            if (id === null) continue
            const row = `${entry.model} ${String(id)}`
            byRow.set(row, [...(byRow.get(row) ?? []), entry])
          }
        }
      },
      afterOperation: () => spans.close(),
      atRest: () => {
        const { told } = world.pushes
        for (; judged < told.length; judged += 1) {
          const pushed = told[judged]
          if (pushed === undefined || pushed.outcome === null || pushed.outcome.kind === 'rejected') continue
          const forms = formsOf(world, pushed)
          // What a restore took back may have been decided anew, under the same number.
          const problems = transactionsOf(pushed, byRow).flatMap((tx) => deciders(world, pushed, byRow, tx).flatMap((version) => forms.map((form) => problemOf(world, { ...pushed, tx }, form, version, byRow, spans))))
          const [problem] = problems
          if (problem != null && !problems.includes(null)) throw new Violation('I2', `mutation ${pushed.mutation.seq} of ${pushed.device} (${pushed.outcome.kind}): ${problem.why}`, problem.details)
        }
      },
    }
  },
}

/** A mutation, and the transaction in which it was decided; null: in one that wrote nothing. */
interface Decided extends Pushed {
  readonly tx: string | null
}

/** A row comes to a key by an insert, or by an update of the key of another. */
const isMaking = ({ op, before, after }: Entry): boolean => op === 'I' || (op === 'U' && before?.['id'] !== after?.['id'])

type ByRow = ReadonlyMap<string, readonly Entry[]>

const isOf = ({ client, mutation }: Pushed, entry: Entry): boolean => entry.mutation?.client === client && entry.mutation.seq === mutation.seq

/** What stands in the history of the rows that a mutation names. */
const historyOf = ({ mutation }: Pushed, byRow: ByRow): readonly Entry[] => mutation.ops.flatMap((op) => byRow.get(`${op.model} ${op.id}`) ?? [])

/** Marks of the transactions in which it wrote; null: it wrote nothing. */
const transactionsOf = (pushed: Pushed, byRow: ByRow): readonly (string | null)[] => {
  const own = new Set(historyOf(pushed, byRow).filter((entry) => isOf(pushed, entry)).map(({ tx }) => tx))
  return own.size === 0 ? [null] : [...own]
}

/** The version of the server that decided: of the one that wrote; if none did, of any that may have. */
const deciders = ({ versions, writerOf }: World, pushed: Pushed, byRow: ByRow, tx: string | null): readonly Version[] => {
  const own = historyOf(pushed, byRow).find((entry) => isOf(pushed, entry) && entry.tx === tx)
  return own === undefined ? versions.all.filter(({ at }) => at <= versions.current.at) : [writerOf(own.who)]
}

/**
 * In which words it may have been decided: an app that was upgraded before it heard, or a copy of it, says it again in its own, and is answered with what
 * was decided of it in those of before.
 */
const formsOf = ({ pushes }: World, { client, mutation }: Pushed): readonly Mutation[] => {
  const isForm = (each: Pushed): boolean => madeIn(each.mutation) === madeIn(mutation) && each.mutation.schema !== mutation.schema
  return [mutation, ...pushes.of(client, mutation.seq).filter(isForm).map((each) => each.mutation)]
}

/** What is wrong with a mutation that was decided in this form, as a server of this version means it; null: nothing. */
const problemOf = (world: World, pushed: Decided, form: Mutation, version: Version, byRow: ByRow, spans: Spans): { readonly why: string; readonly details: readonly string[] } | null => {
  const { outcome } = pushed
  const [route, said] = [form, pushed.mutation].map(({ schema }) => routeTo(world, schema, version))
  if (route === undefined || said === undefined) return { why: 'it was decided by a server that does not know its version', details: [form.schema] }
  const meant = route?.mutation(form) ?? { mutation: form, losses: [] }
  const untold = meant.losses.filter(({ id }) => !lostIn(outcome).some((lost) => lost.id === id))
  if (untold.length > 0) return { why: 'part of it has no meaning any more, and nobody said so', details: untold.map((each) => JSON.stringify(each)) }
  for (const op of meant.mutation.ops) {
    const all = byRow.get(`${op.model} ${op.id}`) ?? []
    const lost = lostIn(outcome).map((each) => ({ ...each, field: said?.field(each.model, each.field) ?? each.field }))
    const problem = new Acknowledged(world, version, { ...pushed, mutation: meant.mutation }, lost, all).missing(op, () => spans.wasGone(pushed, op))
    if (problem !== null) return { why: problem, details: [JSON.stringify(op), ...all.map((entry) => JSON.stringify(entry))] }
  }
  return null
}

const routeTo = ({ versions }: World, schema: string, version: Version): ReturnType<Versions['route']> => {
  const author = versions.named(schema)
  return author === undefined ? undefined : versions.route(author.schema, version.schema)
}

/** When mutations were decided: between what had committed as they came, and as their outcome was heard. */
class Spans {
  readonly #world: World
  readonly #clients = new Map<string, string>()
  readonly #from = new Map<string, number>()
  readonly #until = new Map<string, number>()
  #heard: string[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** A frame arrives. */
  see(from: string, to: string, message: ClientMessage | ServerMessage): void {
    if (message.kind === 'hello') this.#clients.set(from, message.client)
    if (message.kind === 'push') {
      for (const { seq } of message.mutations) {
        const key = `${this.#clients.get(from) ?? ''}/${seq}`
        if (!this.#from.has(key)) this.#from.set(key, this.#world.past.transactions.size)
      }
    }
    if (message.kind === 'pushed') for (const { seq } of message.results) this.#heard.push(`${this.#clients.get(to) ?? ''}/${seq}`)
  }

  /** Everything that had committed is known. */
  close(): void {
    for (const key of this.#heard.splice(0)) if (!this.#until.has(key)) this.#until.set(key, this.#world.past.transactions.size)
  }

  /** Whether there was no such row for the author when he deleted it: to whom may not read it, it is not there. */
  wasGone({ device, client, mutation }: Pushed, { model, id }: Op): boolean {
    const { past, membership, devices } = this.#world
    const key = `${client}/${mutation.seq}`
    const claims = devices.find(({ name }) => name === device)?.identity.claims ?? {}
    const models = membership.readsOf(membership.wholeOf(model))
    return atSomeMoment(past, this.#from.get(key) ?? 0, models, (tables) => !membership.readable(tables, model, claims).has(id), this.#until.get(key)) !== false
  }
}

/** A mutation that was not refused, and all that ever happened to one of its rows. */
class Acknowledged {
  readonly #world: World
  readonly #version: Version
  readonly #pushed: Decided
  /** In the words of the version. */
  readonly #lost: readonly LostField[]
  readonly #all: readonly Entry[]
  /** What the mutation itself did to the row. */
  readonly #own: readonly Entry[]

  constructor(world: World, version: Version, pushed: Decided, lost: readonly LostField[], all: readonly Entry[]) {
    this.#world = world
    this.#version = version
    this.#lost = lost
    this.#pushed = pushed
    this.#all = all
    this.#own = all.filter((entry) => isOf(pushed, entry) && entry.tx === pushed.tx)
  }

  /** What is missing of an op, null if nothing. */
  missing(op: Op, wasGone: () => boolean): string | null {
    const { ir } = this.#version.schema
    const model = ir.models.find(({ name }) => name === op.model)
    if (model === undefined) return 'nobody knows its model'
    switch (op.op) {
      case 'create':
        return this.#missingOfCreate(model, op)
      case 'update':
        return this.#missingOfUpdate(model, op)
      case 'delete':
        return this.#own.some((entry) => entry.op === 'D') || this.#gaveWay(op.id) || wasGone() ? null : 'it deleted nothing, and there was a row'
    }
  }

  #missingOfCreate(model: Model, { id, values }: CreateOp): string | null {
    if (!this.#all.some(isMaking)) return this.#gaveWay(id) ? null : 'no row was ever made'
    const made = this.#own.find((entry) => entry.op === 'I')
    if (made === undefined) return null
    const wrong = model.fields.filter((field) => field.name in values && !same(valueOf(field, made.after), values[field.name] ?? null))
    return wrong.length === 0 ? null : `it was made with another ${wrong.map(({ name }) => name).join(', ')}`
  }

  #missingOfUpdate(model: Model, { id, set }: UpdateOp): string | null {
    const { outcome } = this.#pushed
    // A link that the same mutation made gave way to the row, and brought its own values.
    if (outcome?.kind === 'merged' && outcome.links?.some(({ into }) => into === id) === true) return null
    const [first] = this.#own
    const last = this.#own.findLast(({ after }) => after !== null)
    const lost = this.#lost.filter((each) => each.model === model.name && each.id === id)
    for (const [name, edit] of Object.entries(set)) {
      const field = model.fields.find((each) => each.name === name)
      if (field === undefined) return `nobody knows ${name}`
      const isLost = lost.some((each) => each.field === name)
      // An edit of a row that is gone brings it back, as its author knew it, and then edits it.
      const start = first?.before ?? (this.#own.length > 1 ? first?.after : null)
      if (start != null && last?.after != null) {
        const [before, after] = [valueOf(field, start), valueOf(field, last.after)]
        // What a reference leads to may be deleted by the same mutation.
        if (field.reference !== null && after === null && this.#pushed.mutation.ops.some((op) => op.op === 'delete')) continue
        const problem = isLost ? wrongWhenLost(field, this.#version.schema.ir.enums, edit, before, after) : wrongWhenApplied(field, edit, before, after)
        if (problem !== null) return `${name} ${problem}`
      } else if (!isLost && this.#all.length > 0 && !this.#gaveWay(id)) {
        // It wrote nothing: then it was so already, at some time.
        const was = (image: Entry['before']): boolean => image !== null && wrongWhenApplied(field, edit, valueOf(field, image), valueOf(field, image)) === null
        if (!this.#all.some(({ before, after }) => was(before) || was(after))) return `${name} was never stored`
      }
    }
    return null
  }

  /** Another row of the same pair was there: the link that was made is that one, for all that this client says of it. */
  #gaveWay(id: string): boolean {
    return this.#world.pushes.told.some(({ client, outcome }) => client === this.#pushed.client && outcome?.kind === 'merged' && outcome.links?.some((link) => link.id === id) === true)
  }
}

const lostIn = (outcome: Outcome | null): readonly LostField[] => (outcome?.kind === 'merged' ? outcome.lost : [])

const valueOf = (field: Field, image: Entry['after']): Wire => (image === null ? null : wireOf(field, (image[field.column] ?? null) as Wire))
