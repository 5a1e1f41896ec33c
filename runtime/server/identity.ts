/** A verified identity with its claims in wire form, as statements bind them. */
import { SyncError } from '../protocol/errors.js'
import type { Wire } from '../protocol/values.js'
import { toWire } from '../protocol/wire-value.js'
import type { Catalog } from './catalog.js'
import type { Binding, Statement } from './descriptor.js'
import type { Identity } from './options.js'
import { type Parameter, parameterOf } from './values.js'

export interface Verified {
  readonly principal: string
  /** As `authenticate` gave them, for hooks. */
  readonly claims: object
  readonly wire: ReadonlyMap<string, Wire>
  /** ms since 1970. */
  readonly expiresAt: number | undefined
}

/**
 * Checks what the app's `authenticate` returned against the claims of the schema.
 * @throws SyncError `invalid-value`, naming the claim.
 */
export const verify = (catalog: Catalog, identity: Identity<object>): Verified => {
  if (typeof identity.principal !== 'string' || identity.principal === '') {
    throw new SyncError('invalid-value', 'authenticate must return a principal: a text that is not empty')
  }
  const given = new Map<string, unknown>(Object.entries(identity.claims))
  return {
    principal: identity.principal,
    claims: identity.claims,
    wire: new Map([...catalog.claims].map(([name, field]) => [name, toWire(field, given.get(name) ?? null, name)])),
    expiresAt: identity.expiresAt === undefined ? undefined : identity.expiresAt * 1000,
  }
}

/** Values of a scope's parameters, typed by its descriptor. */
export type Params = ReadonlyMap<string, Parameter>

/** The parameters that follow a statement's own. */
export const bindingsOf = (catalog: Catalog, statement: Statement, identity: Verified, params: Params): readonly Parameter[] =>
  statement.values.map((binding) => bind(catalog, binding, identity, params))

const noParams: Params = new Map()

/** The same for statements that read no parameters of a scope (access rules). */
export const claimsOf = (catalog: Catalog, statement: Statement, identity: Verified): readonly Parameter[] =>
  bindingsOf(catalog, statement, identity, noParams)

const bind = (catalog: Catalog, binding: Binding, identity: Verified, params: Params): Parameter => {
  const [source, name = ''] = [binding.slice(0, binding.indexOf('.')), binding.slice(binding.indexOf('.') + 1)]
  if (source === 'params') return params.get(name) ?? null
  const field = catalog.claims.get(name)
  return field === undefined ? null : parameterOf(field, identity.wire.get(name) ?? null)
}
