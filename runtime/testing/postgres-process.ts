import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { SyncError } from '../protocol/errors.js'
import type { RunAs } from './unprivileged.js'

/** A cluster that initdb has made in `folder`/data, to be served. */
export interface Servable {
  readonly bin: string
  /** Belongs to the user in `as`; removed when the server has ended. */
  readonly folder: string
  readonly password: string
  readonly settings: Readonly<Record<string, string | number>>
  /** URLs lead to a socket in `folder`. */
  readonly onUnixSocket: boolean
  readonly as: RunAs
}

/** A server that answers. */
export interface Served {
  url(database?: string): string
  stop(): Promise<void>
}

/** The error of a cluster that does not start: what is wrong, and what to do next. */
export const cannotStart = (reason: string, what: string, next: string, options?: ErrorOptions): SyncError =>
  new SyncError('database-unreachable', `Cannot start a private PostgreSQL: ${what}. ${next}`, { reason }, options)

/** No PG* variables, locale or time zone of the caller's reach the cluster: it is the same everywhere. */
export const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }

/** Starts the server on a free port and resolves when it accepts connections. It ends with `stop` or with this process. */
export const superviseServer = async ({ bin, folder, password, settings, onUnixSocket, as }: Servable): Promise<Served> => {
  const port = await freePort()
  const socket = onUnixSocket ? { unix_socket_directories: folder } : {}
  const flags = Object.entries({ ...ourSettings, ...socket, ...settings, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = [join(bin, 'postgres'), '-D', join(folder, 'data'), ...flags]
  const child = spawn('/bin/sh', ['-c', supervisor, 'sh', folder, ...command], {
    ...as,
    cwd: folder,
    env: environment,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const ended = whenEnded(child)
  const url = (database = 'postgres'): string =>
    `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}${onUnixSocket ? `?host=${encodeURIComponent(folder)}` : ''}`
  await whenReady(url(), ended, folder)
  child.unref()
  for (const pipe of [child.stdin, child.stderr]) if (pipe instanceof Socket) pipe.unref() // It must not keep this process alive.
  const stop = async (): Promise<void> => {
    child.ref()
    child.stdin?.end()
    await ended
  }
  return { url, stop }
}

/**
 * Reads its standard input, whose other end only our process holds, until it closes; then stops the server at once and removes
 * the folder. `read` and not `cat`, so that the reader is this shell and ends with it. `$1` is the folder, the rest the command.
 */
const supervisor = `
folder=$1; shift
trap '' INT TERM HUP
exec 3<&0
"$@" </dev/null 3<&- >"$folder/log" 2>&1 &
server=$!
{ trap - TERM; while read -r line <&3; do :; done; kill -QUIT $server 2>/dev/null; } &
watch=$!
wait $server; code=$?
kill $watch 2>/dev/null
if [ $code -eq 0 ] || [ $code -ge 128 ]; then :; else tail -n 40 "$folder/log" >&2; fi
rm -rf "$folder"
exit $code
`

const ourSettings: Readonly<Record<string, string | number>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 200,
  max_prepared_transactions: 4,
  fsync: 'off',
  full_page_writes: 'off',
  jit: 'off',
}

/** A port that was free a moment ago. PostgreSQL cannot be handed an open socket, so another process may still win it. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new TypeError('no port'))))
    })
  })

/** What the supervisor said when it ended; empty after an orderly end. */
const whenEnded = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('error', (error) => resolve(error.message))
    child.once('close', () => resolve(said))
  })

const whenReady = async (url: string, ended: Promise<string>, folder: string): Promise<void> => {
  const deadline = performance.now() + 60_000
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined) // The attempt's own promise tells.
    const attempt = client.connect().then(
      () => client.end().then(() => 'ready' as const),
      (error: unknown) => ({ error }),
    )
    const end = ended.then((said) => ({ said }))
    const now = await Promise.race([attempt, end])
    if (now === 'ready') return
    if ('said' in now) throw cannotStart('start-failed', 'the server ended while it was starting', `It said:\n${now.said.trim()}`)
    if (performance.now() > deadline) {
      const log = existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').slice(-4_000) : ''
      throw cannotStart('start-failed', 'the server accepted no connection within 60 s', `Its log:\n${log}`, { cause: now.error })
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
