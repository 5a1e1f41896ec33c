import { hashOf } from '../protocol/digest-hash.js'
import type { Log } from '../protocol/ports.js'
import { breaksConnection } from './sql-failure.js'
import type { Database } from './transaction.js'

/**
 * Whether this PostgreSQL hashes as runtime/protocol/digest-hash.ts does: one on a big-endian machine does not, a later one may
 * not. If it does not, that is logged, and keys are compared instead of digests.
 */
export const canDigest = async (database: Database, log: Log): Promise<boolean> => {
  try {
    const [row] = await database.rows(vectorsSql, [vectors.map(([id]) => id), vectors.map(([, seed]) => seed)])
    const [hashes] = row ?? []
    if (JSON.stringify(hashes) === JSON.stringify(vectors.map(signedHash))) return true
    log('warn', 'digests-off', { reason: 'this PostgreSQL hashes uuids differently: devices will list what they hold' })
  } catch (error) {
    if (breaksConnection(error)) throw error
    log('warn', 'digests-off', { reason: error instanceof Error ? error.message : 'no error' })
  }
  return false
}

const vectorsSql = `select array_agg(uuid_hash_extended(id, seed)::text order by at)
from unnest($1::uuid[], $2::bigint[]) with ordinality vector (id, seed, at)`

/** Every byte of an id and of a version counts, and the halves of a version are told apart. */
const vectors: readonly (readonly [id: string, seed: number])[] = [
  ['00000000-0000-0000-0000-000000000000', 0],
  ['ffffffff-ffff-ffff-ffff-ffffffffffff', 1],
  ['00010203-0405-0607-0809-0a0b0c0d0e0f', 0],
  ['0f0e0d0c-0b0a-0908-0706-050403020100', 2 ** 31],
  ['01981c6e-7a13-7000-8000-000000000001', 2 ** 32],
  ['80000000-7fff-8000-ff7f-0080ff00ff80', 2 ** 53 - 1],
  ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 0x1234_5678_9abc],
]

const signedHash = ([id, seed]: (typeof vectors)[number]): string => {
  const { high, low } = hashOf(id, seed)
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString()
}
