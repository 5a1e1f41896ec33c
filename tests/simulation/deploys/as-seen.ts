/** Scopes and rows of one version as another says them: by the wire conversion, which is what stands between a device and its server. */
import { isDeepStrictEqual } from 'node:util'
import { type Model, modelOf } from '../../../generator/model.js'
import type { Wire } from '../../../runtime/protocol/values.js'
import { textOf } from '../invariants/row-texts.js'
import { type OpenScope, scopeRows } from '../schema/expected-rows.js'
import { cachedRows, storedText, travelling, unlike } from '../schema/row-text.js'
import type { SimClient, SimSchema } from '../schema/sim-schema.js'
import type { StoredRow, Tables, WireRecord } from '../schema/tables.js'
import type { Device } from '../world/device.js'
import type { Versions } from './versions.js'

/** A device's scope as its server knows it; null: it does not know such a one, and so it holds nothing. */
export const scopeFor = (versions: Versions, scope: OpenScope, from: SimSchema, to: SimSchema): OpenScope | null => {
  const route = versions.route(from, to)
  if (route === undefined) return null
  const params = route === null ? scope.params : route.params(scope.scope, scope.params)
  return params === undefined ? null : { scope: scope.scope, params }
}

/** What a model is in the other version; undefined: it has no such model. */
export const modelFor = (versions: Versions, model: Model, from: SimSchema, to: SimSchema): Model | undefined => {
  const route = versions.route(from, to)
  const name = route === null ? model.name : route?.model(model.name)
  return name === undefined ? undefined : modelOf(to.ir, name)
}

/** A row as the other version says it; undefined: it has no such model. */
export const rowFor = (versions: Versions, model: Model, row: StoredRow, from: SimSchema, to: SimSchema): { readonly model: Model; readonly row: StoredRow } | undefined => {
  const route = versions.route(from, to)
  const target = modelFor(versions, model, from, to)
  if (route === undefined || target === undefined) return undefined
  if (route === null) return { model: target, row }
  const others = converted.get(row) ?? new Map<SimSchema, StoredRow>()
  converted.set(row, others)
  const known = others.get(to)
  if (known !== undefined) return { model: target, row: known }
  const said = route.row(model.name, [Number(row.version), ...travelling(model).map((field) => row.values[field.name] ?? null)])
  if (said === undefined) return undefined
  const [, ...values] = said.row
  const there = { id: row.id, version: row.version, values: named(target, values) }
  others.set(to, there)
  return { model: target, row: there }
}

/** Rows are those of one version, and do not change. */
const converted = new WeakMap<StoredRow, Map<SimSchema, StoredRow>>()

const named = (model: Model, values: readonly Wire[]): WireRecord => Object.fromEntries(travelling(model).map(({ name }, at) => [name, values[at] ?? null]))

/**
 * What is wrong with a row that a device shows, as a text of its version (schema/row-text.ts); null: nothing. A value that the server's
 * version has no place for may be the one of before, and one that means the same there may be as it was written.
 */
export const unlikeStored = (versions: Versions, model: Model, shown: string, stored: StoredRow, from: SimSchema, to: SimSchema): string | null => {
  const said = rowFor(versions, model, stored, from, to)
  if (said === undefined) return `it is a row of ${model.name}, which has no words there`
  const wanted = textOf(said.model, said.row)
  if (shown === wanted) return null
  const back = versions.route(to, from)
  const mine = Object.fromEntries(JSON.parse(shown) as readonly (readonly [string, Wire])[])
  const again = back == null ? undefined : back.row(said.model.name, [0, ...travelling(said.model).map(({ name }) => mine[name] ?? null)])
  const meant = again === undefined ? {} : named(model, again.row.slice(1) as readonly Wire[])
  const means = (field: string): boolean => {
    const later = back?.field(said.model.name, field)
    return back != null && (later === undefined || isDeepStrictEqual(meant[later] ?? null, stored.values[later] ?? null))
  }
  const differing = travelling(said.model).filter(({ name }) => !isDeepStrictEqual(mine[name] ?? null, said.row.values[name] ?? null))
  return differing.length > 0 && differing.every(({ name }) => means(name)) ? null : unlike(shown, wanted)
}

/** How a cache differs from what its scopes cover, one line for each row. `tables` are of the server's version. */
export const unlikeCovered = (versions: Versions, server: SimSchema, tables: Tables, { schema, client, identity, scopes }: Holder): readonly string[] => {
  const asked = [...scopes.values()].flatMap(({ scope }) => scopeFor(versions, scope, schema, server) ?? [])
  const covered = asked.map((scope) => scopeRows(server.ir, tables, scope, identity.claims))
  const held = new Map([...cachedRows(schema.ir, client)].map(([model, rows]) => [model, new Map(rows)]))
  const lines = server.ir.models.flatMap((known) => {
    const model = modelFor(versions, known, server, schema)
    if (model === undefined) return []
    const ids = new Set(covered.flatMap((rows) => [...(rows.get(known.name) ?? [])]))
    return [...ids].flatMap((id) => {
      const [shown, row] = [held.get(model.name)?.get(id), tables.get(known.name)?.get(id)]
      held.get(model.name)?.delete(id)
      if (row === undefined) return []
      const problem = shown === undefined ? `lacks ${storedText(known, row)}` : unlikeStored(versions, known, shown, row, server, schema)
      return problem === null ? [] : [`${model.name} ${id}: ${problem}`]
    })
  })
  return [...lines, ...[...held].flatMap(([model, rows]) => [...rows].map(([id, text]) => `${model} ${id}: should not hold ${text}`))]
}

/** A device with an app that runs. */
export interface Holder extends Pick<Device, 'schema' | 'identity' | 'scopes'> {
  readonly client: SimClient
}
