import { bytes, type Figure, median, milliseconds, type Section, timed } from './figures.js'
import { ServerProcess, type Traffic } from './server-process.js'
import { type BenchWorld, online, openBoard, type Size, sizes } from './world.js'

/** What a client that missed nothing costs when it comes back. */
export const reconnect = async (world: BenchWorld): Promise<Section> => {
  const server = await ServerProcess.start('./tracker-node.ts', world.database)
  const figures: Figure[] = []
  for (const size of sizes) figures.push(await figureOf(world, server, size))
  await server.stop()
  return {
    title: 'Reconnection with nothing changed',
    how:
      'From asking for a connection until every change arrives again; median of 9. Bytes of the whole connection, HTTP upgrade ' +
      'included, to the server and from it.',
    figures,
  }
}

const figureOf = async (world: BenchWorld, server: ServerProcess, size: Size): Promise<Figure> => {
  const db = await openBoard(server.url, world, world.project[size])
  const times: number[] = []
  let spent: Traffic = { up: 0, down: 0 }
  for (let round = 0; round < 9; round += 1) {
    db.goOffline()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const before = await server.traffic()
    const [ms] = await timed(() => {
      db.goOnline()
      return online(db)
    })
    times.push(ms)
    const after = await server.traffic()
    spent = { up: after.up - before.up, down: after.down - before.down }
  }
  await db.close()
  return {
    name: `${size.toLocaleString('en')} tasks held`,
    ours: `${milliseconds(median(times))}, ${bytes(spent.up)} up, ${bytes(spent.down)} down`,
    bare: '',
  }
}
