import { type Scope, type ScopeLine, modelOf } from '../../../generator/model.js'
import { scopeLineSql } from '../../../generator/sql/index.js'
import { parsePosition } from '../../../runtime/protocol/position.js'
import { scopeFor } from '../deploys/as-seen.js'
import type { Version } from '../deploys/versions.js'
import { CachePredicate } from '../schema/cache-predicate.js'
import { cachedTables } from '../schema/cached-tables.js'
import { type Given, clientWhere } from '../schema/client-where.js'
import { type OpenScope, matching } from '../schema/expected-rows.js'
import { sqlText } from '../schema/foreign-sql.js'
import { type SimSchema, cacheOf } from '../schema/sim-schema.js'
import type { Device } from '../world/device.js'
import type { World } from '../world/world.js'
import { type Invariant, Violation } from './invariant.js'

/**
 * One predicate, two compilations. Of each row that moves into a scope or out of it, the cache's predicate says at that position what
 * the database's said. At rest, for some of the open scopes, the statement of the server, the predicate of the cache and brute force
 * choose the same rows of the tables, and a query of the cache chooses those of the cached rows that brute force does.
 */
export const onePredicate: Invariant = {
  id: 'I13',
  says: 'the predicate of the cache is that of the database',
  watch: (world) => {
    const predicates = new Map<Version, CachePredicate>()
    const predicateOf = (version: Version): CachePredicate => {
      const predicate = predicates.get(version) ?? new CachePredicate(version.schema)
      predicates.set(version, predicate)
      return predicate
    }
    const languages = new Map<string, Version>()
    const dice = world.kernel.dice('predicates')
    const open = new Map<string, Map<number, OpenScope>>()
    const moved: Move[] = []
    return {
      frame: (from, to, message) => {
        if (message.kind === 'hello') {
          open.set(from, new Map())
          languages.set(from, world.versions.named(message.schema) ?? world.versions.current)
        }
        if (message.kind === 'sync') for (const { id, name, params } of message.scopes) open.get(from)?.set(id, { scope: name, params })
        const server = world.serverOf(to)
        // What is said in other words is judged by the frames themselves.
        if (message.kind !== 'changed' || languages.get(to) !== server) return
        for (const { scope, model, add, out } of message.delta.claims) {
          const of = open.get(to)?.get(scope)
          if (of !== undefined && add.length + out.length > 0) moved.push({ device: to, server, of, model, add, out, to: message.to })
        }
      },
      afterOperation: () => {
        for (const move of moved.splice(0)) judgeMove(world, predicateOf(move.server), move)
      },
      atRest: async () => {
        for (const device of world.devices) if (device.client !== null) judgeCache(world, device)
        const all = new Map(world.devices.flatMap(({ identity, scopes, schema }) => asked(world, schema, [...scopes.values()].map(({ scope }) => scope)).map((scope) => [JSON.stringify([scope, identity.claims]), { scope, identity }] as const)))
        const lines = [...all.values()].flatMap(({ scope, identity }) => world.membership.linesOf(scope).map((line) => ({ line, scope, given: { params: scope.params, claims: identity.claims } })))
        for (const each of dice.some(lines, most / lines.length)) await judgeLine(world, predicateOf(world.versions.current), each)
      },
    }
  },
}

/** Lines that are looked at in one rest, about. */
const most = 12

/** Scopes as the servers of now know them. */
const asked = ({ versions, schema }: World, from: SimSchema, scopes: readonly OpenScope[]): readonly OpenScope[] => scopes.flatMap((scope) => scopeFor(versions, scope, from, schema) ?? [])

/** Rows that came into a scope, and left it, at a position. */
interface Move {
  readonly device: string
  readonly server: Version
  readonly of: OpenScope
  readonly model: string
  readonly add: readonly string[]
  readonly out: readonly string[]
  readonly to: string
}

const judgeMove = (world: World, predicate: CachePredicate, { device, server, of, model, add, out, to }: Move): void => {
  const { past, membership } = server
  const at = parsePosition(to)
  const line = membership.linesOf(of).find((each) => each.model === model)
  const claims = world.devices.find(({ name }) => name === device)?.identity.claims ?? {}
  if (at === undefined || line === undefined) throw new Violation('I13', `${device} is told of ${model} in ${of.scope} at ${to}`)
  const hidden = past.hiddenAt(at)
  if (past.truncated(membership.readsOf(line), hidden)) return
  const tables = past.without(hidden)
  const says = (id: string): boolean | undefined => predicate.holds(tables, line, { params: of.params, claims }, id)
  const wrong = [...add.filter((id) => says(id) === false), ...out.filter((id) => says(id) === true)]
  if (wrong.length > 0) throw new Violation('I13', `${model} ${wrong.join(' ')} moved in ${of.scope} of ${device}, and the predicate of the cache says that it did not`, [JSON.stringify(of)])
}

/** Queries by the wheres of its own scopes. */
const judgeCache = (world: World, { name, client, identity, scopes, schema }: Device): void => {
  if (client === null) return
  const { membership } = world.versions.of(schema)
  const cached = cachedTables(schema.ir, client)
  for (const { scope } of scopes.values()) {
    const given = { params: scope.params, claims: identity.claims }
    for (const line of membership.linesOf(scope)) {
      const where = clientWhere(schema, line.model, line.where, given)
      if (where === null) continue
      const found = cacheOf(client, modelOf(schema.ir, line.model).plural).query({ where }).rows.map(({ id }) => id)
      const expected = matching(schema.ir, cached, line.model, line.where, given)
      if (differ(found, expected)) throw new Violation('I13', `${name} finds ${found.length} ${line.model} by the where of ${scope.scope}, brute force ${expected.length}`, [JSON.stringify(where)])
    }
  }
}

interface Asked {
  readonly line: ScopeLine
  readonly scope: OpenScope
  readonly given: Given
}

const judgeLine = async (world: World, predicate: CachePredicate, { line, scope, given }: Asked): Promise<void> => {
  const tables = await world.tables()
  const ids = [...(tables.get(line.model)?.keys() ?? [])]
  const brute = [...(world.membership.scope(tables, scope, given.claims).get(line.model) ?? [])]
  const cache = ids.map((id) => [id, predicate.holds(tables, line, given, id)] as const)
  const inCache = cache.flatMap(([id, says]) => (says === true ? [id] : []))
  const inDatabase = await idsInDatabase(world, line, scope, given)
  const say = (what: string, found: readonly string[]): never => {
    throw new Violation('I13', `${what} finds ${found.length} ${line.model} in ${scope.scope}, brute force ${brute.length}`, [JSON.stringify(given), JSON.stringify(line.where)])
  }
  if (differ(inDatabase, brute)) say('the statement of the server', inDatabase)
  if (!cache.some(([, says]) => says === undefined) && differ(inCache, brute)) say('the predicate of the cache', inCache)
  world.count('lines judged')
}

/** By the statement that the server runs to know what a line has. */
const idsInDatabase = async ({ schema, control }: World, line: ScopeLine, { scope: name }: OpenScope, { params, claims }: Given): Promise<readonly string[]> => {
  const scope = schema.ir.scopes.find((each) => each.name === name)
  if (scope === undefined) throw new Error(`no scope ${name}`)
  const { text, values } = scopeLineSql(schema.ir, scope, line).keys
  const bound = values.map((binding) => {
    const [source = '', variable = ''] = binding.split('.')
    const declared: Scope['params'] = source === 'params' ? scope.params : schema.ir.claims
    const found = declared.find((each) => each.name === variable)
    return found === undefined ? null : sqlText(found, (source === 'params' ? params : claims)[variable] ?? null)
  })
  const rows = await control.sql(text, [null, ...bound])
  return rows.map(({ id }) => String(id))
}

const differ = (left: readonly string[], right: readonly string[]): boolean => {
  const others = new Set(right)
  return left.length !== right.length || left.some((id) => !others.has(id))
}
