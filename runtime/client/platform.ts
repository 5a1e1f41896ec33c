/** The real ports: the only file of the client that touches clock, timers, randomness, sockets and browser events. */
import { uuidv7 } from 'uuidv7'
import { SyncError } from '../protocol/errors.js'
import type { Clock, Log, Random, Timers } from '../protocol/ports.js'
import type { Network, OnlineSignal, Socket, SocketListener } from './ports.js'
import type { StorageHolder } from './storage.js'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

export const systemTimers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => uuidv7(),
}

/** WebSocket of the browser or of Node; where there is none (Node 20), that of `ws`. */
export const webSocketNetwork: Network = {
  connect: (url, listener) => new WebSocketConnection(url, listener),
}

/** The browser's `online` and `offline`; elsewhere always online. */
export const browserOnlineSignal: OnlineSignal = {
  isOnline: () => typeof navigator === 'undefined' || navigator.onLine !== false,
  subscribe: (listener) => {
    if (typeof window === 'undefined') return () => undefined
    const online = (): void => listener(true)
    const offline = (): void => listener(false)
    window.addEventListener('online', online)
    window.addEventListener('offline', offline)
    return () => {
      window.removeEventListener('online', online)
      window.removeEventListener('offline', offline)
    }
  },
}

/** Warnings and errors to the console. */
export const consoleLog: Log = (level, event, details) => {
  if (level === 'warn' || level === 'error') console[level](`syncgen: ${event}`, details ?? {})
}

/** Whether this platform has IndexedDB of its own. */
export const hasIndexedDB = (): boolean => typeof indexedDB !== 'undefined'

/** Asks the browser not to evict what is stored when room gets short; it may refuse, and is not waited for. */
export const requestPersistence = (): void => {
  if (typeof navigator !== 'undefined' && 'storage' in navigator) void navigator.storage.persist().catch(() => false)
}

/**
 * Holds a name until the returned function is called: in browsers against all tabs (Web Locks), elsewhere within this process
 * and for the given factory. Where a tab of an earlier version holds it, that one is asked to give way.
 * @throws SyncError `storage-in-use`.
 */
export const holdExclusively = async (name: string, factory: IDBFactory | undefined, holder?: StorageHolder): Promise<() => void> => {
  if (factory === undefined && typeof navigator !== 'undefined' && 'locks' in navigator) return holdAmongTabs(`syncgen:${name}`, holder)
  const owner = factory ?? globalThis
  const held = names.get(owner) ?? new Map<string, Held>()
  names.set(owner, held)
  for (let other = held.get(name); other !== undefined; other = held.get(name)) {
    if (!holder?.older.includes(other.holder?.schema ?? '')) throw inUse()
    other.holder?.giveWay()
    await other.released
  }
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  held.set(name, { holder, released })
  return () => {
    held.delete(name)
    release()
  }
}

interface Held {
  readonly holder: StorageHolder | undefined
  readonly released: Promise<void>
}

const names = new WeakMap<object, Map<string, Held>>()

/** Tabs of a version that cannot be asked do not answer: they are waited for this long, ms. */
const mostWait = 5000

const holdAmongTabs = async (name: string, holder: StorageHolder | undefined): Promise<() => void> => {
  const channel = holder === undefined ? null : new BroadcastChannel(name)
  try {
    const release =
      (await holdWebLock(name, { ifAvailable: true })) ??
      (channel === null || holder === undefined || holder.older.length === 0 ? null : await holdOnceAsked(name, holder, channel))
    if (release === null) throw inUse()
    if (channel !== null)
      channel.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (!Array.isArray(data)) return
        if (data.includes(holder?.schema)) holder?.giveWay()
        else say(channel, 'stays')
      }
    return () => {
      channel?.close()
      release()
    }
  } catch (error) {
    channel?.close()
    throw error
  }
}

const holdOnceAsked = (name: string, { older }: StorageHolder, channel: BroadcastChannel): Promise<(() => void) | null> => {
  const waiting = new AbortController()
  const enough = setTimeout(() => waiting.abort(), mostWait)
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data === 'stays') waiting.abort()
  }
  say(channel, older)
  return holdWebLock(name, { signal: waiting.signal }).finally(() => clearTimeout(enough))
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is of windows; a channel stays within its origin
const say = (channel: BroadcastChannel, words: unknown): void => channel.postMessage(words)

/** Null: somebody else holds it. */
const holdWebLock = (name: string, options: LockOptions): Promise<(() => void) | null> =>
  new Promise((resolve, reject) => {
    const request = navigator.locks.request(name, options, (lock) =>
      lock === null ? resolve(null) : new Promise<void>((release) => resolve(() => release())),
    )
    request.catch((error: unknown) =>
      options.signal?.aborted ? resolve(null) : reject(new SyncError('storage-failed', 'the browser grants no lock', {}, { cause: error })),
    )
  })

const inUse = (): SyncError =>
  new SyncError('storage-in-use', 'another tab or client has this storage open: close it, or wait until it is closed')

/** What both WebSockets have in common. */
interface WebSocketLike {
  readonly readyState: number
  onopen: (() => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onclose: ((event: { readonly code: number }) => void) | null
  onerror: (() => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
}

class WebSocketConnection implements Socket {
  #socket: WebSocketLike | null = null
  #isOver = false
  readonly #listener: SocketListener

  constructor(url: string, listener: SocketListener) {
    this.#listener = listener
    webSocketClass().then(
      (constructor) => this.#connect(constructor, url),
      () => this.#end(1006),
    )
  }

  send(text: string): void {
    if (this.#socket?.readyState === open) this.#socket.send(text)
  }

  close(code: number, reason: string): void {
    if (this.#socket === null) this.#end(code)
    else this.#socket.close(code, reason)
  }

  #connect(constructor: new (url: string) => WebSocketLike, url: string): void {
    if (this.#isOver) return
    try {
      this.#socket = new constructor(url)
    } catch {
      return this.#end(1006) // A url that is none; the connection reports that it cannot be reached.
    }
    this.#socket.onopen = () => this.#listener.opened()
    this.#socket.onmessage = ({ data }) => this.#listener.received(typeof data === 'string' ? data : '')
    this.#socket.onclose = ({ code }) => this.#end(code)
    this.#socket.onerror = () => undefined // `close` follows and says the same.
  }

  #end(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#listener.closed(code)
  }
}

const open = 1

/** The casts are the boundary: two platforms' classes, of which the same few members are used. */
const webSocketClass = async (): Promise<new (url: string) => WebSocketLike> => {
  if (typeof WebSocket !== 'undefined') return WebSocket as unknown as new (url: string) => WebSocketLike
  const { WebSocket: NodeWebSocket } = await import('ws')
  return NodeWebSocket as unknown as new (url: string) => WebSocketLike
}
