import { BareClient } from './bare-client.js'
import { type Figure, milliseconds, percentile, type Section } from './figures.js'
import { ServerProcess } from './server-process.js'
import { type BenchWorld, openBoard } from './world.js'

const rounds = 300

/** From a write to another client that shows it. */
export const latency = async (world: BenchWorld): Promise<Section> => {
  const project = world.project[10_000]
  const first = 'select id from tasks where project_id = $1 order by position limit 1'
  const { rows } = await world.sql.query<{ id: string }>(first, [project])
  const task = rows[0]?.id ?? ''
  const server = await ServerProcess.start('./tracker-node.ts', world.database)
  const other = await ServerProcess.start('./tracker-node.ts', world.database)
  const [reader, writer, far] = [
    await openBoard(server.url, world, project),
    await openBoard(server.url, world, project),
    await openBoard(other.url, world, project),
  ]
  const shows = (db: typeof reader, title: string): Promise<void> =>
    new Promise((resolve) => {
      const stop = db.tasks.on((event) => {
        if (event.kind !== 'changed' || event.after.title !== title) return
        stop()
        resolve()
      })
    })
  const bySql = (title: string): Promise<unknown> => world.sql.query('update tasks set title = $2 where id = $1', [task, title])

  const figures: Figure[] = [
    {
      name: 'plain SQL → client',
      ours: await percentiles(async (title) => Promise.all([shows(reader, title), bySql(title)])),
      bare: await bareLatency(world, project, task),
    },
    {
      name: 'client → other client, same node',
      ours: await percentiles(async (title) => {
        const seen = shows(reader, title)
        writer.tasks.update(task, { title })
        await seen
      }),
      bare: '',
    },
    {
      name: 'client → other client, other node',
      ours: await percentiles(async (title) => {
        const seen = shows(far, title)
        writer.tasks.update(task, { title })
        await seen
      }),
      bare: '',
    },
  ]
  await Promise.all([reader, writer, far].map((db) => db.close()))
  await Promise.all([server.stop(), other.stop()])
  return {
    title: 'A change reaches a client',
    how:
      `From before the write begins until a listener of the other client hears it; ${rounds} writes one after another, ` +
      'p50 and p99.',
    figures,
  }
}

const percentiles = async (change: (title: string) => Promise<unknown>): Promise<string> => {
  const samples: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now()
    await change(`${performance.now()}`)
    samples.push(performance.now() - began)
  }
  return `${milliseconds(percentile(samples, 0.5))}, ${milliseconds(percentile(samples, 0.99))}`
}

const bareLatency = async ({ database, sql }: BenchWorld, project: string, task: string): Promise<string> => {
  const server = await ServerProcess.start('./bare-node.ts', database)
  const client = await BareClient.connect(server.url)
  await client.load(project)
  const result = await percentiles(async (title) => {
    const seen = new Promise<void>((resolve) => {
      client.changed = () => client.rows.get(task)?.[6] === title && resolve()
    })
    const write = `with done as (update tasks set title = $2 where id = $1 returning id) select pg_notify('bare', id::text) from done`
    await sql.query(write, [task, title])
    await seen
  })
  client.close()
  await server.stop()
  return result
}
