/** The base as deltas, from which the same base can be built. */
import type { ClaimChange, Delta, VersionedRow } from '../protocol/messages.js'
import type { Base, BaseEntry } from './base.js'

/** Rows of one delta: small enough that none of them blocks a reader for long. */
const chunk = 500

export const snapshotOf = (base: Base): readonly Delta[] => base.models.flatMap((model) => chunksOf(base, model))

const chunksOf = (base: Base, model: string): readonly Delta[] => {
  const entries = [...base.entriesOf(model)].map(([, entry]) => entry)
  const deltas: Delta[] = []
  for (let at = 0; at < entries.length; at += chunk) deltas.push(deltaOf(base, model, entries.slice(at, at + chunk)))
  return deltas
}

const deltaOf = (base: Base, model: string, entries: readonly BaseEntry[]): Delta => {
  const shape = base.shape(model)
  const rows = entries.map(({ row, version }): VersionedRow => [version, ...shape.model.encode(row)])
  const scopes = new Set(entries.flatMap(({ claims }) => claims))
  const claims = [...scopes].map((scope): ClaimChange => {
    const claimed = entries.filter((entry) => entry.claims.includes(scope))
    return { scope, model, add: claimed.map(({ row }) => row.id), out: [], deleted: [] }
  })
  return { rows: { [model]: rows }, claims }
}
