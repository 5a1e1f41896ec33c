import { describe, expect, it } from 'vitest'
import { decisionCells, fieldEditOf, rulesOf, storedOf, timeOf } from '../../tests/laws/decisions.js'
import { linkEdits } from './link-edits.js'
import { reconcile } from './reconcile.js'

describe('a link that is made once more', () => {
  const cells = decisionCells.filter(
    ({ op, row, version, deletes, seen }) => op === 'update' && row === 'present' && version === 'other' && deletes === 'delete-wins' && seen !== 'absent',
  )

  it('[R90] [R91] is decided, field by field, as an edit of the link that is there, whatever policy, time, value and strictness', () => {
    expect(cells.length).toBeGreaterThan(1_000)
    for (const cell of cells) {
      const stored = storedOf(cell)
      if (stored.kind !== 'present') throw new Error('a cell of another kind')
      const payload = { at: timeOf(cell), strict: cell.strict === 'yes', set: { field: fieldEditOf(cell) } }
      const edited = reconcile(stored, { op: 'update', version: stored.version - 1, ...payload }, rulesOf(cell))
      for (const restore of [{}, { restore: true }] as const) {
        const linked = reconcile({ ...stored, kind: 'linked' }, { op: 'create', ...restore, link: payload }, rulesOf(cell))
        expect(linked, JSON.stringify(cell)).toEqual(edited.kind === 'write' ? { ...edited, kind: 'merge' } : edited)
      }
    }
  })

  it('[R90] that says nothing more changes nothing', () => {
    const [cell] = cells
    if (cell === undefined) throw new Error('no cell')
    expect(reconcile({ kind: 'linked', version: 3, values: {} }, { op: 'create' }, rulesOf(cell))).toEqual({ kind: 'merge', set: {}, lost: [] })
  })

  it('[R92] says what is not as by default: values, amounts and elements', () => {
    const fields = {
      id: { type: 'uuid' },
      left: { type: 'uuid' },
      right: { type: 'uuid' },
      role: { type: 'string', default: 'viewer' },
      note: { type: 'text', nullable: true },
      count: { type: 'int', default: 1, conflict: 'counter' },
      tags: { type: 'list', of: 'string', default: [], conflict: 'set' },
      since: { type: 'timestamp', readonly: true },
    } as const
    const edits = (values: object) => linkEdits(fields, ['left', 'right'], { left: 'l', right: 'r', ...values } as never)
    expect(edits({ role: 'viewer', note: null, count: 1, tags: [] })).toEqual({})
    expect(edits({ role: 'editor', note: 'n', count: 4, tags: ['a'] })).toEqual({
      role: { seen: 'viewer', value: 'editor' },
      note: { seen: null, value: 'n' },
      count: { add: 3 },
      tags: { add: ['a'], remove: [] },
    })
  })
})
