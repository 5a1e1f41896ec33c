/**
 * The gate in front of PostgreSQL: statements of all sessions go through it one at a time, in the order of virtual time, so that how
 * their transactions interleave is the seed's choice. A statement that waits for a lock is found out and parked until another session
 * lets go. Connections can be refused, ended, or left without the answer to their commit.
 */
import type pg from 'pg'
import type { Dice } from '../../postgres/random.js'
import type { Actor, Kernel } from '../kernel/kernel.js'
import { realPause, settlesWithin, underWay } from '../kernel/stillness.js'
import type { Control } from './control.js'
import type { Gatekeeper, RealClient } from './sessions.js'
import { endSpares } from './spares.js'
import { inVirtualTime, kindOf, shortly } from './statements.js'

/** Whose connections they are; `sim:` and this name. */
export interface Owner extends Actor {
  /** Of a dead one nothing is done any more, and nothing answered. */
  readonly isAlive: boolean
}

/** What may happen to a statement. Each is the chance per statement (of commits, where it says so). */
export interface DatabaseFaults {
  /** The backend is ended before a commit. */
  readonly killBeforeCommit: number
  /** The commit happens, its answer never comes. */
  readonly killAfterCommit: number
  /** SQLSTATE 40001, 40P01, 57014 instead of running it. */
  readonly serialization: number
  readonly deadlock: number
  readonly timeout: number
  /** Chance that a connection is refused. */
  readonly refuse: number
  /** Chance that a notification reaches nobody. */
  readonly deaf: number
}

export const noDatabaseFaults: DatabaseFaults = {
  killBeforeCommit: 0, killAfterCommit: 0, serialization: 0, deadlock: 0, timeout: 0, refuse: 0, deaf: 0,
}

/** A push transaction, as the gate saw it. */
export interface PushTransaction {
  readonly client: string
  /** By place in the transaction: the n-th mutation that ran. */
  readonly seqs: readonly number[]
  /** Their kinds. */
  readonly outcomes: readonly string[]
}

export interface GateParts {
  readonly kernel: Kernel
  readonly control: Control
  readonly dice: Dice
  /** Name of the database that all connections lead to at present, if not to what they were made for. */
  readonly database?: () => string
  /** By the name after `sim:`. */
  readonly owner: (name: string) => Owner | undefined
  readonly count: (what: string) => void
}

interface Statement {
  readonly config: unknown
  readonly values: unknown
  readonly text: string
  readonly resolve: (result: pg.QueryResult) => void
  readonly reject: (error: unknown) => void
}

type Outcome = { readonly result: pg.QueryResult } | { readonly error: unknown }

interface Session {
  readonly name: string
  readonly owner: Owner
  readonly client: pg.Client
  readonly real: RealClient
  readonly statements: Statement[]
  isOpen: boolean
  listens: boolean
  /** Of the transaction it is in; the n-th mutation of it. */
  transaction: string | null
  mutations: number
  outcome: Outcome | null
  cancelPatience: () => void
}

/** How long a transaction of the runtime waits for a lock, virtual ms. */
const patience = 5000

export class Gate implements Gatekeeper {
  readonly #parts: GateParts
  readonly #sessions = new Map<pg.Client, Session>()
  readonly #parked = new Set<Session>()
  readonly #pushes = new Map<string, PushTransaction>()
  #transactions = 0
  #commits = 0
  faults: DatabaseFaults = noDatabaseFaults

  constructor(parts: GateParts) {
    this.#parts = parts
  }

  /** Grows with each statement that may have committed something. */
  get commits(): number {
    return this.#commits
  }

  /** Sessions that wait for a lock. */
  get waiting(): number {
    return this.#parked.size
  }

  /** The push that wrote under this transaction mark, if it was one. */
  push(transaction: string): PushTransaction | undefined {
    return this.#pushes.get(transaction)
  }

  connect(client: pg.Client, real: RealClient): Promise<void> {
    const { kernel, dice, owner, count } = this.#parts
    const name = ((client as unknown as { connectionParameters: { application_name: string } }).connectionParameters.application_name).slice(4)
    const who = owner(name)
    if (who === undefined) throw new Error(`nobody is called ${name}`)
    return new Promise((resolve, reject) => {
      kernel.after(this.#latency(), who, 'sql connect', async () => {
        if (!who.isAlive) return
        if (dice.chance(this.faults.refuse)) {
          count('database refused')
          return reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
        }
        try {
          const { database } = this.#parts
          if (database !== undefined) Object.assign((client as unknown as { connectionParameters: object }).connectionParameters, { database: database() })
          await real.connect()
        } catch (error) {
          return reject(error)
        }
        this.#sessions.set(client, {
          name, owner: who, client, real, statements: [], isOpen: true, listens: false, transaction: null, mutations: 0, outcome: null, cancelPatience: () => undefined,
        })
        resolve()
      })
    })
  }

  query(client: pg.Client, config: unknown, values: unknown): Promise<pg.QueryResult> {
    const session = this.#sessions.get(client)
    const text = typeof config === 'string' ? config : (config as { text: string }).text
    if (session === undefined || !session.isOpen) return Promise.reject(new Error('Connection terminated unexpectedly'))
    return new Promise((resolve, reject) => {
      session.statements.push({ config, values, text, resolve, reject })
      if (session.statements.length === 1) this.#schedule(session)
    })
  }

  async end(client: pg.Client): Promise<void> {
    const session = this.#sessions.get(client)
    if (session === undefined) return
    const over = underWay()
    await this.#close(session, 'Connection terminated').finally(over)
  }

  /** Ends all sessions of an owner, as its death does: nothing is answered. */
  async endAll(owner: Owner): Promise<void> {
    for (const session of [...this.#sessions.values()].filter((each) => each.owner === owner)) {
      session.statements.length = 0
      await this.#close(session, 'Connection terminated')
    }
    await this.#unpark()
  }

  /** Ends every session there is; the world is over. */
  async endWorld(): Promise<void> {
    for (const session of [...this.#sessions.values()]) {
      session.statements.length = 0
      await this.#close(session, 'Connection terminated').catch(() => undefined)
    }
    await this.#endSpares()
  }

  /** An administrator ends one backend, whatever it is doing. False: there is none. */
  async killSome(): Promise<boolean> {
    const sessions = [...this.#sessions.values()].filter(({ isOpen, owner }) => isOpen && owner.isAlive)
    if (sessions.length === 0) return false
    await this.#kill(this.#parts.dice.pick(sessions))
    await this.#unpark()
    return true
  }

  /** The database goes: every backend ends, whatever it is doing. */
  async killAll(): Promise<void> {
    for (const session of [...this.#sessions.values()]) await this.#kill(session)
    await this.#endSpares()
  }

  /** Backends that nobody has go, too. */
  async #endSpares(): Promise<void> {
    for (const pid of endSpares()) await this.#parts.control.terminate(pid)
  }

  #latency(): number {
    return 0.05 + this.#parts.dice.next() * 0.4
  }

  #schedule(session: Session): void {
    const [statement] = session.statements
    if (statement === undefined) return
    this.#parts.kernel.after(this.#latency(), session.owner, `sql ${session.name} ${shortly(statement.text)}`, () => this.#issue(session, statement))
  }

  async #issue(session: Session, statement: Statement): Promise<void> {
    if (!session.owner.isAlive || !session.isOpen || session.statements[0] !== statement) return
    const { control, kernel } = this.#parts
    const kind = kindOf(statement.text)
    if (kind === 'notify') return this.#notify(session, statement)
    await control.setClock(kernel.now)
    if (await this.#fails(session, statement, kind === 'commit')) return
    const running = this.#run(session, statement).then(
      (result) => void (session.outcome = { result }),
      (error: unknown) => void (session.outcome = { error }),
    )
    // Who takes long may wait for a lock, or for a busy machine.
    for (let patient = 6; !(await settlesWithin(patient, running)); patient = Math.min(2 * patient, 100)) {
      if (!(await control.blocked([pidOf(session.client)])).has(pidOf(session.client)) || session.outcome !== null) continue
      this.#park(session)
      return
    }
    this.#answer(session)
    await this.#unpark()
  }

  #run(session: Session, { config, values, text }: Statement): Promise<pg.QueryResult> {
    let virtual = inVirtualTime(text)
    const kind = kindOf(text)
    if (/\blisten \w/.test(text)) session.listens = true
    if (kind === 'begin') {
      session.transaction = String((this.#transactions += 1))
      session.mutations = 0
      virtual += `; set local sim.tx = '${session.transaction}'`
    }
    if (kind === 'mutation') {
      virtual += `; set local sim.nth = '${session.mutations}'`
      session.mutations += 1
    }
    if (kind === 'record' && session.transaction !== null) this.#pushes.set(session.transaction, pushOf((config as { values: readonly unknown[] }).values))
    if (kind === 'commit' || kind === 'rollback') session.transaction = null
    return typeof config === 'string' ? session.real.query(virtual, values) : session.real.query({ ...(config as object), text: virtual }, values)
  }

  /** Whether a fault took the statement's place. */
  async #fails(session: Session, statement: Statement, isCommit: boolean): Promise<boolean> {
    const { dice, count } = this.#parts
    const { killBeforeCommit, killAfterCommit, serialization, deadlock, timeout } = this.faults
    const roll = dice.next()
    if (isCommit && roll < killBeforeCommit) {
      count('killed before commit')
      await this.#kill(session)
      await this.#unpark()
      return true
    }
    if (isCommit && roll < killBeforeCommit + killAfterCommit) {
      count('killed after commit')
      await this.#run(session, statement).catch(() => undefined)
      this.#commits += 1
      await this.#kill(session)
      await this.#unpark()
      return true
    }
    const codes = [['40001', serialization], ['40P01', deadlock], ['57014', timeout]] as const
    let from = 0
    for (const [code, chance] of codes) {
      if (session.transaction !== null && !/^(rollback|commit)/.test(statement.text) && roll >= from && roll < from + chance) {
        count(`SQLSTATE ${code}`)
        const error: unknown = await session.real.query(`do $$ begin raise exception 'planned' using errcode = '${code}'; end $$`).catch((reason: unknown) => reason)
        session.outcome = { error }
        this.#answer(session)
        return true
      }
      from += chance
    }
    return false
  }

  /** The first statement of the session has its outcome: say so, go on with the next. */
  #answer(session: Session): void {
    const { outcome } = session
    const statement = session.statements.shift()
    session.outcome = null
    session.cancelPatience()
    this.#parked.delete(session)
    if (statement === undefined || outcome === null) return
    if (session.transaction === null) this.#commits += 1
    this.#schedule(session)
    if (!session.owner.isAlive) return
    if ('result' in outcome) statement.resolve(outcome.result)
    else statement.reject(outcome.error)
  }

  #park(session: Session): void {
    const { kernel, control, count } = this.#parts
    count('waited for a lock')
    this.#parked.add(session)
    kernel.note(`${session.name} waits for a lock`)
    session.cancelPatience = kernel.after(patience, null, `${session.name} waits no longer`, async () => {
      if (!this.#parked.has(session)) return
      count('lock timeout')
      await control.cancel(pidOf(session.client))
      while (session.outcome === null) await realPause(1)
      session.outcome = { error: Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03', severity: 'ERROR' }) }
      this.#answer(session)
      await this.#unpark()
    })
  }

  /** Which of those that waited need not any more? Each is answered in its own time. */
  async #unpark(): Promise<void> {
    const { control, kernel } = this.#parts
    const open = (): readonly Session[] => [...this.#parked].filter(({ outcome }) => outcome === null)
    for (let waiting = open(); waiting.length > 0; waiting = open()) {
      const blocked = await control.blocked(waiting.map(({ client }) => pidOf(client)))
      if (waiting.every(({ client, outcome }) => outcome !== null || blocked.has(pidOf(client)))) break
      await realPause(1)
    }
    for (const session of [...this.#parked].filter(({ outcome }) => outcome !== null).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      this.#parked.delete(session)
      kernel.after(0.01, session.owner, `sql ${session.name} waited enough`, async () => {
        this.#answer(session)
        await this.#unpark()
      })
    }
  }

  #notify(session: Session, { values, config }: Statement): void {
    const { kernel, dice, count } = this.#parts
    const [channel, payload] = ((config as { values?: readonly string[] }).values ?? values) as readonly string[]
    for (const other of this.#sessions.values()) {
      if (!other.listens) continue
      if (dice.chance(this.faults.deaf)) count('notification lost')
      else kernel.after(0.2 + dice.next(), other.owner, `notification for ${other.name}`, () => {
        if (other.isOpen && other.owner.isAlive) other.client.emit('notification', { channel, payload })
      })
    }
    session.outcome = { result: { rows: [], rowCount: 1, command: 'SELECT', oid: 0, fields: [] } }
    this.#answer(session)
  }

  /** Its backend goes; whoever waits for an answer is told as by a broken socket. */
  async #kill(session: Session): Promise<void> {
    await this.#close(session, 'Connection terminated unexpectedly', true)
  }

  async #close(session: Session, reason: string, isLoss = false): Promise<void> {
    if (!session.isOpen) return
    session.isOpen = false
    session.cancelPatience()
    this.#parked.delete(session)
    this.#sessions.delete(session.client)
    const pid = pidOf(session.client)
    if (isLoss || !(await session.real.leave())) {
      await (isLoss ? session.real.destroy() : session.real.end())
      await this.#parts.control.terminate(pid)
    }
    const failed = session.statements.splice(0)
    if (session.owner.isAlive) for (const { reject } of failed) reject(new Error(reason))
  }
}

const pidOf = (client: pg.Client): number => (client as unknown as { readonly processID: number }).processID

const pushOf = ([client, , seqs, outcomes]: readonly unknown[]): PushTransaction => ({
  client: String(client),
  seqs: (seqs as readonly string[]).map(Number),
  outcomes: (outcomes as readonly string[]).map((text) => (JSON.parse(text) as { readonly kind: string }).kind),
})
