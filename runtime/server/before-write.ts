/** Runs an app's hook before a client's write, with the row as it would be. */
import type { BaseRow, Uuid } from '../protocol/descriptor.js'
import { withAmount } from '../protocol/field-edit.js'
import type { Log } from '../protocol/ports.js'
import type { Wire } from '../protocol/values.js'
import { fromWire } from '../protocol/wire-value.js'
import type { KnownModel } from './catalog.js'
import type { ClientWrite, ModelHooks } from './hooks.js'
import type { Verified } from './identity.js'
import { Rejected } from './rejection.js'
import { wireOf } from './server-writer.js'
import { sqlFailure, isPassing } from './sql-failure.js'
import type { Stored } from './stored-rows.js'
import type { ColumnChange } from './write-statements.js'

export interface HookTools {
  readonly hooks: ReadonlyMap<string, ModelHooks<BaseRow, object, unknown>>
  readonly identity: Verified
  readonly tx: unknown
  /** When the mutation takes effect: `createdAt`, `updatedAt` of the row as it would be, ms since 1970. */
  readonly at: number
  readonly log: Log
}

/** What is about to be written: a whole new row, changes to a stored one, or its end. */
export type Intent =
  | { readonly op: 'create'; readonly id: Uuid; readonly values: ReadonlyMap<string, Wire> }
  | { readonly op: 'update'; readonly id: Uuid; readonly changes: ReadonlyMap<string, ColumnChange> }
  | { readonly op: 'delete'; readonly id: Uuid }

/**
 * Calls the model's hook, if there is one; what it returns is to be written on top.
 * @throws Rejected as the hook says, or `failed` if it breaks.
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
  const { identity, tx } = tools
  const before = stored?.row === undefined ? null : model.server.toRow(stored.row)
  const after = intent.op === 'delete' ? null : intendedRow(model, intent, stored, tools.at)
  const write = { op: intent.op, before, after, principal: identity.principal, claims: identity.claims, tx, reject }
  try {
    const returned = await hook(write as ClientWrite<BaseRow, object, unknown>)
    const changes = Object.entries(returned ?? {}).filter(([, value]) => value !== undefined)
    return new Map(changes.map(([name, value]) => [name, wireOf(model, name, value)]))
  } catch (error) {
    if (error instanceof Rejected || sqlFailure(error) !== undefined || isPassing(error)) throw error
    tools.log('error', 'hook-failed', {
      model: model.name,
      error: error instanceof Error ? (error.stack ?? error.message) : 'no error',
    })
    throw new Rejected('failed', place)
  }
}

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
