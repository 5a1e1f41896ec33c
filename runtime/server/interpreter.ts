/** What one client says and hears, where its version of the schema, or that of its writes, is not the server's. */
import { Dialect, type Loss, Route } from '../protocol/dialect.js'
import type { SchemaDescriptor } from '../protocol/descriptor.js'
import type { ClientMessage, LostField, Mutation, Outcome, ServerMessage } from '../protocol/messages.js'
import { pathFrom } from '../protocol/transition.js'

type Current = Pick<SchemaDescriptor, 'hash' | 'transitions'>

export class Interpreter {
  readonly #current: Current
  /** Null: the client has the server's version. */
  readonly #dialect: Dialect | null
  readonly #routes = new Map<string, Route>()
  /** What of pushed mutations has no meaning any more, by their numbers, until they are answered. */
  readonly #losses = new Map<number, readonly Loss[]>()

  private constructor(current: Current, dialect: Dialect | null) {
    this.#current = current
    this.#dialect = dialect
  }

  /** For a client of this version; undefined: the server does not know it. */
  static of(current: Current, schema: string): Interpreter | undefined {
    const path = pathFrom(current, schema)
    if (path === undefined) return undefined
    return new Interpreter(current, path.length === 0 ? null : new Dialect(path, 'newer'))
  }

  /** Whether what is said has to go through `says`. */
  get isNeeded(): boolean {
    return this.#dialect !== null || this.#losses.size > 0
  }

  /** What the client means. */
  hears(message: ClientMessage): ClientMessage {
    if (message.kind === 'push') return { ...message, mutations: message.mutations.map((each) => this.#mutation(each)) }
    return this.#dialect?.toServer(message) ?? message
  }

  /** What of a pushed mutation has no meaning any more, in the words of its author. */
  readonly unconverted = (seq: number): readonly LostField[] =>
    (this.#losses.get(seq) ?? []).flatMap(({ model, id, fields }) => fields.map((field) => ({ model, id, field })))

  /** What the client understands. */
  says(message: ServerMessage): ServerMessage {
    const said = this.#dialect?.toClient(message) ?? message
    if (said.kind !== 'pushed') return said
    return { ...said, results: said.results.map((result) => ({ ...result, outcome: this.#outcome(result) })) }
  }

  /** Each mutation is of the version under which it was written. One of which nothing is left, or that must be whole, is refused as it stands. */
  #mutation(mutation: Mutation): Mutation {
    const route = this.#route(mutation.schema)
    if (route === undefined) return mutation
    const { mutation: meant, losses } = route.mutation(mutation)
    if (losses.length === 0) return meant
    this.#losses.set(mutation.seq, losses)
    return mutation.strict || meant.ops.length === 0 ? { ...mutation, ops: [] } : meant
  }

  #route(schema: string): Route | undefined {
    if (schema === this.#current.hash) return undefined
    const known = this.#routes.get(schema)
    const path = known === undefined ? pathFrom(this.#current, schema) : undefined
    if (path === undefined) return known
    const route = new Route(path, 'up')
    this.#routes.set(schema, route)
    return route
  }

  #outcome({ seq, outcome }: { readonly seq: number; readonly outcome: Outcome }): Outcome {
    const [first] = this.#losses.get(seq) ?? []
    this.#losses.delete(seq)
    if (outcome.kind === 'merged') {
      const { lost, unconverted = [] } = outcome
      return { ...outcome, lost: [...lost, ...unconverted.filter(({ id, field }) => !lost.some((each) => each.id === id && each.field === field))] }
    }
    return outcome.kind === 'rejected' && outcome.code === 'unknown-schema' && outcome.model === null ? { ...outcome, ...first } : outcome
  }
}
