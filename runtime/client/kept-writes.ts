/**
 * What this device wrote to rows that only closed scopes claim. Nobody sends them as they are now before such a scope is opened again;
 * when it is, perhaps without a connection, they are to be shown as the user left them. So they are kept in the base, as rows of which
 * no version is known, and the scope is compared when it can be.
 */
import type { ClaimChange, VersionedRow } from '../protocol/messages.js'
import type { BaseEntry } from './base.js'
import { KeySet } from './key-set.js'
import { type Overlaid, Overlay } from './overlay.js'
import type { ReadDelta, ReadRow } from './read-delta.js'
import type { StoredBatch } from './storage.js'
import type { Store } from './store.js'

/** The same twice: as it is stored, and as the base takes it. */
export interface KeptWrites {
  readonly stored: NonNullable<StoredBatch['kept']>
  readonly read: ReadDelta
}

/** @param contained - what the base is about to contain, and is not replayed on it any more; null: it touches no such row */
export const keptWrites = (store: Store, contained: readonly Overlaid[], isOpen: (scope: number) => boolean): KeptWrites | null => {
  if (contained.length === 0) return null
  const overlay = new Overlay(store.references)
  for (const each of contained) overlay.push(each)
  const replay = store.replay(overlay)
  const scopes = new Set<number>()
  const rows: ReadRow[] = []
  const claims: ClaimChange[] = []
  const keys = contained.flatMap(({ ops }) => ops.map(({ model, id }) => [model, id] as const))
  const seen = new KeySet()
  // Grows as it is walked.
  for (const [model, id] of keys) {
    const entry = store.base.get(model, id)
    if (entry === undefined || seen.has(model, id) || !isOutOfReach(entry, isOpen)) continue
    seen.add(model, id)
    const row = replay.row(model, id)
    if (row === entry.row) continue
    for (const scope of entry.claims) scopes.add(scope)
    if (row !== undefined) rows.push({ model, id, version: 0, row })
    else {
      claims.push({ scope: entry.claims[0] ?? 0, model, add: [], out: [], deleted: [id] })
      for (const { model: child, field } of store.references.to(model)) for (const each of store.referring(overlay, child, field, id)) keys.push([child, each])
    }
  }
  if (scopes.size === 0) return null
  return { stored: { scopes: [...scopes], delta: { rows: encoded(store, rows), claims } }, read: { rows, claims } }
}

const isOutOfReach = ({ claims }: BaseEntry, isOpen: (scope: number) => boolean): boolean => claims.length > 0 && !claims.some(isOpen)

const encoded = (store: Store, rows: readonly ReadRow[]): Readonly<Record<string, readonly VersionedRow[]>> => {
  const models = [...new Set(rows.map(({ model }) => model))]
  const encode = ({ model, row }: ReadRow): VersionedRow => [0, ...store.base.shape(model).model.encode(row)]
  return Object.fromEntries(models.map((model) => [model, rows.filter((each) => each.model === model).map(encode)]))
}
