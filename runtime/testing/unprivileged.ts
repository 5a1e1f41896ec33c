import { spawnSync } from 'node:child_process'
import { SyncError } from '../protocol/errors.js'

/** Ids to run a child process under; empty when this process is not root and simply runs it as itself. */
export interface RunAs {
  readonly uid?: number
  readonly gid?: number
}

/**
 * Whom PostgreSQL runs as: it refuses root. Under root that is the user `postgres`, else `nobody`; otherwise this process's
 * own user. Throws `database-unreachable` if root finds neither.
 */
export const unprivileged = (): RunAs => {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name)
    const gid = idOf('-g', name)
    if (uid !== undefined && gid !== undefined && uid !== 0) return { uid, gid }
  }
  throw new SyncError(
    'database-unreachable',
    'Cannot start a private PostgreSQL: it refuses to run as root, and there is no user `postgres` or `nobody` to run it as. ' +
      'Run this as a normal user, or `useradd --system postgres`.',
    { reason: 'no-user' },
  )
}

/** Whether that user can execute the file (or enter the folder): every folder above it counts, not only its own mode. */
export const canExecute = (path: string, as: RunAs): boolean =>
  spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', path], { ...as, cwd: '/', stdio: 'ignore' }).status === 0

const idOf = (flag: '-u' | '-g', name: string): number | undefined => {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return status === 0 ? Number(stdout.trim()) : undefined
}
