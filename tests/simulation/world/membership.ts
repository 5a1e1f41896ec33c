/** Which rows scopes cover and identities may read, in any state of the tables; worked out once for as long as nothing changes that it depends on. */
import { type Predicate, type Schema, type ScopeLine, modelOf } from '../../../generator/model.js'
import { type OpenScope, lineRows } from '../schema/expected-rows.js'
import type { Tables, WireRecord } from '../schema/tables.js'

export class Membership {
  readonly #ir: Schema
  readonly #known = new Map<string, { readonly on: readonly unknown[]; readonly ids: ReadonlySet<string> }[]>()
  readonly #reads = new Map<ScopeLine, readonly string[]>()
  readonly #wholes = new Map<string, ScopeLine>()

  constructor(ir: Schema) {
    this.#ir = ir
  }

  /** Ids by model. */
  scope(tables: Tables, scope: OpenScope, claims: WireRecord): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map(this.linesOf(scope).map((line) => [line.model, this.#ids(tables, line, scope, claims)]))
  }

  /** What an identity may read of a model. */
  readable(tables: Tables, model: string, claims: WireRecord): ReadonlySet<string> {
    return this.#ids(tables, this.wholeOf(model), everything, claims)
  }

  /** The line of all rows of a model that may be read. */
  wholeOf(model: string): ScopeLine {
    const line = this.#wholes.get(model) ?? { model, where: { kind: 'always' } }
    this.#wholes.set(model, line)
    return line
  }

  linesOf({ scope }: OpenScope): readonly ScopeLine[] {
    return this.#ir.scopes.find(({ name }) => name === scope)?.lines ?? []
  }

  /** Models whose rows decide what a line covers. */
  readsOf(line: ScopeLine): readonly string[] {
    const known = this.#reads.get(line)
    if (known !== undefined) return known
    const names = [...new Set([line.model, ...modelsIn(line.where), ...modelsIn(modelOf(this.#ir, line.model).access.read)])]
    this.#reads.set(line, names)
    return names
  }

  #ids(tables: Tables, line: ScopeLine, { scope, params }: OpenScope, claims: WireRecord): ReadonlySet<string> {
    const key = `${scope} ${line.model} ${JSON.stringify(params)} ${JSON.stringify(claims)}`
    const on = this.readsOf(line).map((model) => tables.get(model))
    const known = this.#known.get(key) ?? []
    const same = known.find((each) => each.on.every((table, at) => table === on[at]))
    if (same !== undefined) return same.ids
    const ids = lineRows(this.#ir, tables, line, params, claims)
    this.#known.set(key, [{ on, ids }, ...known.slice(0, remembered - 1)])
    return ids
  }
}

/** States of which the answer is kept, for each line. */
const remembered = 6

const everything: OpenScope = { scope: '', params: {} }

const modelsIn = (predicate: Predicate): readonly string[] => {
  switch (predicate.kind) {
    case 'all':
    case 'any':
      return predicate.of.flatMap(modelsIn)
    case 'not':
      return modelsIn(predicate.of)
    case 'one':
    case 'some':
      return [predicate.model, ...modelsIn(predicate.where)]
    default:
      return []
  }
}
