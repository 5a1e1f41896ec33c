/** The PostgreSQL that worlds live on: nothing in it is durable, and nothing is done that tells nothing about the runtime. */
import { type PostgresCluster, startPostgres } from '../../../runtime/testing/postgres.js'

/**
 * Deadlocks are found at once. A statement is planned once for each connection, as it is written: tables are small, and to look for
 * the best order of twenty joins costs more than any order.
 */
export const worldSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_wal_size: '1GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  track_counts: 'off',
  track_activities: 'off',
  shared_buffers: '64MB',
  deadlock_timeout: '2ms',
  plan_cache_mode: 'force_generic_plan',
  join_collapse_limit: 1,
  from_collapse_limit: 1,
  // Rows that no order is asked for come in that of hashes, also of transaction ids, which are others each time.
  enable_hashagg: 'off',
  enable_hashjoin: 'off',
} as const

/** Starts it; `stop` ends it. */
export const startWorldCluster = (): Promise<PostgresCluster> => startPostgres({ settings: worldSettings, isLean: true })
