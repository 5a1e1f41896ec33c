import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { compileCondition } from '../../runtime/protocol/field-condition.js'
import { keywords } from './keywords.js'
import { problemCodes } from '../problem.js'
import { readSchema } from './read-schema.js'

let folder = ''
let page = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncgen-docs-'))
  page = await readFile('docs/schema.md', 'utf8')
})
afterAll(() => rm(folder, { recursive: true }))

describe('docs/schema.md', () => {
  it('[Y7] its blocks are one valid schema', async () => {
    const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block)
    expect(blocks.length).toBeGreaterThan(5)
    await Promise.all(
      blocks.map((block, at) => writeFile(join(folder, `${String(at).padStart(2, '0')}.yaml`), block.includes('syncgen: 1') ? block : `syncgen: 1\n${block}`)),
    )
    expect(await readSchema([folder])).toMatchObject({ ok: true, warnings: [] })
  })

  it('[Y7] every keyword stands in it', () => {
    const words = new Set(Object.values(keywords).flat())
    const unnamed = [...words].filter((word) => !page.includes(`\`${word}\``) && !page.includes(`\`{ ${word}`) && !new RegExp(`(^|[ {,])${word}:`, 'm').test(page))
    expect(unnamed).toEqual([])
  })

  const fields = {
    'n: int?': { type: 'int', nullable: true },
    's: string?': { type: 'string', nullable: true },
    'l: string[]?': { type: 'list', of: 'string', nullable: true },
  } as const

  it.for(Object.entries(fields))('[Y17] its truth table for %s is what conditions do', ([title, descriptor]) => {
    const [header = '', , ...rows] = page.slice(page.indexOf(`For a field \`${title}\`:`)).split('\n\n')[1]?.split('\n') ?? []
    const values = cellsOf(header).slice(1).map((cell) => (cell.endsWith('is null') ? null : (parse(cell.replace(/^\w+ = /, '')) as unknown)))
    expect(rows.length).toBeGreaterThan(2)
    for (const row of rows) {
      const [condition = '', ...answers] = cellsOf(row)
      const test = compileCondition(descriptor, 'field', parse(condition.replaceAll('`', '')))
      expect([condition, ...values.map((value) => String(test(value)))]).toEqual([condition, ...answers])
    }
  })
})

describe('docs/problems.md', () => {
  it('[Y1] lists every code with its meaning, and no other', async () => {
    const rows = [...(await readFile('docs/problems.md', 'utf8')).matchAll(/^\| \[(SG\d+)\]\((.*?)\) \| (.*) \|$/gm)]
    expect(Object.fromEntries(rows.map(([, code, , meaning]) => [code, meaning]))).toEqual(problemCodes)
    for (const [, code = '', link] of rows) expect(link).toBe(`../tests/golden/problems/${code}`)
  })
})

const cellsOf = (row: string): readonly string[] => row.split('|').slice(1, -1).map((cell) => cell.trim())
