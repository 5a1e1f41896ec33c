import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { partOf } from '../hazards/document.js'
import { plantedBugs } from './catalogue.js'
import { planted } from './patch.js'
import { kept } from './results.js'
import { tableOf } from './table.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8')

/** The fifteen hazards that hurt most, and one that belongs to them. */
const worst = ['A1', 'B1', 'B2', 'C1', 'C11', 'D1', 'E1', 'F1', 'F2', 'G10', 'H3', 'J1', 'K3', 'K10', 'L4', 'M1']

describe('[T8] planted bugs', () => {
  it.each(plantedBugs)('$id: changes what it means to change, and what comes out is a program', (bug) => {
    for (const [file, text] of planted(bug, read)) {
      expect(text).not.toBe(read(file))
      expect(syntaxErrors(file, text)).toEqual([])
    }
  })

  it('have names of their own, and tests that exist', () => {
    const ids = plantedBugs.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { test } of plantedBugs) if (test !== undefined) expect(existsSync(`${root}${test}`)).toBe(true)
  })

  it('are there for each of the worst hazards', () => {
    const covered = new Set(plantedBugs.flatMap(({ hazards }) => hazards))
    expect(worst.filter((hazard) => !covered.has(hazard))).toEqual([])
  })

  it('stand in docs/reliability.md with who notices them (npx tsx tests/hazards/write-document.ts)', () => {
    expect(partOf('planted-bugs')).toBe(`${tableOf(plantedBugs, kept())}\n`)
  })
})

const syntaxErrors = (file: string, text: string): readonly string[] => {
  const { diagnostics = [] } = ts.transpileModule(text, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  })
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
