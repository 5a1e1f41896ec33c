/**
 * The scheduler of a simulated world: one queue, one clock, one seed. An event runs, then everything that it set in motion comes to
 * rest, then the next one runs; so at any moment there is exactly one thing that happens, and the seed says which.
 */
import { createHash, type Hash } from 'node:crypto'
import { Dice } from '../../postgres/random.js'
import { type Due, EventQueue } from './event-queue.js'
import { stillness } from './stillness.js'

/** Whom an event belongs to. */
export interface Actor {
  readonly name: string
  /** Until then the actor sleeps, and its events wait; virtual ms. */
  readonly asleepUntil: number
}

interface Event extends Due {
  time: number
  readonly actor: Actor | null
  readonly label: string
  readonly run: () => void | Promise<void>
  cancelled: boolean
}

export interface KernelOptions {
  readonly seed: number
  /** Hears each event before it runs. */
  readonly trace?: (line: string) => void
}

export class Kernel {
  readonly #queue = new EventQueue<Event>()
  readonly #ties: Dice
  readonly #hash: Hash = createHash('sha256')
  readonly #trace: ((line: string) => void) | undefined
  readonly #seed: number
  /** What was put off because its actor slept. */
  readonly #late = new Map<Actor, Set<Event>>()
  #now = 0
  #order = 0
  #steps = 0

  constructor({ seed, trace }: KernelOptions) {
    this.#seed = seed
    this.#ties = new Dice(seed ^ 0x7165)
    this.#trace = trace
  }

  /** Virtual ms since the world began. */
  get now(): number {
    return this.#now
  }

  /** Events that ran. */
  get steps(): number {
    return this.#steps
  }

  /** Of all events so far: equal runs have equal hashes. */
  get hash(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }

  /** Dice of their own for a part of the world: what one part draws does not change what another draws. */
  dice(name: string): Dice {
    return new Dice(createHash('sha256').update(`${this.#seed}/${name}`).digest().readUInt32LE())
  }

  /** Something happens in so many virtual ms. Returns what cancels it. */
  after(ms: number, actor: Actor | null, label: string, run: () => void | Promise<void>): () => void {
    const event: Event = {
      time: this.#now + Math.max(0, ms),
      tiebreak: this.#ties.next(),
      order: (this.#order += 1),
      actor,
      label,
      run,
      cancelled: false,
    }
    this.#queue.push(event)
    return () => void (event.cancelled = true)
  }

  /** An actor that slept is awake before its time: what has waited for it happens now. */
  woken(actor: Actor): void {
    for (const event of this.#lateOf(actor)) event.time = this.#now
    this.#late.delete(actor)
    this.#queue.reorder()
  }

  /** A line of the trace that is no event. */
  note(text: string): void {
    const line = `${this.#now.toFixed(3)} ${text}`
    this.#hash.update(line)
    this.#trace?.(line)
  }

  /** The world's clock goes on at once; what was due meanwhile happens late. */
  leap(ms: number): void {
    this.#now += ms
    this.note(`leap ${ms}`)
  }

  /** Runs the first event that is due by then; false if there is none, and then it is that time. */
  async step(until: number): Promise<boolean> {
    for (;;) {
      const event = this.#queue.first
      if (event === undefined || event.time > until) {
        this.#now = Math.max(this.#now, until)
        return false
      }
      this.#queue.pop()
      if (event.actor !== null) this.#late.get(event.actor)?.delete(event)
      if (event.cancelled) continue
      if (event.actor !== null && event.actor.asleepUntil > Math.max(this.#now, event.time)) {
        event.time = event.actor.asleepUntil
        this.#queue.push(event)
        this.#lateOf(event.actor).add(event)
        continue
      }
      this.#now = Math.max(this.#now, event.time)
      this.#steps += 1
      this.note(`${event.actor?.name ?? 'world'} ${event.label}`)
      await event.run()
      await stillness()
      return true
    }
  }

  /** Runs whatever is due within so many ms. `after` is called after each event. */
  async run(ms: number, after: () => void | Promise<void> = () => undefined): Promise<void> {
    const until = this.#now + ms
    while (await this.step(until)) await after()
  }

  #lateOf(actor: Actor): Set<Event> {
    const late = this.#late.get(actor) ?? new Set()
    this.#late.set(actor, late)
    return late
  }
}
