/** One fault, at one place, at the k-th chance: everything else goes well. */
import type { OpenStorage, Storage } from '../../../runtime/client/storage.js'
import type { Network } from '../../../runtime/client/ports.js'
import { SyncError } from '../../../runtime/protocol/errors.js'
import type pg from 'pg'
import type { Gatekeeper } from '../database/sessions.js'
import { kindOf } from '../database/statements.js'

/** What can fail, and how. */
export const faultKinds = {
  /** A storage transaction: `abort` leaves nothing of it, `full` of the next three neither; the app dies before or after the commit. */
  storage: ['abort', 'full', 'crash before', 'crash after'],
  /** A statement: PostgreSQL refuses it; the connection is lost before it, or after it took effect. */
  sql: ['error', 'killed before', 'killed after'],
  /** A frame, either way: the connection breaks before it, after it, or goes silent without anybody being told. */
  frame: ['cut before', 'cut after', 'half-open'],
} as const

export type FaultPlace = keyof typeof faultKinds

export interface Fault {
  readonly place: FaultPlace
  readonly kind: string
  /** From 1, in the order of the run. */
  readonly at: number
}

/** What the saboteur may do to the world. */
export interface Hands {
  /** The app of this device dies, and is opened again soon. */
  readonly crash: (device: string) => void
  readonly cut: (device: string) => void
  /** In so many virtual ms. */
  readonly later: (ms: number, run: () => void) => void
}

/** Counts chances, and takes the one that it waits for. Owns the counts of one run. */
export class Saboteur {
  readonly #fault: Fault | null
  readonly #hands: Hands
  readonly counts: Record<FaultPlace, number> = { storage: 0, sql: 0, frame: 0 }
  /** What was hit; null: nothing yet. */
  hit: string | null = null
  #fullFor = 0

  constructor(fault: Fault | null, hands: Hands) {
    this.#fault = fault
    this.#hands = hands
  }

  storage(device: string, inner: OpenStorage): OpenStorage {
    return async (name) => {
      const real = await inner(name)
      return intercepted(real, (method, run) => this.#store(device, method, run))
    }
  }

  network(device: string, inner: Network): Network {
    const { cut, later } = this.#hands
    return {
      connect: (url, listener) => {
        let isDead = false
        const socket = inner.connect(url, {
          opened: () => listener.opened(),
          received: (text) => {
            if (isDead) return
            const kind = this.#strikes('frame', () => `down ${device} ${text.slice(0, 30)}`)
            isDead = kind === 'half-open'
            if (kind === null || kind === 'cut after') listener.received(text)
            if (kind === 'cut before' || kind === 'cut after') cut(device)
          },
          closed: (code) => listener.closed(code),
        })
        return {
          send: (text) => {
            if (isDead) return
            const kind = this.#strikes('frame', () => `up ${device} ${text.slice(0, 30)}`)
            isDead = kind === 'half-open'
            if (kind === null || kind === 'cut after') socket.send(text)
            // Long enough for the frame to arrive, and for its answer not to.
            if (kind === 'cut after') later(28, () => cut(device))
            if (kind === 'cut before') cut(device)
          },
          close: (code, reason) => socket.close(code, reason),
        }
      },
    }
  }

  gatekeeper(inner: Gatekeeper): Gatekeeper {
    return {
      connect: (client, real) => inner.connect(client, real),
      query: (client, config, values) => this.#query(inner, client, config, values),
      end: (client) => inner.end(client),
    }
  }

  #store<Result>(device: string, method: string, run: () => Promise<Result>): Promise<Result> {
    if (method === 'close') return run()
    if (this.#fullFor > 0 && method !== 'load') {
      this.#fullFor -= 1
      return Promise.reject(full())
    }
    const kind = this.#strikes('storage', () => `${device} ${method}`)
    switch (kind) {
      case null:
        return run()
      case 'full':
        this.#fullFor = 3
        return Promise.reject(full())
      case 'crash after':
        return run().then(() => this.#die(device))
      case 'crash before':
        return this.#die(device)
      default:
        return Promise.reject(new SyncError('storage-failed', 'the transaction was aborted'))
    }
  }

  /** Whatever it was doing is never answered. */
  #die(device: string): Promise<never> {
    this.#hands.later(0, () => this.#hands.crash(device))
    return new Promise(() => undefined)
  }

  async #query(inner: Gatekeeper, client: pg.Client, config: unknown, values: unknown): Promise<pg.QueryResult> {
    const text = typeof config === 'string' ? config : (config as { readonly text: string }).text
    const statement = kindOf(text)
    const kind = this.#strikes('sql', () => text.replaceAll(/\s+/g, ' ').slice(0, 60))
    switch (kind) {
      case null:
        return inner.query(client, config, values)
      case 'killed after':
        await inner.query(client, config, values).catch(() => undefined)
        break
      case 'error':
        if (statement === 'commit') {
          await inner.query(client, 'rollback', undefined)
          throw Object.assign(new Error('could not serialize access'), { code: '40001', severity: 'ERROR' })
        }
        if (statement !== 'rollback') return inner.query(client, refusal, undefined)
    }
    await inner.end(client)
    throw new Error('Connection terminated unexpectedly')
  }

  /** The fault's kind if this is its moment. */
  #strikes(place: FaultPlace, what: () => string): string | null {
    this.counts[place] += 1
    if (this.#fault?.place !== place || this.#fault.at !== this.counts[place]) return null
    this.hit = what()
    return this.#fault.kind
  }
}

/** As a statement that was cancelled. */
const refusal = `do $$ begin raise exception 'canceling statement' using errcode = '57014'; end $$`

const full = (): SyncError => new SyncError('storage-failed', 'the disk is full')

const methods = ['load', 'stage', 'unstage', 'append', 'enqueue', 'update', 'compact', 'close', 'destroy'] as const

/** The cast is the boundary: each method is called with its own arguments. */
const intercepted = (real: Storage, around: (method: string, run: () => Promise<unknown>) => Promise<unknown>): Storage =>
  Object.fromEntries(
    methods.map((method) => {
      const call = real[method].bind(real) as (...given: readonly unknown[]) => Promise<unknown>
      return [method, (...given: readonly unknown[]) => around(method, () => call(...given))]
    }),
  ) as unknown as Storage
