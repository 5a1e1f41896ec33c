/** The backup of a world: a copy of its database, which may take its place. */
import { dropDatabase } from '../../../runtime/testing/database.js'
import { copyDatabase } from '../database/template.js'
import type { SimSchema } from '../schema/sim-schema.js'
import type { World } from './world.js'

interface Backup {
  readonly url: string
  readonly schema: SimSchema
  /** Entries that the history had. */
  readonly entries: number
}

export class Backups {
  readonly #world: World
  #latest: Backup | null = null
  #copies = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Copies the database as it is. All connections to it are lost by that. */
  async make(): Promise<void> {
    const { deploys, control, options, schema, history, url } = this.#world
    if (deploys.isUnderWay) return
    await this.#world.disconnect()
    await control.leave(async () => {
      await this.drop()
      this.#copies += 1
      const name = decodeURIComponent(new URL(url).pathname.slice(1))
      const copy = await copyDatabase(options.server, name, `${options.template}_${options.seed}_${this.#copies}`)
      this.#latest = { url: copy, schema, entries: history.entries.length }
      return url
    })
  }

  /**
   * The copy takes the place of the database, at the same address: what was committed since is gone, and those who were told that it
   * was stored have lost it, as declared. False: there is no copy.
   * @param renews - whether who restores says so before anybody writes; else the nodes find it out, and others may have written by then
   */
  async restore(renews: boolean): Promise<boolean> {
    const world = this.#world
    const { control, ledger, history, pushes } = world
    const backup = this.#latest
    // A copy of another version is nobody's any more.
    if (backup === null || backup.schema !== world.schema || world.deploys.isUnderWay) return false
    await world.disconnect()
    world.network.cut()
    await control.leave(async () => {
      await dropDatabase(world.url)
      world.replaced(backup.url)
      return backup.url
    })
    this.#latest = null
    const [row] = await control.sql('select pg_current_xact_id()::text as xid')
    for (const { name, disk } of world.devices) ledger.restored(name, disk.waiting())
    const undone = history.restored(backup.entries, String(row?.['xid']), (mark) => pushes.isTold(mark))
    await control.sql(`select setval('sim.audit_id_seq', $1)`, [history.lastId + 1])
    if (renews) await control.sql('select syncgen.renew_epoch()')
    world.undone(undone)
    return true
  }

  async drop(): Promise<void> {
    if (this.#latest !== null) await dropDatabase(this.#latest.url)
    this.#latest = null
  }
}
