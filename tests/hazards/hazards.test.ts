import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { partOf } from './document.js'
import { furtherHazards } from './further-hazards.js'
import { mainHazards } from './main-hazards.js'
import { probes } from './probes.js'
import { tableOf } from './table.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8')
const all = [...mainHazards, ...furtherHazards]

/** It takes its cases, and their laws, from the table of docs/laws.md. */
const readsTheTable = 'runtime/protocol/reconcile.test.ts'

describe('[T9] hazards', () => {
  it('are ninety, and sixty-five variants of them, each with a name of its own', () => {
    expect([mainHazards.length, furtherHazards.length]).toEqual([90, 65])
    expect(new Set(all.map(({ id }) => id)).size).toBe(155)
  })

  it('stand in docs/reliability.md as they stand here (npx tsx tests/hazards/write-document.ts)', () => {
    expect(partOf('hazards')).toBe(`${tableOf(mainHazards)}\n`)
    expect(partOf('further-hazards')).toBe(`${tableOf(furtherHazards)}\n`)
  })

  it.each(all)('$id, $what: is reached, shown, or cannot be', ({ covered }) => {
    switch (covered.kind) {
      case 'shown':
        expect(read('docs/laws.md')).toMatch(new RegExp(`^(- \\*\\*|\\| )${covered.law}\\b`, 'm'))
        if (covered.test !== readsTheTable) expect(read(covered.test)).toContain(`[${covered.law}]`)
        return
      case 'excluded':
        return expect(covered.reason).toMatch(/^[A-Z].{20,}\.$/)
      case 'reached':
        return expect(probes.map(({ name }) => name)).toContain(covered.probe)
    }
  })
})
