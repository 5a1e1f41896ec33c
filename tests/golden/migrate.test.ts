import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../../generator/command-line.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { folderWith, syncgenProcess } from './command.js'

const notes = fileURLToPath(new URL('notes', import.meta.url))

describe('syncgen migrate', { timeout: 120_000 }, () => {
  it('[G16] applies the generated migration once, and says so', async () => {
    const { url } = await testDatabase()
    const first = await syncgenProcess(['migrate', '--database', url], notes)
    expect(first).toEqual({ code: 0, out: 'Applied 0001_initial.sql.\n', error: '' })
    const again = await syncgenProcess(['migrate', '--database', url], notes)
    expect(again).toEqual({ code: 0, out: 'The database is up to date.\n', error: '' })
    const client = new pg.Client({ connectionString: url })
    onTestFinished(() => client.end())
    await client.connect()
    const { rows } = await client.query(`select count(*)::int as tables from pg_tables where tablename in ('people', 'notes')`)
    expect(rows).toEqual([{ tables: 2 }])
  })

  it('[G16] ends with 1 and what to do when the database cannot be reached, or no URL was given', async () => {
    const nowhere = await syncgenProcess(['migrate', '--database', 'postgres://nobody@127.0.0.1:1/nothing'], notes)
    expect(nowhere).toMatchObject({ code: 1, out: '', error: expect.stringMatching(/^syncgen: Cannot connect/) })
    const without = await syncgenProcess(['migrate'], notes)
    expect(without).toMatchObject({ code: 1, error: expect.stringContaining('--database URL') })
  })
})

describe('a bug of ours', () => {
  it('[G10] ends with 70, and asks for the schema', async () => {
    const folder = await folderWith(fileURLToPath(new URL('notes/schemas', import.meta.url)))
    const errors: string[] = []
    const code = await run(['migrate', '--database', 'x', '-o', folder], {
      out: () => undefined,
      error: (text) => void errors.push(text),
      color: false,
      migrations: () => Promise.reject(new TypeError('x is not a function')),
    })
    expect(code).toBe(70)
    expect(errors.join('\n')).toMatch(/TypeError: x is not a function[^]*report it with the schema/)
  })
})
