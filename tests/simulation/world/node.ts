/** A server node: it can crash, and its next life knows nothing of the one before. */
import type { Accepted, Socket } from 'syncgen/server'
import type { Log } from 'syncgen/protocol'
import type { Dice } from '../../postgres/random.js'
import type { Gate, Owner } from '../database/gate.js'
import type { Kernel } from '../kernel/kernel.js'
import { ActorClock, lifeTimers, seededRandom } from '../kernel/ports.js'
import type { SimSchema, SimServer } from '../schema/sim-schema.js'
import type { Place } from './network.js'

export interface NodeParts {
  readonly kernel: Kernel
  readonly dice: Dice
  /** The version that it begins with. */
  readonly schema: SimSchema
  readonly gate: () => Gate
  /** Where the database is at present. */
  readonly database: () => string
  /** Finds the owner of connections by name. */
  readonly register: (owner: Owner, schema: SimSchema) => void
  readonly log: Log
  readonly count: (what: string) => void
}

export class SimNode implements Place {
  readonly url: string
  readonly index: number
  /** The code that its next life has. */
  schema: SimSchema
  /** An operator does not want it to be started. */
  isHeld = false
  readonly #parts: NodeParts
  #life: NodeLife | null = null
  #lives = 0
  /** The life that an operator ends. */
  #stopping: NodeLife | null = null
  /** Whether another is to begin as soon as that one has ended. */
  #startsAgain = false

  constructor(index: number, parts: NodeParts) {
    this.index = index
    this.schema = parts.schema
    this.url = `sim://node${index}`
    this.#parts = parts
  }

  get name(): string {
    return `node${this.index}`
  }

  get asleepUntil(): number {
    return 0
  }

  get isAlive(): boolean {
    return this.#life !== null
  }

  /** The code that runs, null if none does. */
  get running(): SimSchema | null {
    return this.#life?.schema ?? null
  }

  get server(): SimServer | null {
    return this.#life?.server ?? null
  }

  /** Begins a life, after the one that is being stopped, if any. It takes its time; connections are refused until it is up. */
  start(): void {
    this.#startsAgain = this.#stopping !== null
    if (this.#life !== null || this.isHeld) return
    this.#lives += 1
    const life = new NodeLife(`${this.name}.${this.#lives}`, this.schema, this.#parts)
    this.#life = life
    life.begin(() => {
      if (this.#life === life) this.#life = null
      this.#parts.kernel.after(1000, null, `${this.name} is started again`, () => this.start())
    })
  }

  accept(socket: Socket): Accepted | null {
    try {
      return this.#life?.server?.accept(socket) ?? null
    } catch {
      return null // It is closing.
    }
  }

  /** Nothing is said to anybody, nothing finished. */
  async crash(): Promise<void> {
    const life = this.#life
    this.#life = null
    this.#stopping = null
    if (life === null) return
    life.isAlive = false
    await this.#parts.gate().endAll(life)
  }

  /** As an operator stops it: what is under way is finished, devices are told. */
  stop(): void {
    const life = this.#life
    if (life?.server == null || this.#stopping === life) return
    this.#stopping = life
    this.#startsAgain = false
    const stopped = (): void => {
      if (this.#stopping === life) this.#stopping = null
      if (this.#life !== life) return
      this.#life = null
      if (this.#startsAgain) this.start()
    }
    life.server.close().then(stopped, stopped)
  }
}

class NodeLife implements Owner {
  readonly name: string
  readonly asleepUntil = 0
  readonly schema: SimSchema
  readonly #parts: NodeParts
  isAlive = true
  server: SimServer | null = null

  constructor(name: string, schema: SimSchema, parts: NodeParts) {
    this.name = name
    this.schema = schema
    this.#parts = parts
    parts.register(this, schema)
  }

  begin(failed: () => void): void {
    const { kernel, dice, database, log, count } = this.#parts
    const clock = new ActorClock(kernel, { offset: dice.below(2000) - 1000, drift: 0 })
    const settings = { connectionString: database(), application_name: `sim:${this.name}`, max: 4 }
    const noTimeouts = { statement_timeout: 0, query_timeout: 0, idle_in_transaction_session_timeout: 0, connectionTimeoutMillis: 0, idleTimeoutMillis: 0, keepAlive: false }
    this.schema
      .createServer({
        database: { ...settings, ...noTimeouts },
        origins: '*',
        authenticate: ({ token }) => JSON.parse(token) as { principal: string; claims: Readonly<Record<string, never>> },
        ports: { clock, timers: lifeTimers(kernel, this, () => this.isAlive), random: seededRandom(dice, clock) },
        log: (...line) => {
          if (this.isAlive) log(...line)
        },
        pollInterval: 1500,
        limits: { framesPerSecond: 10_000, pageRows: 20, checkOneIn: 10 },
      })
      .then(
        (server) => {
          if (this.isAlive) this.server = server
        },
        (error: unknown) => {
          if (!this.isAlive) return
          count(`start failed: ${error instanceof Error ? error.name : 'unknown'}`)
          kernel.note(`${this.name} does not start: ${error instanceof Error ? error.message : ''}`)
          this.isAlive = false
          failed()
        },
      )
  }
}
