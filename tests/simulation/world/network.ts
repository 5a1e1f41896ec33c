/**
 * The network between devices and nodes. A connection is what TCP makes of it: frames arrive in order and whole, or the connection
 * breaks; it may also be dead in one direction or both without anybody being told.
 */
import type { Network, Socket, SocketListener } from '../../../runtime/client/ports.js'
import type { Accepted, Socket as ServerSocket } from 'syncgen/server'
import type { Dice } from '../../postgres/random.js'
import type { Actor, Kernel } from '../kernel/kernel.js'

/** Chances per frame or per connection, and how slow it is. */
export interface NetworkFaults {
  /** Mean one-way delay, ms. */
  readonly delay: number
  /** Chance per frame, either way, that the connection breaks instead. */
  readonly cut: number
  /** Chance per `pushed` that the connection breaks instead: the acknowledgement of a commit is lost. */
  readonly loseAcknowledgement: number
  /** Chance per frame that from now on nothing goes through, and nobody is told. */
  readonly halfOpen: number
  /** The same in one direction. */
  readonly oneWay: number
  /** Chance that an attempt to connect fails. */
  readonly refuse: number
  /** Chance per connection that the device reads slowly: each frame takes seconds. */
  readonly slowReader: number
}

export const fineNetwork: NetworkFaults = { delay: 15, cut: 0, loseAcknowledgement: 0, halfOpen: 0, oneWay: 0, refuse: 0, slowReader: 0 }

/** Where a connection ends. */
export interface Place extends Actor {
  readonly isAlive: boolean
  accept(socket: ServerSocket): Accepted | null
}

export interface NetworkParts {
  readonly kernel: Kernel
  readonly dice: Dice
  /** By url. */
  readonly place: (url: string) => Place | undefined
  readonly count: (what: string) => void
  /** Sees each frame that arrives. */
  readonly tap?: (from: string, to: string, text: string) => void
}

export class WorldNetwork {
  faults: NetworkFaults = fineNetwork
  /** What becomes of a frame on its way, null: it is lost. No network does that, but tests of tests do. */
  tamper: (from: string, to: string, text: string) => string | null = (_from, _to, text) => text
  readonly #parts: NetworkParts
  readonly #links = new Set<Link>()

  constructor(parts: NetworkParts) {
    this.#parts = parts
  }

  /** The network as one life of a device sees it. */
  of(device: Actor, isAlive: () => boolean): Network {
    return { connect: (url, listener) => new Link(this.#parts, this, device, isAlive, url, listener, this.#links).end }
  }

  get links(): number {
    return this.#links.size
  }

  /** Says a frame on the connection of a device as if one side did. What a server never said no tap hears of. False: there is no connection. */
  inject(device: Actor, way: 'up' | 'down', text: string): boolean {
    const link = [...this.#links].find((each) => each.device === device)
    link?.inject(way, text)
    return link !== undefined
  }

  /** Breaks connections; both sides are told soon. Returns how many. */
  cut(which: (device: Actor, url: string) => boolean = () => true): number {
    const links = [...this.#links].filter(({ device, url }) => which(device, url))
    for (const link of links) link.cut()
    return links.length
  }

  /** Connections that were dead without anybody's knowledge are told so by the network. */
  heal(): void {
    this.faults = fineNetwork
    for (const link of [...this.#links]) if (link.isDead) link.cut()
  }

  /** A device has died: it says nothing more, and nobody tells the server at once. */
  abandon(device: Actor): void {
    for (const link of [...this.#links]) if (link.device === device) link.cut()
  }
}

/** Between two frames one way, ms: events of one moment are in no order. */
const inOrder = 0.001

class Link {
  readonly device: Actor
  readonly url: string
  readonly #parts: NetworkParts
  readonly #network: WorldNetwork
  readonly #isAlive: () => boolean
  readonly #listener: SocketListener
  readonly #all: Set<Link>
  readonly #slow: boolean
  #place: Place | undefined
  #accepted: Accepted | null = null
  #isOver = false
  /** The server has said its last. */
  #isClosing = false
  #deadUp = false
  #deadDown = false
  #lastUp = 0
  #lastDown = 0
  #unsent: (() => void)[] = []
  /** On their way, in order. */
  readonly #upwards: (() => void)[] = []
  readonly #downwards: (() => void)[] = []

  constructor(parts: NetworkParts, network: WorldNetwork, device: Actor, isAlive: () => boolean, url: string, listener: SocketListener, all: Set<Link>) {
    this.#parts = parts
    this.#network = network
    this.device = device
    this.url = url
    this.#isAlive = isAlive
    this.#listener = listener
    this.#all = all
    all.add(this)
    this.#slow = parts.dice.chance(network.faults.slowReader)
    if (this.#slow) parts.count('slow reader')
    parts.kernel.after(this.#delay(), device, 'dial', () => this.#dialled())
  }

  /** The client's end. */
  get end(): Socket {
    return { send: (text) => this.#up(text), close: (code) => this.#closeFromClient(code) }
  }

  get isDead(): boolean {
    return this.#deadUp || this.#deadDown
  }

  cut(): void {
    if (this.#isOver) return
    this.#over()
    this.#tellClient(1006)
    this.#tellServer()
  }

  inject(way: 'up' | 'down', text: string): void {
    if (way === 'up') this.#up(text)
    else this.#down(text, () => undefined, false)
  }

  #dialled(): void {
    const { dice, count, place, kernel } = this.#parts
    if (this.#isOver) return
    const refused = dice.chance(this.#network.faults.refuse)
    if (refused) count('connection refused')
    this.#place = place(this.url)
    const accepted = refused || this.#place?.isAlive !== true ? null : this.#place.accept(this.#serverEnd())
    if (accepted === null) {
      this.#over()
      return this.#tellClient(1006)
    }
    this.#accepted = accepted
    kernel.after(this.#delay(), this.device, 'opened', () => {
      if (!this.#isOver && this.#isAlive()) this.#listener.opened()
    })
  }

  #serverEnd(): ServerSocket {
    return {
      send: (text, sent) => this.#down(text, sent),
      close: (code) => this.#closeFromServer(code),
      terminate: () => this.cut(),
    }
  }

  #up(text: string): void {
    if (this.#isOver || this.#deadUp || this.#broken(text)) return
    const { kernel, tap } = this.#parts
    const place = this.#place
    if (place === undefined) return
    const at = Math.max(this.#lastUp + inOrder, kernel.now + this.#delay())
    this.#lastUp = at
    this.#arrivals(kernel, this.#upwards, at, place, `up ${this.device.name} ${kindOf(text)}`, () => {
      if (this.#isOver || this.#deadUp || !place.isAlive) return
      const arriving = this.#network.tamper(this.device.name, place.name, text)
      if (arriving === null) return
      tap?.(this.device.name, place.name, arriving)
      this.#accepted?.received(arriving)
    })
  }

  #down(text: string, sent: () => void, isTapped = true): void {
    const { kernel, tap } = this.#parts
    if (this.#isOver || this.#isClosing) return void kernel.after(0, null, 'gone', sent)
    if (this.#deadDown || this.#broken(text)) return void this.#unsent.push(sent)
    const at = Math.max(this.#lastDown + inOrder, kernel.now + this.#delay() + (this.#slow ? 500 + this.#parts.dice.next() * 3000 : 0))
    this.#lastDown = at
    this.#unsent.push(sent)
    this.#arrivals(kernel, this.#downwards, at, this.device, `down ${this.device.name} ${kindOf(text)}`, () => {
      this.#unsent = this.#unsent.filter((each) => each !== sent)
      if (this.#place?.isAlive === true) sent()
      if (this.#isOver || this.#deadDown || !this.#isAlive()) return
      const arriving = this.#network.tamper(this.#place?.name ?? '', this.device.name, text)
      if (arriving === null) return
      if (isTapped) tap?.(this.#place?.name ?? '', this.device.name, arriving)
      this.#listener.received(arriving)
    })
  }

  /** What arrives at one moment, because its reader slept, arrives in order all the same. */
  #arrivals(kernel: Kernel, queue: (() => void)[], at: number, reader: Actor, title: string, arrive: () => void): void {
    queue.push(arrive)
    kernel.after(at - kernel.now, reader, title, () => queue.shift()?.())
  }

  /** Whether the network fails at this frame. */
  #broken(text: string): boolean {
    const { dice, count } = this.#parts
    const { cut, loseAcknowledgement, halfOpen, oneWay } = this.#network.faults
    const roll = dice.next()
    if (roll < cut) {
      count('connection cut')
      this.cut()
      return true
    }
    if (roll < cut + halfOpen) {
      count('half-open')
      this.#deadUp = this.#deadDown = true
      return true
    }
    if (roll < cut + halfOpen + oneWay) {
      count('one-way')
      if (dice.chance(0.5)) this.#deadUp = true
      else this.#deadDown = true
      return false
    }
    if (kindOf(text) === 'pushed' && dice.chance(loseAcknowledgement)) {
      count('acknowledgement lost')
      this.cut()
      return true
    }
    return false
  }

  /** What it said before arrives before. */
  #closeFromServer(code: number): void {
    if (this.#isOver || this.#isClosing) return
    this.#isClosing = true
    this.#tellServer()
    if (this.#deadDown) return
    const { kernel } = this.#parts
    const at = Math.max(this.#lastDown + inOrder, kernel.now + this.#delay())
    this.#arrivals(kernel, this.#downwards, at, this.device, `closed ${code}`, () => {
      if (this.#isOver) return
      this.#over()
      if (this.#isAlive()) this.#listener.closed(code)
    })
  }

  #closeFromClient(code: number): void {
    if (this.#isOver) return
    const dead = this.#deadUp
    this.#over()
    this.#tellClient(code)
    if (!dead) this.#tellServer()
    else this.#parts.kernel.after(30_000, null, 'the server learns of it', () => this.#tellServer())
  }

  #over(): void {
    this.#isOver = true
    this.#all.delete(this)
  }

  #tellClient(code: number): void {
    this.#parts.kernel.after(this.#delay(), this.device, `closed ${code}`, () => {
      if (this.#isAlive()) this.#listener.closed(code)
    })
  }

  #tellServer(): void {
    const { kernel } = this.#parts
    const place = this.#place
    const accepted = this.#accepted
    if (place === undefined || accepted === null) return
    this.#accepted = null
    kernel.after(this.#delay(), place, `lost ${this.device.name}`, () => {
      if (!place.isAlive) return
      for (const sent of this.#unsent.splice(0)) sent()
      accepted.closed()
    })
  }

  #delay(): number {
    return this.#network.faults.delay * (0.2 + 1.6 * this.#parts.dice.next() ** 2)
  }
}

/** Frames begin with their kind. */
const kindOf = (text: string): string => text.slice(9, text.indexOf('"', 9))
