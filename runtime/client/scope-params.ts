/** Parameters of scopes, as an app gives them and as they travel. */
import type { FieldDescriptor, SchemaDescriptor } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import type { Wire } from '../protocol/values.js'
import { toWire } from '../protocol/wire-value.js'
import type { StoredScope } from './storage.js'

/** Scopes with the same key are one. The order of parameters is that of the schema. */
export const keyOf = ({ name, params }: Pick<StoredScope, 'name' | 'params'>): string =>
  JSON.stringify([name, Object.entries(params)])

/** In the schema's order. @throws SyncError `scope-unknown`. */
export const wireParams = (
  schema: SchemaDescriptor,
  name: string,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Wire>> => {
  const scope = Object.hasOwn(schema.scopes, name) ? schema.scopes[name] : undefined
  if (scope === undefined) throw new SyncError('scope-unknown', `this schema has no scope ${name}`, { scope: name })
  const unknown = Object.keys(given).find((param) => !Object.hasOwn(scope.params, param))
  if (unknown !== undefined) {
    throw new SyncError('scope-unknown', `the scope ${name} takes no parameter ${unknown}`, { scope: name, field: unknown })
  }
  const params = Object.entries(scope.params)
  return Object.fromEntries(params.map(([param, field]) => [param, wireParam(name, param, field, given[param])]))
}

const wireParam = (scope: string, name: string, field: FieldDescriptor, value: unknown): Wire => {
  if (value === undefined && field.default !== undefined) return field.default
  try {
    return toWire(field, value ?? null, name)
  } catch (error) {
    throw new SyncError('scope-unknown', `${name} does not fit the scope ${scope}`, { scope, field: name }, { cause: error })
  }
}
