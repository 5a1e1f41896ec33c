import type { Outcome } from 'syncgen/client'
import type { TaskPatch } from '../generated-example/client/index.js'
import type { RowsById } from './expected.js'

/** What the story tells a device to do, and what it answers. */
export interface Commands {
  /** Opens the cache and these boards beside `home`; answers when all is there. */
  open(options: { readonly url: string; readonly principal: string; readonly boards: readonly string[] }): { readonly rows: number }
  /** Writes to the cache; answers at once, connected or not. */
  edit(options: { readonly task: string; readonly patch: TaskPatch }): { readonly title: string }
  remove(options: { readonly task: string }): { readonly title: string }
  add(options: { readonly project: string; readonly title: string }): { readonly id: string }
  /** Answers when the task has this title here (null: when it is gone). */
  see(options: { readonly task: string; readonly title: string | null }): null
  /** Answers when the device has lost its server. */
  offline(options: null): null
  /** Tries to connect at once, as a browser does that hears of a network; answers when every change arrives again. */
  reconnect(options: null): null
  /** Answers when the device is connected, owes nothing, and has seen all that was committed at this position. */
  caughtUp(options: { readonly position: string }): null
  /** What became of the writes since the last call; answers when the server has decided them all. */
  outcomes(options: null): readonly { readonly what: string; readonly outcome: Outcome }[]
  task(options: { readonly task: string }): { readonly title: string; readonly state: string; readonly votes: number } | null
  /** All that the cache holds, and how many rows each scope claims (`home`, or the project of a board). */
  report(options: null): { readonly held: RowsById; readonly claimed: Readonly<Record<string, number>> }
}

/** A command on its way to a device. */
export interface Request {
  readonly id: number
  readonly name: keyof Commands
  readonly options: unknown
}

/** Its answer. */
export type Response = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string }
