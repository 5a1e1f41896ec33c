/** Whatever once failed is lived through again: it holds now, with the code and the operations of today. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostgresCluster } from '../../../runtime/testing/postgres.js'
import { startWorldCluster } from '../database/cluster.js'
import { makeTemplate } from '../database/template.js'
import { runSeed } from '../run.js'
import { worldSchema } from '../schema/world-schema.js'
import { readCorpus } from './corpus.js'

let cluster: PostgresCluster
let template: string

beforeAll(async () => {
  cluster = await startWorldCluster()
  template = await makeTemplate(cluster.url(), worldSchema, 'sim_corpus')
}, 60_000)

afterAll(() => cluster.stop())

describe('the corpus', () => {
  it.for(readCorpus())('[I18] $name holds', { timeout: 60_000 }, async ({ seed, ops, keep, devices }) => {
    const { failure } = await runSeed({ seed, ops, devices, schema: worldSchema, server: cluster.url(), template, ...(keep === null ? {} : { keep: new Set(keep) }) })
    expect(failure).toBeNull()
  })
})
