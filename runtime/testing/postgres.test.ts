import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { testDatabase } from './database.js'

const query = async (url: string, text: string): Promise<pg.QueryResult> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}

describe('testDatabase', () => {
  it('[T4] gives an empty database of its own, and drops it under open sessions', async () => {
    const [one, two] = await Promise.all([testDatabase(), testDatabase()])
    await query(one.url, 'create table only_in_one ()')
    await expect(query(two.url, 'table only_in_one')).rejects.toMatchObject({ code: '42P01' })

    const open = new pg.Client({ connectionString: one.url })
    const cut = new Promise((resolve) => open.on('error', resolve))
    await open.connect()
    await one.drop()
    expect(await cut).toMatchObject({ code: '57P01' })
    await expect(query(one.url, 'select 1')).rejects.toMatchObject({ code: '3D000' })
    await one.drop()
    await two.drop()
  })
})
