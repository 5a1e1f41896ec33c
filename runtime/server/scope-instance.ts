/** A scope with its parameters, open on one connection. */
import { createHash } from 'node:crypto'
import { checkValue } from '../protocol/check-value.js'
import { SyncError } from '../protocol/errors.js'
import type { ScopeClaim } from '../protocol/messages.js'
import type { Wire } from '../protocol/values.js'
import type { Catalog } from './catalog.js'
import type { ServerScope } from './descriptor.js'
import type { Params, Verified } from './identity.js'
import { parameterOf } from './values.js'

export interface ScopeInstance {
  /** The client's number for it. */
  readonly id: number
  readonly name: string
  readonly scope: ServerScope
  readonly params: Params
  /** Of everything that decides which rows it holds, besides the rows: what a position of it is worth depends on this. */
  readonly hash: string
}

/**
 * The instance that a client asks for, under an identity.
 * @throws SyncError `scope-unknown`, the same for an unknown name and for parameters that do not fit.
 */
export const openInstance = (
  catalog: Catalog,
  identity: Verified,
  claim: Pick<ScopeClaim, 'id' | 'name' | 'params'>,
): ScopeInstance => {
  const scope = catalog.scopes.get(claim.name)
  if (scope === undefined) throw unknownScope()
  const fields = Object.entries(scope.descriptor.params)
  const given = new Map(Object.entries(claim.params))
  const wires = fields.map(([name, field]): readonly [string, Wire] => {
    const wire = given.get(name) ?? null
    given.delete(name)
    if (checkValue(field, wire) !== undefined) throw unknownScope()
    return [name, wire]
  })
  if (given.size > 0) throw unknownScope()
  return {
    id: claim.id,
    name: claim.name,
    scope,
    params: new Map(fields.map(([name, field], at) => [name, parameterOf(field, wires[at]?.[1] ?? null)])),
    hash: hashOf(scope, wires, identity),
  }
}

const hashOf = (scope: ServerScope, params: readonly (readonly [string, Wire])[], identity: Verified): string => {
  const claims = scope.claims.map((name) => [name, identity.wire.get(name) ?? null])
  return createHash('sha256')
    .update(JSON.stringify([scope.hash, params, claims]))
    .digest('hex')
}

const unknownScope = (): SyncError => new SyncError('scope-unknown', 'no such scope, or parameters that do not fit it')
