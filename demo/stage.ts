import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { demoDatabase } from 'syncgen/testing'
import { DeviceProcess, type NodeProcess, startNode } from './process.js'
import { step } from './screen.js'
import { type Cast, seed } from './seed.js'

/** Everything that the story plays on. */
export interface Stage {
  readonly cast: Cast
  /** Another program: plain SQL, past both servers. */
  readonly sql: pg.Client
  readonly ada: DeviceProcess
  readonly bob: DeviceProcess
  readonly cy: DeviceProcess
  readonly devices: readonly DeviceProcess[]
  close(): Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs the command line as a user would, from the sources. */
const syncgen = async (...args: readonly string[]): Promise<string> => {
  const cli = [fileURLToPath(new URL('../generator/cli.ts', import.meta.url)), ...args]
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), ...cli], { cwd: root })
  return stdout.trim()
}

/** Generates the code, starts PostgreSQL, two nodes and three devices. What was started ends with `close`, or with this process. */
export const setStage = async (): Promise<Stage> => {
  const closing: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end()
  }
  try {
    return { ...(await build(closing)), close }
  } catch (error) {
    await close()
    throw error
  }
}

const build = async (closing: (() => Promise<void>)[]): Promise<Omit<Stage, 'close'>> => {
  await step('YAML becomes code', [], async () => [
    'schemas/tracker.yaml → generated-example/: caches, server handlers, SQL',
    await syncgen('schemas/', '-o', 'generated-example'),
  ])

  let url = ''
  await step('A PostgreSQL', [], async () => {
    const database = await demoDatabase()
    closing.push(() => database.stop())
    url = database.url
    return [database.description, await syncgen('migrate', '--database', url, '-o', 'generated-example')]
  })

  const sql = new pg.Client({ connectionString: url, application_name: 'another program' })
  await sql.connect()
  closing.push(() => sql.end())
  let cast: Cast | undefined
  await step('Another program fills it, by plain SQL', [], async () => {
    cast = await seed(sql)
    const { rows } = await sql.query<{ counted: string }>(`
      select concat((select count(*) from tasks), ' tasks, ', (select count(*) from projects), ' projects, ',
        (select count(*) from users), ' people, ', (select count(*) from task_labels), ' links to labels') as counted`)
    return [rows[0]?.counted ?? '']
  })
  if (cast === undefined) throw new TypeError('nobody was seeded')

  let nodes: readonly NodeProcess[] = []
  await step('Two server nodes, on one database', [], async () => {
    nodes = await Promise.all([startNode(url), startNode(url)])
    closing.push(async () => void (await Promise.all(nodes.map((node) => node.stop()))))
    return nodes.map(({ port }, at) => `node ${at + 1} listens on port ${port}`)
  })

  const port = (node: number): number => nodes[node]?.port ?? 0
  const start = async (name: string, node: number): Promise<DeviceProcess> => {
    const device = await DeviceProcess.start(name, port(node))
    closing.push(() => device.stop())
    return device
  }
  const [ada, bob, cy] = [await start('Ada', 0), await start('Bob', 1), await start('Cy', 0)]
  return { cast, sql, ada, bob, cy, devices: [ada, bob, cy] }
}
