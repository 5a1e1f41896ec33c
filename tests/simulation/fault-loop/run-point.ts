/** One run of the script in a world of its own, in virtual time, with at most one fault; and whether all is well in the end. */
import { dropDatabase } from '../../../runtime/testing/database.js'
import type { Log } from 'syncgen/protocol'
import { Control } from '../database/control.js'
import { Gate, type Owner } from '../database/gate.js'
import { keepGate } from '../database/sessions.js'
import { copyDatabase, makeTemplate } from '../database/template.js'
import { Kernel } from '../kernel/kernel.js'
import { watchTasks } from '../kernel/stillness.js'
import { type OpenScope, expectedRows } from '../schema/expected-rows.js'
import { cachedRows, differences } from '../schema/row-text.js'
import { type SimClient, type SimSchema, cacheOf } from '../schema/sim-schema.js'
import { readTables } from '../schema/tables.js'
import { worldSchema } from '../schema/world-schema.js'
import { Device } from '../world/device.js'
import { Ledger } from '../world/ledger.js'
import { WorldNetwork } from '../world/network.js'
import { SimNode } from '../world/node.js'
import { type Fault, Saboteur } from './fault.js'
import { type AuditRow, type Change, type Step, type Who, firstScopes, isOfScript, script } from './script.js'

export interface PointResult {
  /** Chances that there were, by place. */
  readonly counts: Saboteur['counts']
  /** What the fault hit; null: the run was over before. */
  readonly hit: string | null
  /** What is wrong; empty if nothing is. */
  readonly problems: readonly string[]
}

export interface PointOptions {
  readonly trace?: ((line: string) => void) | undefined
  readonly afterwards?: number
}

/** Makes the template once; `point` runs from copies of it. */
export class FaultLoop {
  readonly #server: string
  readonly #template: string
  #runs = 0

  private constructor(server: string, template: string) {
    this.#server = server
    this.#template = template
  }

  /** `server`: URL of any database of a cluster, whose user may create databases. */
  static async open(server: string, prefix: string): Promise<FaultLoop> {
    watchTasks()
    const template = await makeTemplate(server, worldSchema, `${prefix}template`)
    return new FaultLoop(server, template)
  }

  /** `afterwards`: steps of the script that follow the one that was hit; all unless given. */
  async point(fault: Fault | null, { trace, afterwards = Infinity }: PointOptions = {}): Promise<PointResult> {
    this.#runs += 1
    const url = await copyDatabase(this.#server, this.#template, `${this.#template}_${this.#runs}`)
    const world = await World.open(url, fault, trace)
    try {
      return await world.run(afterwards)
    } catch (error) {
      return { ...world.result(), problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)] }
    } finally {
      await world.close()
      await dropDatabase(url)
    }
  }

  async close(): Promise<void> {
    const url = new URL(this.#server)
    url.pathname = `/${this.#template}`
    await dropDatabase(url.href)
  }
}

/** What became of a local transaction, as far as its app heard. */
interface Written {
  readonly step: Extract<Step, { kind: 'write' }>
  isDurable: boolean
  outcome: string | null
}

/** Virtual ms after each step. */
const pace = 120
/** How long the world may take to be well again, virtual ms: longer than any timeout and the longest wait between attempts. */
const patience = 240_000

class World {
  readonly #kernel: Kernel
  readonly #control: Control
  readonly #gate: Gate
  readonly #saboteur: Saboteur
  readonly #network: WorldNetwork
  readonly #node: SimNode
  readonly #devices: Readonly<Record<Who, Device>>
  readonly #written: Written[] = []
  readonly #skipped: string[] = []
  readonly #complaints: string[] = []
  readonly #unhandled = (error: unknown): void => void this.#complaints.push(`unhandled: ${error instanceof Error ? (error.stack ?? '') : String(error)}`)

  private constructor(url: string, control: Control, fault: Fault | null, trace: ((line: string) => void) | undefined) {
    const owners = new Map<string, Owner>()
    const kernel = new Kernel({ seed: 1, ...(trace === undefined ? {} : { trace }) })
    const count = (): void => undefined
    this.#kernel = kernel
    this.#control = control
    this.#gate = new Gate({ kernel, control, dice: kernel.dice('gate'), owner: (name) => owners.get(name), count })
    this.#network = new WorldNetwork({ kernel, dice: kernel.dice('network'), place: () => this.#node, count })
    this.#saboteur = new Saboteur(fault, {
      crash: (name) => void this.#crash(name as Who),
      cut: (name) => void this.#network.cut((device) => device.name === name),
      later: (ms, run) => void kernel.after(ms, null, 'fault', run),
    })
    keepGate(this.#saboteur.gatekeeper(this.#gate))
    const log: Log = (level, event, details) => {
      kernel.note(`${level} ${event} ${JSON.stringify(details ?? {})}`)
    }
    this.#node = new SimNode(1, {
      kernel,
      dice: kernel.dice('node'),
      schema: worldSchema,
      gate: () => this.#gate,
      database: () => url,
      register: (owner) => void owners.set(owner.name, owner),
      log,
      count,
    })
    const device = (name: Who, at: number): Device => {
      const identity = worldSchema.principals[at]
      if (identity === undefined) throw new Error('the world has too few people')
      return new Device(name, {
        kernel,
        dice: kernel.dice(name),
        schema: this.#sabotaged(name),
        network: this.#network,
        ledger: new Ledger(),
        identity,
        clock: { offset: 0, drift: 0 },
        url: () => this.#node.url,
        log,
        count,
        opened: () => undefined,
      })
    }
    this.#devices = { ada: device('ada', 0), bob: device('bob', 1) }
    process.on('unhandledRejection', this.#unhandled)
  }

  static async open(url: string, fault: Fault | null, trace?: (line: string) => void): Promise<World> {
    return new World(url, await Control.open(url), fault, trace)
  }

  async run(afterwards: number): Promise<PointResult> {
    this.#node.start()
    for (const step of firstScopes) this.#devices[step.who].openScope({ scope: step.scope, params: step.params })
    for (const device of Object.values(this.#devices)) device.open()
    await this.#kernel.run(500)
    let left = afterwards
    for (const step of script) {
      if (this.#saboteur.hit !== null && (left -= 1) < 0) break
      await this.#perform(step)
      await this.#kernel.run(pace)
    }
    for (const device of Object.values(this.#devices)) device.setOffline(false)
    const problems = [...(await this.#settle()), ...(await this.#lost()), ...this.#complaints]
    if (this.#saboteur.hit === null && this.#skipped.length > 0) problems.push(...this.#skipped.map((what) => `not even begun: ${what}`))
    return { ...this.result(), problems }
  }

  result(): Pick<PointResult, 'counts' | 'hit'> {
    return { counts: this.#saboteur.counts, hit: this.#saboteur.hit }
  }

  async close(): Promise<void> {
    process.off('unhandledRejection', this.#unhandled)
    await this.#node.crash()
    await this.#gate.endWorld()
    keepGate(null)
    await this.#control.close()
  }

  #sabotaged(name: Who): SimSchema {
    return {
      ...worldSchema,
      openClient: (options) => {
        const { storage, network, ...ports } = options.ports ?? {}
        if (storage === undefined || network === undefined) throw new Error('the device has no ports')
        return worldSchema.openClient({
          ...options,
          ports: { ...ports, storage: this.#saboteur.storage(name, storage), network: this.#saboteur.network(name, network) },
        })
      },
    }
  }

  async #crash(name: Who): Promise<void> {
    const device = this.#devices[name]
    await device.crash()
    this.#kernel.after(700, device, 'opens', () => device.open())
  }

  async #perform(step: Step): Promise<void> {
    switch (step.kind) {
      case 'wait':
        return this.#kernel.run(step.ms)
      case 'sent':
        return this.#sent(this.#devices[step.who])
      case 'sql':
        return void (await this.#control.sql(step.text))
      case 'offline':
      case 'online':
        return this.#devices[step.who].setOffline(step.kind === 'offline')
      case 'open':
        return this.#devices[step.who].openScope({ scope: step.scope, params: step.params })
      case 'close':
        return this.#devices[step.who].closeScope(JSON.stringify([step.scope, step.params]))
      case 'write':
        return this.#write(step)
    }
  }

  async #sent(device: Device): Promise<void> {
    const isDone = (): boolean => device.client?.status.get().pending === 0
    for (let waited = 0; !isDone() && waited < patience; waited += 500) await this.#kernel.run(500)
  }

  /** As soon as the app is there and sees the rows; not at all if it never does: what it would change was lost before. */
  async #write(step: Extract<Step, { kind: 'write' }>): Promise<void> {
    const device = this.#devices[step.who]
    const isReady = (): boolean => device.client !== null && step.changes.every((change) => sees(device.client, change, step.changes))
    for (let waited = 0; !isReady() && waited < 40_000; waited += 500) await this.#kernel.run(500)
    const { client } = device
    if (client === null || !isReady()) {
      const lacking = step.changes.filter((change) => !sees(client, change, step.changes)).map(({ model, id }) => `${model} ${id}`)
      return void this.#skipped.push(`${nameOf(step)}: lacks ${lacking.join(', ')}`)
    }
    const written: Written = { step, isDurable: false, outcome: null }
    this.#written.push(written)
    const writing = client.transaction(
      (tx) => {
        for (const { model, op, id, values } of step.changes) {
          const writer = tx[pluralOf(model)]
          if (op === 'create') writer?.create({ id, ...values })
          else if (op === 'update') writer?.update(id, values)
          else writer?.delete(id)
        }
      },
      { strict: step.strict },
    )
    writing.durable.then(
      () => (written.isDurable = true),
      () => undefined, // It is tried again; memory goes on.
    )
    void writing.confirmed.then((outcome) => (written.outcome = outcome.kind))
  }

  /** Until every device is online, has nothing pending, and holds what its scopes cover. */
  async #settle(): Promise<readonly string[]> {
    let wrong: readonly string[] = []
    for (let waited = 0; waited < patience; waited += waited < 4000 ? 500 : 5000) {
      await this.#kernel.run(waited < 4000 ? 500 : 5000)
      wrong = await this.#differences()
      if (wrong.length === 0) return []
    }
    return wrong
  }

  async #differences(): Promise<readonly string[]> {
    const idle = Object.values(this.#devices).flatMap(({ name, client }) => {
      if (client === null) return [`${name} is not open`]
      const { connection, pending } = client.status.get()
      return connection === 'online' && pending === 0 ? [] : [`${name} is ${connection}, ${pending} pending`]
    })
    if (idle.length > 0) return idle
    const { ir } = worldSchema
    const tables = await readTables(this.#control.sql, ir)
    return Object.values(this.#devices).flatMap(({ name, client, scopes, identity }) => {
      const open: readonly OpenScope[] = [...scopes.values()].map(({ scope }) => scope)
      return client === null ? [] : differences(expectedRows(ir, tables, open, identity.claims), cachedRows(ir, client)).map((line) => `${name}: ${line}`)
    })
  }

  /** Nothing that was stored or acknowledged is missing, nothing happened twice, nothing was refused without a reason. */
  async #lost(): Promise<readonly string[]> {
    const audit = (await this.#control.sql('select model, op, key::text, before, after from sim.audit order by id')) as unknown as readonly AuditRow[]
    return this.#written.flatMap(({ step, isDurable, outcome }) => {
      const times = step.changes.map(({ trace }) => trace(audit))
      const what = `${nameOf(step)}, durable ${String(isDurable)}, ${outcome ?? 'no outcome heard'}, committed ${times.join(' ')} times`
      if (times.some((each) => each > 1)) return [`twice: ${what}`]
      if (step.mayFail) return []
      if (outcome === 'rejected') return [`refused: ${what}`]
      const whole = times.every((each) => each === 1) || times.every((each) => each === 0)
      if (!whole) return [`torn: ${what}`]
      return isDurable && times.some((each) => each === 0) ? [`lost: ${what}`] : []
    })
  }
}

/** What is to be changed is there; what is to be made needs the rows of the script that it refers to, unless the same step makes them. */
const sees = (client: SimClient | null, { model, op, id, values }: Change, step: readonly Change[]): boolean => {
  if (op !== 'create') return isCached(client, model, id)
  const fields = worldSchema.ir.models.find(({ name }) => name === model)?.fields ?? []
  return fields.every(({ name, reference }) => {
    const other = values[name]
    return reference === null || typeof other !== 'string' || !isOfScript(other) || step.some((change) => change.id === other) || isCached(client, reference.model, other)
  })
}

const isCached = (client: SimClient | null, model: string, id: string): boolean =>
  client !== null && cacheOf(client, pluralOf(model)).get(id) !== undefined

const pluralOf = (model: string): string => worldSchema.ir.models.find(({ name }) => name === model)?.plural ?? model

const nameOf = ({ who, changes }: Extract<Step, { kind: 'write' }>): string =>
  `${who} ${changes.map(({ model, op, values }) => `${op} ${model} ${JSON.stringify(values)}`).join('; ')}`
