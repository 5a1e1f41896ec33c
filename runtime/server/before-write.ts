/** Runs an app's hook before a client's write, with the row as it would be. */
import type { BaseRow, Uuid } from '../protocol/descriptor.js'
import { withAmount } from '../protocol/field-edit.js'
import type { Log, Timers } from '../protocol/ports.js'
import type { Wire } from '../protocol/values.js'
import { fromWire } from '../protocol/wire-value.js'
import type { Catalog, KnownModel } from './catalog.js'
import type { ClientWrite, ModelHooks } from './hooks.js'
import type { Verified } from './identity.js'
import { Rejected } from './rejection.js'
import { serverTransaction, wireOf } from './server-writer.js'
import { isPassing, sqlFailure } from './sql-failure.js'
import type { Stored } from './stored-rows.js'
import type { Connection } from './transaction.js'
import type { ColumnChange } from './write-statements.js'

export interface HookTools {
  readonly hooks: ReadonlyMap<string, ModelHooks<BaseRow, object, unknown>>
  readonly identity: Verified
  /** The mutation's own. */
  readonly connection: Connection
  readonly catalog: Catalog
  readonly newId: () => Uuid
  /** When the mutation takes effect: `createdAt`, `updatedAt` of the row as it would be, ms since 1970. */
  readonly at: number
  readonly log: Log
  readonly timers: Timers
  /** How long a hook may take, ms. */
  readonly hookWithin: number
}

/** A hook did not end in time, or what it asked over the network failed: the next try may go better. */
export class HookFailed extends Error {}

/** What is about to be written: a whole new row, changes to a stored one, or its end. */
export type Intent =
  | { readonly op: 'create'; readonly id: Uuid; readonly values: ReadonlyMap<string, Wire> }
  | { readonly op: 'update'; readonly id: Uuid; readonly changes: ReadonlyMap<string, ColumnChange> }
  | { readonly op: 'delete'; readonly id: Uuid }

/**
 * Calls the model's hook, if there is one; what it returns is to be written on top.
 * @throws Rejected as the hook says, or `failed` if it breaks; HookFailed.
 */
export const beforeWrite = async (
  tools: HookTools,
  model: KnownModel,
  intent: Intent,
  stored: Stored | undefined,
): Promise<ReadonlyMap<string, Wire>> => {
  const hook = tools.hooks.get(model.plural)?.beforeWrite
  if (hook === undefined) return new Map()
  const place = { model: model.name, id: intent.id }
  const reject = (code: string, fields: readonly string[] = []): never => {
    throw new Rejected(code, place, fields)
  }
  const { identity } = tools
  const lent = tools.connection.lend()
  const tx = serverTransaction(lent, tools.catalog, tools.newId)
  const before = stored?.row === undefined ? null : model.server.toRow(stored.row)
  const after = intent.op === 'delete' ? null : intendedRow(model, intent, stored, tools.at)
  const write = { op: intent.op, before, after, principal: identity.principal, claims: identity.claims, tx, reject }
  try {
    const returned = await inTime(tools, async () => hook(write as ClientWrite<BaseRow, object, unknown>))
    const changes = Object.entries(returned ?? {}).filter(([, value]) => value !== undefined)
    return new Map(changes.map(([name, value]) => [name, wireOf(model, name, value)]))
  } catch (error) {
    if (error instanceof Rejected) throw error
    const mayPass = isPassing(error) || isPassing(causeOf(error))
    if (sqlFailure(error) !== undefined && !mayPass) throw error
    const ours = mayPass ? await failureOf(tools.connection, error) : undefined
    if (ours !== undefined) throw ours
    tools.log('error', 'hook-failed', {
      model: model.name,
      error: error instanceof Error ? (error.stack ?? error.message) : 'no error',
    })
    throw mayPass || error instanceof HookFailed ? new HookFailed('a hook failed', { cause: error }) : new Rejected('failed', place)
  } finally {
    lent.revoke()
  }
}

/** Whoever waits for it waits no longer than `hookWithin`, whether or not it ever ends. */
const inTime = async <Result>({ timers, hookWithin }: HookTools, run: () => Promise<Result>): Promise<Result> => {
  let cancel = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    const end = (): void => reject(new HookFailed(`a hook took longer than ${hookWithin} ms`))
    cancel = timers.after(Math.min(hookWithin, longestTimer), end)
  })
  try {
    return await Promise.race([run(), late])
  } finally {
    cancel()
  }
}

/**
 * The failure of our own connection or transaction that a hook met, or undefined if both are well: then what failed was something
 * else that the hook asked, however alike the errors look.
 */
const failureOf = async (connection: Connection, error: unknown): Promise<unknown> => {
  try {
    await connection.rows('select 1')
    return undefined
  } catch (own) {
    if (!isPassing(own)) return sqlFailure(error) === undefined ? undefined : error
    return isPassing(error) ? error : own
  }
}

/** What `fetch` fails with says only in its cause what happened. */
const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined)

/** Beyond it, timers of JavaScript fire at once. */
const longestTimer = 2 ** 31 - 1

/** The typed row that the statement would leave, as far as it can be known before. */
const intendedRow = (
  model: KnownModel,
  intent: Exclude<Intent, { op: 'delete' }>,
  stored: Stored | undefined,
  at: number,
): BaseRow => {
  const state = stored?.state
  const now = new Date(at).toISOString()
  const fields = [...model.columns].map(([name, { field }]) => {
    const old = state?.kind === 'present' ? (state.values[name] ?? null) : (field.default ?? null)
    const wire = name === 'updatedAt' || (name === 'createdAt' && intent.op === 'create') ? now : intendedValue(intent, name, old)
    return [name, name === 'id' ? intent.id : fromWire(field, wire)] as const
  })
  return Object.freeze(Object.fromEntries(fields)) as unknown as BaseRow
}

const intendedValue = (intent: Exclude<Intent, { op: 'delete' }>, name: string, old: Wire): Wire => {
  if (intent.op === 'create') return intent.values.get(name) ?? old
  const change = intent.changes.get(name)
  if (change === undefined) return old
  return 'add' in change ? withAmount(old, change) : change.value
}
