import { boardScope } from '../generated-example/server/board-scope.js'
import { Digests, bucketCount, bucketOf, partOf } from '../runtime/protocol/digest.js'
import { writeKeys } from '../runtime/protocol/held-keys.js'
import { bytes, type Figure, median, milliseconds, type Section, timed } from './figures.js'
import { ServerProcess } from './server-process.js'
import { type BenchWorld, online, openBoard } from './world.js'

const size = 100_000

/** What it costs to find the difference between 100,000 rows here and there, where no position tells it. */
export const digest = async (world: BenchWorld): Promise<Section> => ({
  title: 'A diff by digests',
  how:
    'A board of 100,000 tasks; median of 5. Statements and hashing alone, then from asking for a connection until every change arrives again, ' +
    'with a position that is too old: bytes of the whole connection, to the server and from it.',
  figures: [...(await statements(world)), ...hashing(), ...(await diffs(world))],
})

const statements = async (world: BenchWorld): Promise<readonly Figure[]> => {
  const line = boardScope.lines.find(({ model }) => model === 'Task')
  if (line === undefined) throw new Error('the board has no tasks')
  const values = line.digests.values.map((binding) => (binding === 'auth.sub' ? world.owner : world.project[size]))
  await world.sql.query('set jit = off; set enable_seqscan = off')
  const time = async (text: string, parameters: readonly unknown[]): Promise<number> => {
    const times: number[] = []
    for (let round = 0; round < 5; round += 1) {
      times.push((await timed(() => world.sql.query({ text, values: [...parameters], rowMode: 'array' })))[0])
    }
    return median(times)
  }
  const figures = [
    { name: 'digests in SQL', ours: milliseconds(await time(line.digests.text, values)), bare: '' },
    { name: 'all keys and versions in SQL', ours: milliseconds(await time(line.keys.text, [null, ...values])), bare: '' },
  ]
  await world.sql.query('reset jit; reset enable_seqscan')
  return figures
}

const hashing = (): readonly Figure[] => {
  const rows = Array.from({ length: size }, (_, at) => [crypto.randomUUID(), at + 1] as const)
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const began = performance.now()
    const digests = new Digests(bucketCount)
    for (const [id, version] of rows) digests.add(bucketOf(partOf(id)), id, version)
    times.push(performance.now() - began)
  }
  return [
    { name: 'digests in JavaScript, all anew', ours: milliseconds(median(times)), bare: '' },
    { name: 'all keys and versions as they would travel', ours: bytes(writeKeys(rows).length), bare: '' },
  ]
}

const diffs = async (world: BenchWorld): Promise<readonly Figure[]> => {
  const server = await ServerProcess.start('./tracker-node.ts', world.database)
  const db = await openBoard(server.url, world, world.project[size])
  const figures: Figure[] = []
  for (const different of [0, 10, 1000]) {
    const times: number[] = []
    let spent = { up: 0, down: 0 }
    for (let round = 0; round < 5; round += 1) {
      db.goOffline()
      await world.sql.query(
        `update tasks set votes = votes + 1 where id in (select id from tasks where project_id = $1 order by md5(id::text || $2) limit $3)`,
        [world.project[size], String(round), different],
      )
      // Above the client's position, which is of the transactions before this one.
      await world.sql.query('select pg_current_xact_id()')
      await world.sql.query('update syncgen.meta set floor = pg_current_xact_id()')
      const before = await server.traffic()
      const [ms] = await timed(() => {
        db.goOnline()
        return online(db)
      })
      times.push(ms)
      const after = await server.traffic()
      spent = { up: after.up - before.up, down: after.down - before.down }
    }
    const name = different === 0 ? 'diff, nothing different' : `diff, ${different.toLocaleString('en')} rows different`
    figures.push({ name, ours: `${milliseconds(median(times))}, ${bytes(spent.up)} up, ${bytes(spent.down)} down`, bare: '' })
  }
  await db.close()
  await server.stop()
  return figures
}
