import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { clusterDoor, dropTestDatabases } from '../runtime/testing/database.js'
import { type PostgresCluster, startPostgres } from '../runtime/testing/postgres.js'

/**
 * One PostgreSQL for the whole run, started when the first test asks for a database: runs that need none do not wait for it.
 * Test files run in processes of their own, so they ask through a door on the loopback interface. The cluster's settings are
 * unlike those of a developer's machine on purpose: what relies on them by accident shows here.
 */
export const setup = async (): Promise<() => Promise<void>> => {
  process.env['SYNCGEN_TEST_RUN'] = randomBytes(4).toString('hex')
  const given = process.env['SYNCGEN_TEST_DATABASE_URL']
  if (given !== undefined && given !== '') return () => dropTestDatabases(given)

  let cluster: Promise<PostgresCluster> | undefined
  const secret = `/${randomBytes(16).toString('hex')}`
  const door = createServer((request, response) => {
    if (request.url !== secret) return void response.writeHead(404).end()
    cluster ??= startPostgres({ settings: { timezone: 'Asia/Kolkata', datestyle: 'SQL, DMY', intervalstyle: 'sql_standard' } })
    cluster.then(
      ({ url }) => response.end(url()),
      (error: unknown) => response.writeHead(503).end(error instanceof Error ? error.message : String(error)),
    )
  })
  const port = await new Promise<number>((resolve, reject) => {
    door.once('error', reject)
    door.listen(0, '127.0.0.1', () => {
      const address = door.address()
      if (address !== null && typeof address === 'object') resolve(address.port)
    })
  })
  process.env[clusterDoor] = `http://127.0.0.1:${port}${secret}`

  return async () => {
    door.close()
    door.closeAllConnections()
    await (await cluster?.catch(() => undefined))?.stop()
  }
}
