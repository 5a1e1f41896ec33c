/** Scopes and rows of one version as another says them: by the wire conversion, which is what stands between a device and its server. */
import { type Model, modelOf } from '../../../generator/model.js'
import type { Wire } from '../../../runtime/protocol/values.js'
import { type OpenScope, scopeRows } from '../schema/expected-rows.js'
import { type RowTexts, storedText, travelling } from '../schema/row-text.js'
import type { SimSchema } from '../schema/sim-schema.js'
import type { StoredRow, Tables, WireRecord } from '../schema/tables.js'
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

/** What a device of one version must hold whose scopes are answered by another. `tables` are of the server's version. */
export const expectedFrom = (versions: Versions, server: SimSchema, device: SimSchema, tables: Tables, open: readonly OpenScope[], claims: WireRecord): RowTexts => {
  const asked = open.flatMap((scope) => scopeFor(versions, scope, device, server) ?? [])
  const covered = asked.map((scope) => scopeRows(server.ir, tables, scope, claims))
  const texts = new Map<string, Map<string, string>>(device.ir.models.map(({ name }) => [name, new Map<string, string>()]))
  for (const model of server.ir.models) {
    const ids = new Set(covered.flatMap((rows) => [...(rows.get(model.name) ?? [])]))
    for (const id of ids) {
      const row = tables.get(model.name)?.get(id)
      const said = row === undefined ? undefined : rowFor(versions, model, row, server, device)
      if (said !== undefined) texts.get(said.model.name)?.set(id, storedText(said.model, said.row))
    }
  }
  return texts
}
