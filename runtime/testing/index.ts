export { createDatabase, type DemoDatabase, demoDatabase, dropDatabase, type TestDatabase, testDatabase } from './database.js'
export { type PostgresCluster, type PostgresOptions, startPostgres } from './postgres.js'
export { findPostgres, type PostgresBinaries, type PostgresSource } from './postgres-binaries.js'
