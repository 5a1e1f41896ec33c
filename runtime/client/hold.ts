/** What this device holds, for a server that cannot use a position. */
import type { Hold } from '../protocol/messages.js'
import type { Base } from './base.js'

/** Keys of one frame. */
const most = 5_000

/** Keys and versions of all rows that the scopes claim; there is always a last frame, if an empty one. */
export const holdFrames = (base: Base, attempt: number, scopes: readonly number[]): readonly Hold[] => {
  const frames = scopes.flatMap((scope) => base.models.flatMap((model) => framesOf(base, attempt, scope, model)))
  const [scope = 0] = scopes
  const last = frames.at(-1) ?? { kind: 'hold', attempt, scope, model: base.models[0] ?? '', rows: [], last: true }
  return [...frames.slice(0, -1), { ...last, last: true }]
}

const framesOf = (base: Base, attempt: number, scope: number, model: string): readonly Hold[] => {
  const rows = [...base.heldBy(scope, model)]
  const frames: Hold[] = []
  for (let at = 0; at < rows.length; at += most) {
    frames.push({ kind: 'hold', attempt, scope, model, rows: rows.slice(at, at + most), last: false })
  }
  return frames
}
