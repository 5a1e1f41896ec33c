/** A device with an app on it: a real client on a real (simulated) disk. It crashes, sleeps, loses its network and its storage. */
import type { ScopeHandle } from 'syncgen/client'
import type { Log } from 'syncgen/protocol'
import type { Dice } from '../../postgres/random.js'
import type { Actor, Kernel } from '../kernel/kernel.js'
import { ActorClock, type ClockFault, lifeTimers, seededRandom } from '../kernel/ports.js'
import type { OpenScope } from '../schema/expected-rows.js'
import { RowAuthor } from '../schema/row-author.js'
import { givenParams } from '../schema/scope-choices.js'
import type { SimClient, SimPrincipal, SimSchema } from '../schema/sim-schema.js'
import { Disk, type Image } from './disk.js'
import type { Ledger } from './ledger.js'
import type { WorldNetwork } from './network.js'

export interface DeviceParts {
  readonly kernel: Kernel
  readonly dice: Dice
  /** The version that it begins with. */
  readonly schema: SimSchema
  readonly network: WorldNetwork
  readonly ledger: Ledger
  readonly identity: SimPrincipal
  readonly clock: ClockFault
  /** The node it dials; asked each time it starts. */
  readonly url: () => string
  readonly log: Log
  readonly count: (what: string) => void
  /** A client has opened: somebody may want to look at it. */
  readonly opened: (device: Device, client: SimClient) => void
}

interface OpenedScope {
  readonly scope: OpenScope
  /** Null while the app is not running. */
  handle: ScopeHandle | null
  close: () => void
}

export class Device implements Actor {
  readonly name: string
  readonly identity: SimPrincipal
  readonly clock: ActorClock
  readonly disk: Disk
  author: RowAuthor
  /** The version of the app that is installed. */
  schema: SimSchema
  /** What the app has open, by its text. */
  readonly scopes = new Map<string, OpenedScope>()
  asleepUntil = 0
  isOffline = false
  client: SimClient | null = null
  readonly #parts: DeviceParts
  #life = 0
  #isOpening = false
  #marks = 0
  #onlineListeners = new Set<(online: boolean) => void>()

  constructor(name: string, parts: DeviceParts) {
    const { kernel, dice, schema, identity, clock } = parts
    this.name = name
    this.identity = identity
    this.#parts = parts
    this.clock = new ActorClock(kernel, clock)
    this.disk = new Disk(kernel, dice)
    this.schema = schema
    this.author = this.#newAuthor()
  }

  /** Marks written so far: `d1:417`. */
  get lastMark(): number {
    return this.#marks
  }

  get isDown(): boolean {
    return this.client === null && !this.#isOpening
  }

  /** The server does not know its version any more. */
  get isTooOld(): boolean {
    return this.client?.status.get().connection === 'upgrade-required'
  }

  /** The app starts. It is there when its storage has been read. */
  open(): void {
    if (!this.isDown) return
    const { kernel, dice, network, identity, url, log, count } = this.#parts
    const { schema } = this
    this.#life += 1
    const life = this.#life
    const isAlive = (): boolean => life === this.#life
    this.#isOpening = true
    this.#onlineListeners = new Set()
    schema
      .openClient({
        url: url(),
        principal: identity.principal,
        token: () => Promise.resolve(JSON.stringify(identity)),
        open: [],
        log: (level, event, details) => {
          if (!isAlive()) return
          log(level, event, { ...details, device: this.name })
        },
        ports: {
          clock: this.clock,
          timers: lifeTimers(kernel, this, isAlive),
          random: seededRandom(dice, this.clock),
          network: network.of(this, isAlive),
          storage: this.disk.storage(this, isAlive),
          onlineSignal: {
            isOnline: () => !this.isOffline,
            subscribe: (listener) => {
              this.#onlineListeners.add(listener)
              return () => void this.#onlineListeners.delete(listener)
            },
          },
        },
      })
      .then(
        (client) => {
          if (isAlive()) this.#opened(client)
        },
        (error: unknown) => {
          if (!isAlive()) return
          count('open failed')
          kernel.note(`${this.name} does not open: ${error instanceof Error ? error.message : ''}`)
          this.#isOpening = false
          kernel.after(2000, this, 'tries again', () => this.open())
        },
      )
  }

  /** Before its time. */
  wake(): void {
    this.asleepUntil = 0
    this.#parts.kernel.woken(this)
  }

  /** The process dies. `undone` of its last commits were not on the disk; the image becomes what is stored. */
  async crash(undone = 0): Promise<void> {
    this.#end()
    const had = this.disk.keptTexts()
    await this.disk.crash(undone)
    if (undone > 0) this.#parts.ledger.replaced(this.name, this.disk.waiting(), had)
  }

  /** Everything stored is gone (null), or becomes that of another device. */
  async replaceDisk(image: Image | null): Promise<void> {
    this.#end()
    const had = this.disk.keptTexts()
    await this.disk.become(image)
    this.#parts.ledger.replaced(this.name, new Set(), had)
  }

  /**
   * Another version of the app takes the place of the one that runs or does not: it starts later, with what is stored. What it has open it
   * opens in its own words; `said` gives those, or null for what it has no more.
   */
  async install(schema: SimSchema, said: (scope: OpenScope) => OpenScope | null): Promise<void> {
    await this.crash()
    this.schema = schema
    this.author = this.#newAuthor()
    const open = [...this.scopes.values()].flatMap(({ scope }) => said(scope) ?? [])
    this.scopes.clear()
    for (const scope of open) this.openScope(scope)
  }

  setOffline(offline: boolean): void {
    if (this.isOffline === offline) return
    this.isOffline = offline
    if (offline) this.#parts.network.abandon(this)
    for (const listener of [...this.#onlineListeners]) listener(!offline)
  }

  openScope(scope: OpenScope): void {
    const key = JSON.stringify([scope.scope, scope.params])
    if (this.scopes.has(key)) return
    const opened: OpenedScope = { scope, handle: null, close: () => undefined }
    this.scopes.set(key, opened)
    this.#ask(opened)
  }

  closeScope(key: string): void {
    this.scopes.get(key)?.close()
    this.scopes.delete(key)
  }

  #opened(client: SimClient): void {
    const { ledger, opened } = this.#parts
    this.#isOpening = false
    this.client = client
    client.on('confirmed', ({ mutation, outcome }) => ledger.told(this.name, mutation, outcome.kind, outcome))
    client.on('rejected', ({ mutation }) => ledger.told(this.name, mutation, 'rejected', null))
    for (const scope of this.scopes.values()) this.#ask(scope)
    opened(this, client)
  }

  #ask(opened: OpenedScope): void {
    const { client } = this
    if (client === null) return
    const { scope, params } = opened.scope
    const handle = client.openScope(scope, givenParams(this.schema, scope, params))
    handle.ready.catch(() => undefined) // Closed before it was ready.
    opened.handle = handle
    opened.close = () => handle.close()
  }

  #newAuthor(): RowAuthor {
    const { schema, name } = this
    return new RowAuthor({ schema, dice: this.#parts.dice, mark: () => `${name}:${(this.#marks += 1)}` })
  }

  #end(): void {
    this.#life += 1
    this.client = null
    this.#isOpening = false
    this.wake()
    this.#onlineListeners = new Set()
    this.#parts.ledger.died(this.name)
    this.#parts.network.abandon(this)
    for (const scope of this.scopes.values()) Object.assign(scope, { handle: null, close: () => undefined })
  }
}
