/** The predicates of scopes as the cache's code runs them, on rows of whole tables. */
import { type BaseRow, fromWire } from 'syncgen/protocol'
import type { ScopeLine } from '../../../generator/model.js'
import { modelOf } from '../../../generator/model.js'
import { type CompiledWhere, type World, compileWhere } from '../../../runtime/protocol/predicate.js'
import { type Given, clientWhere } from './client-where.js'
import type { SimSchema } from './sim-schema.js'
import type { StoredRow, Tables } from './tables.js'

export class CachePredicate {
  readonly #schema: SimSchema
  readonly #compiled = new Map<string, CompiledWhere | null>()
  readonly #rows = new WeakMap<StoredRow, BaseRow>()
  readonly #referring = new WeakMap<ReadonlyMap<string, StoredRow>, Map<string, Map<unknown, BaseRow[]>>>()
  readonly #world: World
  #tables: Tables = new Map()

  constructor(schema: SimSchema) {
    this.#schema = schema
    this.#world = {
      models: schema.descriptor.models,
      one: (model, id) => this.#row(model, this.#tables.get(model)?.get(id)),
      many: (model, field, id) => this.#index(model, field).get(id) ?? [],
    }
  }

  /** Whether a row is in a line, its read rule included. Undefined: the cache has no such predicate. */
  holds(tables: Tables, line: ScopeLine, given: Given, id: string): boolean | undefined {
    const where = this.#compile(line, given)
    this.#tables = tables
    const row = this.#row(line.model, tables.get(line.model)?.get(id))
    return where === null ? undefined : row !== undefined && where.holds(row)
  }

  #compile(line: ScopeLine, given: Given): CompiledWhere | null {
    const key = JSON.stringify([line.model, line.where, given])
    const known = this.#compiled.get(key)
    if (known !== undefined) return known
    const { read } = modelOf(this.#schema.ir, line.model).access
    const where = clientWhere(this.#schema, line.model, { kind: 'all', of: [line.where, read] }, given)
    const descriptor = this.#schema.descriptor.models[line.model]
    const compiled = where === null || descriptor === undefined ? null : compileWhere(descriptor, where, this.#world)
    this.#compiled.set(key, compiled)
    return compiled
  }

  #row(model: string, stored: StoredRow | undefined): BaseRow | undefined {
    if (stored === undefined) return undefined
    const known = this.#rows.get(stored)
    if (known !== undefined) return known
    const fields = Object.entries(this.#schema.descriptor.models[model]?.fields ?? {})
    const row = { id: stored.id, ...Object.fromEntries(fields.map(([name, field]) => [name, fromWire(field, stored.values[name] ?? null)])) }
    this.#rows.set(stored, row)
    return row
  }

  #index(model: string, field: string): ReadonlyMap<unknown, BaseRow[]> {
    const table = this.#tables.get(model) ?? new Map<string, StoredRow>()
    const fields = this.#referring.get(table) ?? new Map<string, Map<unknown, BaseRow[]>>()
    this.#referring.set(table, fields)
    const known = fields.get(field)
    if (known !== undefined) return known
    const found = new Map<unknown, BaseRow[]>()
    for (const stored of table.values()) {
      const row = this.#row(model, stored)
      const target = stored.values[field]
      if (row !== undefined) found.set(target, [...(found.get(target) ?? []), row])
    }
    fields.set(field, found)
    return found
  }
}
