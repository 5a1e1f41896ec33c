/** A whole world in one process: a database, nodes, devices, other programs, a network, and the clock that moves them. */
import type { Dice } from '../../postgres/random.js'
import type { ClientMessage, ServerMessage } from '../../../runtime/protocol/messages.js'
import { dropDatabase } from '../../../runtime/testing/database.js'
import { Deploys } from '../deploys/deploys.js'
import { type Version, Versions } from '../deploys/versions.js'
import { Control } from '../database/control.js'
import { Gate, type Owner } from '../database/gate.js'
import { keepGate } from '../database/sessions.js'
import { copyDatabase } from '../database/template.js'
import type { Invariant, Watch } from '../invariants/invariant.js'
import { Kernel } from '../kernel/kernel.js'
import { watchTasks } from '../kernel/stillness.js'
import { FrameObserver } from '../probes/frame-observer.js'
import type { SimSchema } from '../schema/sim-schema.js'
import { type Tables, readTables } from '../schema/tables.js'
import { Backups } from './backups.js'
import { Device } from './device.js'
import { ForeignSession } from './foreign.js'
import { type Entry, History } from './history.js'
import { Ledger } from './ledger.js'
import type { Membership } from './membership.js'
import { WorldNetwork } from './network.js'
import { SimNode } from './node.js'
import type { Past } from './past.js'
import { Pushes } from './pushes.js'
import { comeToRest } from './rest.js'
import { score } from './score.js'

export interface WorldOptions {
  readonly seed: number
  /** The version that everybody begins with. */
  readonly schema: SimSchema
  /** Those that may come after it, oldest first, and whether servers of the version before cannot work on its database. */
  readonly later?: readonly LaterVersion[]
  /** URL of any database of the cluster, and the name of the template there. */
  readonly server: string
  readonly template: string
  readonly invariants: readonly Invariant[]
  readonly trace?: (line: string) => void
  /** Hears every frame that arrives. */
  readonly frames?: (line: string) => void
  /** At most so many devices. */
  readonly devices?: number
}

export interface LaterVersion {
  readonly schema: SimSchema
  readonly breaksServers: boolean
}

export class World {
  readonly kernel: Kernel
  readonly versions: Versions
  readonly deploys: Deploys
  readonly backups: Backups
  readonly network: WorldNetwork
  readonly ledger = new Ledger()
  readonly pushes = new Pushes()
  readonly history: History
  readonly devices: Device[] = []
  readonly nodes: SimNode[] = []
  readonly foreigners: ForeignSession[] = []
  /** How often what happened. */
  readonly tally: Record<string, number> = {}
  /** How often everything that was broken has been mended. */
  healed = 0
  /** What should have been said nowhere. */
  readonly complaints: string[] = []
  readonly dice: Dice
  readonly #options: WorldOptions
  readonly #owners = new Map<string, Owner>()
  /** The code of whoever wrote, by the name of a node's life. */
  readonly #writers = new Map<string, SimSchema>()
  /** The code of the node that last brought a device to a position. */
  readonly #servers = new Map<string, SimSchema>()
  #watches: readonly Watch[] = []
  #url: string
  #control: Control
  #gate: Gate
  #tables: { readonly commits: number; readonly schema: SimSchema; readonly tables: Tables } | null = null

  private constructor(options: WorldOptions, url: string, control: Control) {
    const { seed, schema, later = [], trace } = options
    const schemas = [schema, ...later.map((each) => each.schema)]
    this.#options = options
    this.kernel = new Kernel({ seed, ...(trace === undefined ? {} : { trace }) })
    this.dice = this.kernel.dice('world')
    this.#url = url
    this.#control = control
    this.#gate = this.#newGate(control)
    this.history = new History(schemas.map(({ ir }) => ir), () => this.#control, () => this.#gate)
    this.versions = new Versions(schemas, this.history.entries)
    this.deploys = new Deploys({
      kernel: this.kernel,
      versions: this.versions,
      breaks: (at) => later[at - 1]?.breaksServers ?? false,
      nodes: this.nodes,
      database: () => this.#url,
      register: this.#register,
      cut: ({ url: place }) => void this.network.cut((_, each) => each === place),
      count: this.count,
    })
    this.backups = new Backups(this)
    const observer = new FrameObserver(this.count)
    this.network = new WorldNetwork({
      kernel: this.kernel,
      dice: this.kernel.dice('network'),
      place: (place) => this.nodes.find((node) => node.url === place),
      count: this.count,
      tap: (from, to, text) => {
        observer.see(from, to, text)
        this.#arrived(from, to, text)
        options.frames?.(`${this.kernel.now.toFixed(3)} ${from} → ${to}: ${text}`)
      },
    })
  }

  /** Makes the world of a seed: its database, its nodes and devices, nothing happened yet. */
  static async open(options: WorldOptions): Promise<World> {
    watchTasks()
    const url = await copyDatabase(options.server, options.template, `${options.template}_${options.seed}`)
    const world = new World(options, url, await Control.open(url))
    await world.deploys.prepare()
    keepGate(world.#gate)
    world.#populate()
    return world
  }

  /** The version that the database has. */
  get schema(): SimSchema {
    return this.versions.current.schema
  }

  /** The tables as they were. */
  get past(): Past {
    return this.versions.current.past
  }

  get membership(): Membership {
    return this.versions.current.membership
  }

  /** The version by which a device was last told where it is; the database's before that. */
  serverOf(device: string): Version {
    const schema = this.#servers.get(device)
    return schema === undefined ? this.versions.current : this.versions.of(schema)
  }

  /** The version of whoever wrote an entry. */
  readonly writerOf = (who: string): Version => {
    const schema = this.#writers.get(who.replace(/^sim:/, ''))
    return schema === undefined ? this.versions.current : this.versions.of(schema)
  }

  get control(): Control {
    return this.#control
  }

  get gate(): Gate {
    return this.#gate
  }

  /** URL of the database. */
  get url(): string {
    return this.#url
  }

  get options(): WorldOptions {
    return this.#options
  }

  readonly count = (what: string): void => {
    this.tally[what] = (this.tally[what] ?? 0) + 1
  }

  /**
   * All tables as they are committed; as they were, or empty if nobody has read them yet, while an open transaction lets nobody read one,
   * and while a migration that is half done, or failed on the way, has given one columns that the version before does not know.
   */
  async tables(): Promise<Tables> {
    const { commits } = this.#gate
    const { schema } = this
    if (this.#tables?.commits === commits && this.#tables.schema === schema) return this.#tables.tables
    try {
      this.#tables = { commits, schema, tables: await readTables(this.#control.sql, schema.ir) }
    } catch (error) {
      const code = String((error as { readonly code?: unknown }).code)
      if (code !== '55P03' && !(this.deploys.isUnderWay && halfMigrated.has(code))) throw error
    }
    return this.#tables?.tables ?? new Map()
  }

  /** Lets virtual time pass, and looks at everything that happens. */
  async run(ms: number): Promise<void> {
    await this.kernel.run(ms, () => {
      for (const { afterEvent } of this.#watches) afterEvent?.()
    })
  }

  async afterOperation(): Promise<void> {
    await this.#committed()
    for (const { afterOperation } of this.#watches) await afterOperation?.()
  }

  /** Ends all faults, waits until everybody has seen everything, and holds the world against its promises. */
  async rest(): Promise<void> {
    this.healed += 1
    const unrest = await comeToRest(this)
    for (const { atRest } of this.#watches) await atRest?.()
    if (unrest !== null) throw unrest
  }

  /** Nobody is connected to the database, and what was committed is known. */
  async disconnect(): Promise<void> {
    await this.#gate.killAll()
    for (const session of this.foreigners) session.reconnect()
    await this.#committed()
  }

  /** Another database has the same address from now on. */
  replaced(url: string): void {
    this.#url = url
    this.#tables = null
  }

  /** What was committed is gone. */
  undone(entries: readonly Entry[]): void {
    for (const { committed } of this.#watches) if (entries.length > 0) committed?.(entries)
  }

  async close(): Promise<void> {
    keepGate(null)
    await this.#gate.endWorld()
    await this.#control.close()
    await dropDatabase(this.#url)
    await this.backups.drop()
  }

  /** A device more, on a node of the seed's choice. */
  addDevice(identity = this.dice.pick(this.schema.principals)): Device {
    const name = `d${this.devices.length + 1}`
    const device = new Device(name, {
      kernel: this.kernel,
      dice: this.kernel.dice(name),
      schema: this.schema,
      network: this.network,
      ledger: this.ledger,
      identity,
      clock: { offset: this.dice.chance(0.5) ? 0 : this.dice.below(14_400_000) - 7_200_000, drift: this.dice.chance(0.5) ? 0 : (this.dice.next() - 0.5) * 1e-3 },
      url: () => this.dice.pick(this.nodes).url,
      log: (level, event, details) => this.#heard(name, level, event, details),
      count: this.count,
      opened: (opened, client) => {
        for (const watch of this.#watches) watch.opened?.(opened, client)
      },
    })
    this.devices.push(device)
    return device
  }

  #populate(): void {
    const { dice, kernel, schema, count } = this
    const register = this.#register
    const database = (): string => this.#url
    const nodes = 1 + dice.below(3)
    for (let index = 0; index < nodes; index += 1) {
      const name = `node${index}`
      const log = this.#heard.bind(this, name)
      const node = new SimNode(index, { kernel, dice: kernel.dice(name), schema, gate: () => this.#gate, database, register: (owner, code) => {
        register(owner)
        this.#writers.set(owner.name, code)
      }, log, count })
      this.nodes.push(node)
      kernel.after(index, null, `${name} is started`, () => node.start())
    }
    this.#watches = [score(this), ...this.#options.invariants.map(({ watch }) => watch(this))]
    const devices = Math.min(this.#options.devices ?? 5, 2 + dice.below(4))
    for (let at = 0; at < devices; at += 1) {
      const device = this.addDevice(at === 1 ? this.devices[0]?.identity : undefined)
      kernel.after(500 + at, null, `${device.name} is switched on`, () => device.open())
    }
    for (let at = 0; at < 1 + dice.below(2); at += 1) {
      this.foreigners.push(new ForeignSession(`sql${at}`, { kernel, dice: kernel.dice(`sql${at}`), schema: () => this.schema, database, register, count }))
    }
  }

  readonly #register = (owner: Owner): void => void this.#owners.set(owner.name, owner)

  #newGate(control: Control): Gate {
    return new Gate({ kernel: this.kernel, control, dice: this.kernel.dice('gate1'), database: () => nameOf(this.#url), owner: (name) => this.#owners.get(name), count: this.count })
  }

  #heard(who: string, level: string, event: string, details?: object): void {
    this.kernel.note(`${who} says ${level} ${event}`)
    // A statement that the world itself cancelled, while the rows of an answer were read (V104).
    if (event === 'answer-failed' && JSON.stringify(details).includes('error: planned')) return
    if (level === 'error') this.complaints.push(`${who}: ${event} ${JSON.stringify(details ?? {})}`)
  }

  async #committed(): Promise<void> {
    const entries = await this.history.read()
    if (entries.length === 0) return
    for (const { committed } of this.#watches) committed?.(entries)
  }

  #arrived(from: string, to: string, text: string): void {
    const message = JSON.parse(text) as ClientMessage | ServerMessage
    this.pushes.see(from, to, message)
    if (message.kind === 'synced' || message.kind === 'changed') this.#told(from, to)
    for (const { frame } of this.#watches) frame?.(from, to, message)
  }

  #told(node: string, device: string): void {
    const running = this.nodes.find(({ name }) => name === node)?.running
    if (running != null) this.#servers.set(device, running)
  }

}

/** Of a database, by its URL. */
const nameOf = (url: string): string => decodeURIComponent(new URL(url).pathname.slice(1))

/** What PostgreSQL says of a table that the version before knew otherwise: of a column, of the table, of what a column of another type is asked. */
const halfMigrated: ReadonlySet<string> = new Set(['42703', '42P01', '42883'])
