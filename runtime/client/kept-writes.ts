/**
 * What this device wrote to rows that only closed scopes claim. Nobody sends them as they are now before such a scope is opened again;
 * when it is, perhaps without a connection, they are to be shown as the user left them. So they are kept in the base, as rows of which
 * no version is known, and the scope is compared when it can be.
 */
import type { ClaimChange, VersionedRow } from '../protocol/messages.js'
import { KeySet } from './key-set.js'
import { type Overlaid, Overlay } from './overlay.js'
import type { KeptWrites } from './storage.js'
import type { Store } from './store.js'

/** @param contained - what the base is about to contain, and is not replayed on it any more; null: it touches no such row */
export const keptWrites = (store: Store, contained: readonly Overlaid[], isOpen: (scope: number) => boolean): KeptWrites | null => {
  if (contained.length === 0) return null
  const { base, references } = store
  const overlay = new Overlay(references)
  for (const each of contained) overlay.push(each)
  const replay = store.replay(overlay)
  const scopes = new Set<number>()
  const rows: Record<string, VersionedRow[]> = {}
  const claims: ClaimChange[] = []
  const keys = contained.flatMap(({ ops }) => ops.map(({ model, id }) => [model, id] as const))
  const seen = new KeySet()
  // Grows as it is walked.
  for (const [model, id] of keys) {
    const entry = base.get(model, id)
    const [scope] = entry?.claims ?? []
    if (entry === undefined || scope === undefined || entry.claims.some(isOpen) || seen.has(model, id)) continue
    seen.add(model, id)
    const row = replay.row(model, id)
    if (row === entry.row) continue
    for (const each of entry.claims) scopes.add(each)
    if (row !== undefined) (rows[model] ??= []).push([0, ...base.shape(model).model.encode(row)])
    else {
      claims.push({ scope, model, add: [], out: [], deleted: [id] })
      for (const { model: child, field } of references.to(model)) for (const each of store.referring(overlay, child, field, id)) keys.push([child, each])
    }
  }
  return scopes.size === 0 ? null : { scopes: [...scopes], delta: { rows, claims } }
}
