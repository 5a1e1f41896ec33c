/** The real ports: the only file of the client that touches clock, timers, randomness, sockets and browser events. */
import { uuidv7 } from 'uuidv7'
import { SyncError } from '../protocol/errors.js'
import type { Clock, Log, Random, Timers } from '../protocol/ports.js'
import type { Network, OnlineSignal, Socket, SocketListener } from './ports.js'

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
 * and for the given factory.
 * @throws SyncError `storage-in-use`.
 */
export const holdExclusively = async (name: string, factory: IDBFactory | undefined): Promise<() => void> => {
  if (factory === undefined && typeof navigator !== 'undefined' && 'locks' in navigator) return holdWebLock(`syncgen:${name}`)
  const owner = factory ?? globalThis
  const held = names.get(owner) ?? new Set<string>()
  names.set(owner, held)
  if (held.has(name)) throw inUse()
  held.add(name)
  return () => void held.delete(name)
}

const names = new WeakMap<object, Set<string>>()

const holdWebLock = (name: string): Promise<() => void> =>
  new Promise((resolve, reject) => {
    const request = navigator.locks.request(name, { ifAvailable: true }, (lock) =>
      lock === null ? reject(inUse()) : new Promise<void>((release) => resolve(() => release())),
    )
    request.catch((error: unknown) => reject(new SyncError('storage-failed', 'the browser grants no lock', {}, { cause: error })))
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
