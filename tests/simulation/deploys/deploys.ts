/**
 * How the world comes to its next version: the migration is applied by the real runner while traffic goes on, and nodes get the new
 * code one after the other; or, where the old code cannot work on the new database, all of them stop before it and start after it.
 */
import { type Migration, migrate } from '../../../runtime/server/migrations.js'
import type { Dice } from '../../postgres/random.js'
import type { Owner } from '../database/gate.js'
import type { Kernel } from '../kernel/kernel.js'
import { lifeTimers } from '../kernel/ports.js'
import type { SimNode } from '../world/node.js'
import { migrationFiles } from './migration-files.js'
import type { Version, Versions } from './versions.js'

export interface DeployParts {
  readonly kernel: Kernel
  readonly versions: Versions
  /** Whether a step breaks servers of the version before, by the place of the version that it leads to. */
  readonly breaks: (at: number) => boolean
  readonly nodes: readonly SimNode[]
  readonly database: () => string
  readonly register: (owner: Owner) => void
  /** Ends the connections to a node. */
  readonly cut: (node: SimNode) => void
  readonly count: (what: string) => void
}

export class Deploys {
  readonly #parts: DeployParts
  readonly #files = new Map<Version, readonly Migration[]>()
  #isUnderWay = false
  #runs = 0

  constructor(parts: DeployParts) {
    this.#parts = parts
  }

  /** Reads all migrations, before the world begins: how long a real disk takes must not matter in it. */
  async prepare(): Promise<void> {
    for (const version of this.#parts.versions.all.slice(1)) this.#files.set(version, await migrationFiles(version.schema))
  }

  /** Somebody deploys: neither the database nor the nodes are to be relied on to have one version. */
  get isUnderWay(): boolean {
    return this.#isUnderWay
  }

  /** False: there is nothing to deploy, or somebody does already. */
  begin(dice: Dice): boolean {
    const { versions, count, breaks } = this.#parts
    const { next } = versions
    if (next === undefined || this.#isUnderWay) return false
    this.#isUnderWay = true
    const isBreaking = breaks(next.at)
    count(`deploy: ${isBreaking ? 'all at once' : 'one by one'}`)
    void (isBreaking ? this.#atOnce(next, dice) : this.#oneByOne(next, dice))
    return true
  }

  async #oneByOne(next: Version, dice: Dice): Promise<void> {
    const { kernel, nodes } = this.#parts
    await this.#migrated(next)
    for (const [at, node] of nodes.entries()) {
      kernel.after(at * 2500 + dice.below(2000), null, `${node.name} gets version ${next.at}`, () => this.#replace(node, next, dice))
    }
    kernel.after(nodes.length * 2500 + 6000, null, 'the deploy is over', () => void (this.#isUnderWay = false))
  }

  async #atOnce(next: Version, dice: Dice): Promise<void> {
    const { kernel, nodes } = this.#parts
    for (const node of nodes) {
      node.isHeld = true
      await this.#stop(node, dice)
    }
    await this.#until(() => nodes.every(({ isAlive }) => !isAlive))
    await this.#migrated(next)
    for (const node of nodes) {
      node.schema = next.schema
      node.isHeld = false
      kernel.after(dice.below(3000), null, `${node.name} is started`, () => node.start())
    }
    kernel.after(3000, null, 'the deploy is over', () => void (this.#isUnderWay = false))
  }

  async #replace(node: SimNode, next: Version, dice: Dice): Promise<void> {
    node.schema = next.schema
    await this.#stop(node, dice)
    this.#parts.kernel.after(1300 + dice.below(2000), null, `${node.name} is started`, () => node.start())
  }

  async #stop(node: SimNode, dice: Dice): Promise<void> {
    if (dice.chance(0.7)) node.stop()
    else await this.#crash(node)
    // Who does not end by itself is ended.
    this.#parts.kernel.after(1200, null, `${node.name} is ended`, async () => {
      if (node.running !== null && (node.isHeld || node.running !== node.schema)) await this.#crash(node)
    })
  }

  /** A node that dies takes its connections with it. */
  async #crash(node: SimNode): Promise<void> {
    this.#parts.cut(node)
    await node.crash()
  }

  /** Resolves when the database has that version, and everybody writes by it. */
  async #migrated(next: Version): Promise<void> {
    const { kernel, versions, database, register, count } = this.#parts
    const files = this.#files.get(next) ?? []
    for (;;) {
      this.#runs += 1
      const migrator: Owner = { name: `migrator.${this.#runs}`, asleepUntil: 0, isAlive: true }
      register(migrator)
      const settings = { connectionString: database(), application_name: `sim:${migrator.name}`, connectionTimeoutMillis: 0, keepAlive: false }
      try {
        await migrate({ database: settings, files, timers: lifeTimers(kernel, migrator, () => true) })
        break
      } catch (error) {
        count('migration failed')
        kernel.note(`the migration fails: ${error instanceof Error ? error.message : ''}`)
        await new Promise<void>((resolve) => void kernel.after(1000, null, 'somebody migrates again', resolve))
      }
    }
    versions.advance()
    count('migrated')
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => void this.#parts.kernel.after(200, null, 'somebody waits', resolve))
  }
}
