import { BareClient } from './bare-client.js'
import { bytes, type Figure, median, milliseconds, type Section, timed } from './figures.js'
import { ServerProcess } from './server-process.js'
import { type BenchWorld, openBoard, type Size } from './world.js'

/** From opening an empty client to holding all of a board. */
export const firstSync = async (world: BenchWorld): Promise<Section> => ({
  title: 'First sync',
  how:
    'An empty client opens the board of a project; until it holds all of it and follows changes. Median of 3, each on a fresh ' +
    'server.',
  figures: [await figureOf(world, 10_000), await figureOf(world, 100_000)],
})

const figureOf = async (world: BenchWorld, size: Size): Promise<Figure> => ({
  name: `${size.toLocaleString('en')} tasks`,
  ours: await measure('./tracker-node.ts', world, async (url) => {
    const db = await openBoard(url, world, world.project[size])
    if (db.tasks.size !== size) throw new Error(`${db.tasks.size} tasks of ${size} arrived`)
    return () => db.close()
  }),
  bare: await measure('./bare-node.ts', world, async (url) => {
    const client = await BareClient.connect(url)
    await client.load(world.project[size])
    if (client.rows.size !== size) throw new Error(`${client.rows.size} tasks of ${size} arrived`)
    return async () => client.close()
  }),
})

/** Time until `sync` has resolved and bytes received by then; `sync` returns how to close its client. */
const measure = async (
  program: './tracker-node.ts' | './bare-node.ts',
  { database }: BenchWorld,
  sync: (url: string) => Promise<() => Promise<void>>,
): Promise<string> => {
  const times: number[] = []
  let down = 0
  for (let round = 0; round < 3; round += 1) {
    const server = await ServerProcess.start(program, database)
    const [ms, close] = await timed(() => sync(server.url))
    times.push(ms)
    down = (await server.traffic()).down
    await close()
    await server.stop()
  }
  return `${milliseconds(median(times))}, ${bytes(down)}`
}
