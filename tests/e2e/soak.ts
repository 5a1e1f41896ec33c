/**
 * Random work on random faults, from one seed: devices that edit, lose their connections between two frames, restart and change
 * scopes; a foreign SQL session whose transactions stay open; a server that dies; a log that is purged. At the end every cache
 * equals SQL and every acknowledged vote was counted exactly once. Real sockets and a real database: a seed fixes what is
 * done, not how it interleaves.
 */
import pg from 'pg'
import type { OpenStorage } from 'syncgen/client'
import type { Tracker } from '../../generated-example/client/index.js'
import { FrameProxy } from './frame-proxy.js'
import { openWorld, storageOfDevice, type World } from './world.js'

export interface SoakReport {
  readonly steps: Readonly<Record<string, number>>
  readonly outcomes: Readonly<Record<string, number>>
}

/** @throws when a cache differs from SQL or a vote was lost or counted twice; the message has the seed. */
export const soak = async (seed: number, steps: number): Promise<SoakReport> => {
  const world = await openWorld({ nodes: 2 })
  const run = await Soak.start(world, seed)
  try {
    for (let step = 0; step < steps; step += 1) await run.step()
    await run.settle()
    return run.report
  } catch (error) {
    throw new Error(`soak failed with seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  } finally {
    await run.close()
    await world.close()
  }
}

interface Device {
  readonly user: string
  readonly storage: OpenStorage
  readonly proxy: FrameProxy
  db: Tracker
  boards: Map<string, { close(): void }>
}

class Soak {
  readonly report: { readonly steps: Record<string, number>; readonly outcomes: Record<string, number> } = { steps: {}, outcomes: {} }
  readonly #world: World
  readonly #random: () => number
  readonly #devices: Device[] = []
  readonly #foreign: pg.Client
  /** Votes cast and counted, by the text that each wrote beside. */
  readonly #ballots = new Map<string, readonly [task: string, amount: number]>()
  readonly #counted = new Set<string>()
  #foreignOpen = false
  #serverDown = false
  #written = 0

  private constructor(world: World, seed: number, foreign: pg.Client) {
    this.#world = world
    this.#random = generator(seed)
    this.#foreign = foreign
  }

  static async start(world: World, seed: number): Promise<Soak> {
    const foreign = new pg.Client({ connectionString: world.lab.database, application_name: 'foreign' })
    foreign.on('error', () => undefined)
    await foreign.connect()
    const run = new Soak(world, seed, foreign)
    for (const [index, user] of [world.ada, world.ada, world.bob, world.eve].entries()) await run.#addDevice(user, index)
    for (let task = 0; task < 10; task += 1) await world.task(`seed ${task}`, { project_id: task % 2 === 0 ? world.project : world.other })
    return run
  }

  async step(): Promise<void> {
    const [name, run] = this.#pick<readonly [string, (device: Device) => unknown]>([
      ...repeat(6, ['create task', (device: Device) => this.#createTask(device)] as const),
      ...repeat(8, ['update task', (device: Device) => this.#updateTask(device)] as const),
      ...repeat(4, ['vote', (device: Device) => this.#vote(device)] as const),
      ...repeat(3, ['delete task', (device: Device) => this.#deleteTask(device)] as const),
      ...repeat(4, ['link', (device: Device) => this.#link(device)] as const),
      ...repeat(2, ['unlink', (device: Device) => this.#unlink(device)] as const),
      ...repeat(2, ['member', (device: Device) => this.#member(device)] as const),
      ...repeat(8, ['foreign sql', () => this.#foreignSql()] as const),
      ...repeat(4, ['foreign transaction', () => this.#foreignTransaction()] as const),
      ...repeat(4, ['cut or heal', (device: Device) => this.#cutOrHeal(device)] as const),
      ...repeat(4, ['fault', (device: Device) => this.#fault(device)] as const),
      ...repeat(2, ['restart device', (device: Device) => this.#restart(device)] as const),
      ...repeat(3, ['scope', (device: Device) => this.#scope(device)] as const),
      ...repeat(1, ['server', () => this.#server()] as const),
      ...repeat(1, ['purge', () => this.#purge()] as const),
      ...repeat(10, ['wait', () => new Promise((resolve) => setTimeout(resolve, this.#random() * 60))] as const),
    ])
    this.report.steps[name] = (this.report.steps[name] ?? 0) + 1
    await run(this.#pick(this.#devices))
  }

  /** Everything heals; then the laws must hold. */
  async settle(): Promise<void> {
    if (this.#foreignOpen) await this.#foreign.query('commit')
    this.#foreignOpen = false
    if (this.#serverDown) await this.#world.lab.start(0)
    for (const device of this.#devices) {
      device.proxy.rule = () => 'pass'
      device.proxy.heal()
      device.db.goOnline()
      for (const board of [this.#world.project, this.#world.other]) this.#openBoard(device, board)
    }
    for (const device of this.#devices) await this.#world.equal(device.db, device.user, [this.#world.project, this.#world.other])
    const votes = new Map<string, number>()
    for (const name of this.#counted) {
      const [task, amount] = this.#ballots.get(name) ?? ['', 0]
      votes.set(task, (votes.get(task) ?? 0) + amount)
    }
    const stored = await this.#world.lab.sql('select id, votes from tasks')
    const wrong = stored.filter((row) => Number(row['votes']) !== (votes.get(String(row['id'])) ?? 0))
    if (wrong.length > 0) throw new Error(`votes differ: ${JSON.stringify(wrong.map((row) => ({ ...row, expected: votes.get(String(row['id'])) })))}`)
  }

  async close(): Promise<void> {
    await this.#foreign.end()
    for (const { proxy } of this.#devices) await proxy.close()
  }

  async #addDevice(user: string, index: number): Promise<void> {
    const proxy = await FrameProxy.to(this.#world.lab.url(index % 2))
    const storage = storageOfDevice()
    const db = await this.#world.device(user, { storage, url: proxy.url })
    const device = { user, storage, proxy, db, boards: new Map() }
    this.#devices.push(device)
    this.#count(db)
    this.#openBoard(device, this.#world.project)
  }

  #openBoard(device: Device, projectId: string): void {
    if (!device.boards.has(projectId)) device.boards.set(projectId, device.db.scopes.board({ projectId }))
  }

  #createTask({ db }: Device): void {
    const project = this.#maybe(db.projects.all())
    if (project === undefined) return
    this.#note(db.tasks.create({ projectId: project.id, title: this.#text(), position: this.#text(), assigneeId: this.#pick([null, this.#world.bob]) }))
  }

  #updateTask({ db }: Device): void {
    const task = this.#maybe(db.tasks.all())
    if (task === undefined) return
    const patch = this.#pick([{ title: this.#text() }, { state: this.#pick(['todo', 'doing', 'done'] as const) }, { assigneeId: this.#pick([null, this.#world.ada, this.#world.bob]) }])
    if (this.#random() < 0.7) return this.#note(db.tasks.update(task.id, patch))
    this.#note(
      db.transaction(
        (tx) => {
          tx.tasks.update(task.id, { title: this.#text() })
          tx.tasks.create({ projectId: task.projectId, title: this.#text(), position: 'z' })
        },
        { strict: this.#random() < 0.5 },
      ),
    )
  }

  #vote({ db }: Device): void {
    const task = this.#maybe(db.tasks.all())
    if (task === undefined) return
    const amount = 1 + Math.floor(this.#random() * 5)
    const name = this.#text()
    this.#ballots.set(name, [task.id, amount])
    this.#note(db.tasks.update(task.id, { votes: { add: amount }, position: name }))
  }

  #deleteTask({ db }: Device): void {
    const task = this.#maybe(db.tasks.all())
    if (task !== undefined) this.#note(db.tasks.delete(task.id))
  }

  #link({ db }: Device): void {
    const task = this.#maybe(db.tasks.all())
    if (task === undefined) return
    const label = this.#maybe(db.labels.ofProject(task.projectId)) ?? db.labels.create({ projectId: task.projectId, name: this.#text() }).row
    this.#note(db.taskLabels.create({ taskId: task.id, labelId: label.id }))
  }

  #unlink({ db }: Device): void {
    const link = this.#maybe(db.taskLabels.all())
    if (link !== undefined) this.#note(db.taskLabels.delete(link.id))
  }

  #member({ db }: Device): void {
    const project = this.#maybe(db.projects.all())
    if (project === undefined) return
    const member = this.#maybe(db.members.ofProject(project.id))
    if (member !== undefined && this.#random() < 0.5) this.#note(db.members.delete(member.id))
    else this.#note(db.members.create({ projectId: project.id, userId: this.#pick([this.#world.bob, this.#world.eve]), role: 'editor' }))
  }

  /** Inside the open foreign transaction, if there is one. Waits for no lock for long. */
  async #foreignSql(): Promise<void> {
    const [text, values] = this.#pick<readonly [string, readonly unknown[]]>([
      [`insert into tasks (project_id, title, position, assignee_id) values ($1, $2, 'm', $3)`, [this.#pick([this.#world.project, this.#world.other]), this.#text(), this.#world.ada]],
      [`update tasks set title = $1 where id in (select id from tasks order by md5(id::text || $1) limit 2)`, [this.#text()]],
      [`update tasks set project_id = $1 where id in (select id from tasks order by md5(id::text || $2) limit 1)`, [this.#pick([this.#world.project, this.#world.other]), this.#text()]],
      [`delete from tasks where id in (select id from tasks order by md5(id::text || $1) limit 1)`, [this.#text()]],
      [`insert into members (project_id, user_id) values ($1, $2) on conflict do nothing`, [this.#world.other, this.#pick([this.#world.ada, this.#world.bob])]],
      [`delete from members where project_id = $1 and user_id = $2`, [this.#pick([this.#world.project, this.#world.other]), this.#world.bob]],
      [`update labels set name = $1 where id in (select id from labels order by md5(id::text) limit 1)`, [this.#text()]],
      [`delete from labels where id in (select id from labels order by md5(id::text || $1) limit 1)`, [this.#text()]],
      [`update projects set owner_id = $1 where id = $2`, [this.#pick([this.#world.ada, this.#world.eve]), this.#world.other]],
    ])
    try {
      await this.#foreign.query(`set lock_timeout = '200ms'`)
      if (this.#foreignOpen) await this.#foreign.query('savepoint s')
      await this.#foreign.query(text, [...values])
    } catch {
      if (this.#foreignOpen) await this.#foreign.query('rollback to s')
    }
  }

  async #foreignTransaction(): Promise<void> {
    await this.#foreign.query(this.#foreignOpen ? (this.#random() < 0.8 ? 'commit' : 'rollback') : 'begin')
    this.#foreignOpen = !this.#foreignOpen
  }

  #cutOrHeal({ proxy, db }: Device): void {
    const choice = this.#random()
    if (choice < 0.3) proxy.cut()
    else if (choice < 0.6) proxy.heal()
    else if (choice < 0.8) db.goOffline()
    else db.goOnline()
  }

  /** The n-th frame from now is lost, with its connection. */
  #fault({ proxy }: Device): void {
    let left = Math.floor(this.#random() * 12)
    proxy.rule = () => {
      left -= 1
      return left === -1 ? 'cut' : 'pass'
    }
  }

  async #restart(device: Device): Promise<void> {
    await device.db.close()
    device.db = await this.#world.device(device.user, { storage: device.storage, url: device.proxy.url })
    device.boards = new Map()
    this.#count(device.db)
    this.#openBoard(device, this.#pick([this.#world.project, this.#world.other]))
  }

  #scope(device: Device): void {
    const project = this.#pick([this.#world.project, this.#world.other])
    const open = device.boards.get(project)
    if (open === undefined) return this.#openBoard(device, project)
    open.close()
    device.boards.delete(project)
  }

  async #server(): Promise<void> {
    if (this.#serverDown) await this.#world.lab.start(0)
    else await this.#world.lab.kill(0)
    this.#serverDown = !this.#serverDown
  }

  async #purge(): Promise<void> {
    await this.#world.lab.servers[1]?.purge({ horizon: 0 })
  }

  /** Outcomes are told as events, after a restart too, and then perhaps twice. */
  #count(db: Tracker): void {
    db.on('confirmed', ({ mutation }) => {
      for (const op of mutation.ops) {
        const name = op.op === 'update' ? op.set['position'] : undefined
        if (name !== undefined && 'value' in name && this.#ballots.has(String(name.value))) this.#counted.add(String(name.value))
      }
    })
  }

  #note({ confirmed }: { readonly confirmed: Promise<{ readonly kind: string }> }): void {
    void confirmed.then(({ kind }) => {
      this.report.outcomes[kind] = (this.report.outcomes[kind] ?? 0) + 1
    })
  }

  #text(): string {
    this.#written += 1
    return `text ${this.#written}`
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#random() * items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  #maybe<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random() * items.length)]
  }
}

const repeat = <Item>(times: number, item: Item): readonly Item[] => Array.from({ length: times }, () => item)

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, enough to choose steps. */
const generator = (seed: number): (() => number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
