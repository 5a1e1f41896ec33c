/** What follows the changelog must not pay for its size. Laws: docs/laws.md, group T. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openWorld, type World } from './world.js'

let world: World

beforeEach(async () => {
  world = await openWorld()
})

afterEach(async () => {
  await world.close()
})

const rowsReadByScans = async (): Promise<number> => {
  await world.lab.sql('select pg_stat_clear_snapshot()')
  const [row] = await world.lab.sql(`select seq_tup_read from pg_stat_user_tables where relid = 'syncgen.changes'::regclass`)
  return Number(row?.['seq_tup_read'])
}

it('[T6] after a bulk load in one transaction, following the log and coming back read none of it whole', async () => {
  await world.lab.sql(
    `insert into tasks (project_id, title, position) select $1, 'loaded ' || n, 'a' || n from generate_series(1, 20000) n`,
    [world.other],
  )
  await world.lab.sql('analyze')
  const task = await world.task('watched')
  const phone = await world.device(world.ada)
  await phone.scopes.board({ projectId: world.project }).ready
  await world.equal(phone, world.ada, [world.project])

  const before = await rowsReadByScans()
  for (let round = 0; round < 10; round += 1) {
    await world.lab.sql('update tasks set title = $2 where id = $1', [task, `round ${round}`])
    await world.equal(phone, world.ada, [world.project])
  }
  phone.goOffline()
  await world.lab.sql('update tasks set title = $2 where id = $1', [task, 'while away'])
  phone.goOnline()
  await world.equal(phone, world.ada, [world.project])
  await new Promise((resolve) => setTimeout(resolve, 1500)) // Sessions report what they read with a delay of up to a second.
  expect((await rowsReadByScans()) - before).toBeLessThan(20_000)
})
