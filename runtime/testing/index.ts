export { createDatabase, type DemoDatabase, demoDatabase, dropDatabase, type TestDatabase, testDatabase } from './database.js'
export { findPostgres, type PostgresBinaries, type PostgresSource } from './postgres-binaries.js'
export { type DeviceOptions, type Lab, type LabClient, type LabOptions, type LabServer, openLab, until } from './lab.js'
export { type PostgresCluster, type PostgresOptions, startPostgres } from './postgres.js'
