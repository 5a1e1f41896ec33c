import pg from 'pg'
import { startPostgres } from '../../runtime/testing/postgres.js'

/**
 * A program that starts a cluster, says where on one line of JSON, and then ends in the way that its argument names: `stop`,
 * `exit`, `throw`, or, for `hang`, not by itself.
 */
const cluster = await startPostgres()
const client = new pg.Client({ connectionString: cluster.url() })
await client.connect()
const shown = await client.query<{ data_directory: string }>('show data_directory')
await client.end()
const { source, version, bin } = cluster
console.log(JSON.stringify({ url: cluster.url(), source, version, bin, data: shown.rows[0]?.data_directory }))

const ending = process.argv[2]
if (ending === 'stop') await cluster.stop()
if (ending === 'exit') process.exit(3)
if (ending === 'throw') throw new TypeError('on purpose')
if (ending === 'hang') setInterval(() => undefined, 60_000)
