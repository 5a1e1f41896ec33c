import { describe, expect, it } from 'vitest'
import {
  type DecisionCell,
  columns,
  decided,
  decisionCells,
  decisionTable,
  editOf,
  fieldEditOf,
  fieldOf,
  inWords,
  merged,
  mismatches,
  rulesOf,
  serverTime,
  storedList,
  storedOf,
  storedVersion,
  timeOf,
  valueOf,
  wantedValue,
} from '../../tests/laws/decisions.js'
import { covers, faultsOf, flipped, outcomesOf } from '../../tests/laws/table.js'
import type { FieldDescriptor } from './descriptor.js'
import { type Edit, type Rules, type StoredRow, fieldsInConflict, reconcile } from './reconcile.js'
import type { Wire } from './values.js'

/** Cells of one line are decided alike: one of each line and policy stands for the others. */
const samples = decisionTable.flatMap((line) => {
  const own = decisionCells.filter((cell) => covers(line, cell))
  return columns.policy.flatMap((policy) => own.find((cell) => cell.policy === policy) ?? [])
})

describe('the decision table', () => {
  it('[R1] every combination stands in exactly one line, and every line decides some', () => {
    expect(decisionCells).toHaveLength(186_624)
    expect(faultsOf(decisionTable, columns, decisionCells)).toEqual([])
  })

  it('[R1] every combination is decided as its line says', () => {
    expect(mismatches(decisionTable, decided).slice(0, 5)).toEqual([])
  })

  it.each(decisionTable.map((line) => [line.law, line.outcome, line] as const))('[%s] is decided: %s', (_, outcome, line) => {
    expect(samples.filter((cell) => covers(line, cell) && decided(cell) !== outcome)).toEqual([])
  })

  it('[R1] any other outcome in any line is found out', () => {
    const decisions = new Map(samples.map((cell) => [cell, decided(cell)]))
    for (const line of decisionTable) {
      for (const outcome of outcomesOf(decisionTable).filter((each) => each !== line.outcome)) {
        expect(samples.some((cell) => covers(line, cell) && decisions.get(cell) !== outcome), `${line.law}: ${outcome}`).toBe(true)
      }
      expect(flipped(decisionTable, line.law)).not.toEqual(decisionTable)
    }
  })

  it('[R34] a decision says all that the words say', () => {
    for (const cell of samples) {
      const decision = reconcile(storedOf(cell), editOf(cell), rulesOf(cell))
      const hint = JSON.stringify(cell)
      switch (decision.kind) {
        case 'write':
          if (inWords(decision) === 'write') expect(decision.set, hint).toEqual({ field: changeOf(cell) })
          else expect(decision, hint).toEqual({ kind: 'write', set: {}, lost: inWords(decision) === 'lost' ? ['field'] : [] })
          break
        case 'revive':
          expect(decision, hint).toEqual({ kind: 'revive', row: { field: revivedValue(cell) }, lost: [] })
          break
        case 'reject': {
          const names = cell.op === 'delete' ? decision.code === 'edited' && cell.seen === 'no' : cell.op === 'update' && decision.code !== 'deleted'
          expect(decision.fields, hint).toEqual(names ? ['field'] : [])
          break
        }
        default:
          expect(Object.keys(decision), hint).toEqual(['kind'])
      }
    }
  })

  it('[R34] it changes nothing it is given, repeats itself, and asks no more than it needs', () => {
    for (const cell of samples) {
      const [stored, edit, asked] = [deepFreeze(storedOf(cell)), deepFreeze(editOf(cell)), [] as string[]]
      const rules: Rules = {
        ...rulesOf(cell),
        editedAt: () => (asked.push('latest'), serverTime),
        merge: (field, versions) => (asked.push('custom'), rulesOf(cell).merge(field, versions)),
      }
      const first = reconcile(stored, edit, rules)
      expect(reconcile(stored, edit, rules)).toEqual(first)
      const isContested = fieldsInConflict(stored, edit, rules).length > 0
      expect(asked.filter((each) => each !== cell.policy || !isContested), JSON.stringify(cell)).toEqual([])
    }
  })
})

/** What a written field is to become. */
const changeOf = (cell: DecisionCell): object => {
  if (cell.change === 'add') return { add: 5 }
  return { value: cell.change === 'elements' ? ['a', 'b'] : isMerged(cell) ? merged : wantedValue(cell) }
}

const revivedValue = (cell: DecisionCell): Wire => {
  if (cell.change === 'elements') return cell.wanted === 'yes' ? storedList : ['a', 'b']
  if (cell.change === 'add') return 6
  return isMerged(cell) ? merged : wantedValue(cell)
}

const isMerged = ({ policy, seen, wanted, version, row }: DecisionCell): boolean =>
  policy === 'custom' && seen !== 'yes' && wanted === 'no' && (row === 'image' || version === 'other')

describe('several fields', () => {
  const fields = samples.filter(
    ({ op, row, deletes, version, strict, seen }) =>
      op === 'update' && row === 'present' && deletes === 'delete-wins' && version === 'other' && strict === 'no' && seen !== 'absent',
  )
  const wordFor = (cell: DecisionCell): string => decisionTable.find((line) => covers(line, cell))?.outcome ?? ''

  it('[R31] [R32] each is decided by itself, and together they are rejected, written or revived', () => {
    expect(fields.length).toBeGreaterThan(20)
    for (const row of ['present', 'image'] as const) {
      for (const strict of ['no', 'yes'] as const) for (const left of fields) for (const right of fields) checkPair(row, strict, { left, right })
    }
  })

  const checkPair = (row: 'present' | 'image', strict: 'no' | 'yes', pair: Readonly<Record<'left' | 'right', DecisionCell>>): void => {
    const cellOf = (field: string): DecisionCell => pair[field as 'left' | 'right']
    const values = { left: valueOf(pair.left), right: valueOf(pair.right), other: 'kept' }
    const edit: Edit = {
      op: 'update',
      version: storedVersion - 1,
      at: serverTime,
      strict: strict === 'yes',
      set: { left: fieldEditOf(pair.left), right: fieldEditOf(pair.right) },
    }
    const rules: Rules = {
      ...rulesOf({ ...pair.left, deletes: 'edit-wins' }),
      field: (field) => fieldOf(cellOf(field)),
      editedAt: (field) => 2 * serverTime - timeOf(cellOf(field)),
      merge: (field, versions) => rulesOf(cellOf(field)).merge(field, versions),
    }
    const decision = reconcile(storedOf({ ...pair.left, row }, values), edit, rules)
    const saying = (word: string): readonly string[] => ['left', 'right'].filter((field) => wordFor(cellOf(field)) === word)
    const [lost, written] = [saying('lost'), saying('write')]
    const code = ['invalid', 'unmergeable', 'conflict'].find((each) => saying(`reject ${each}`).length > 0)
    const hint = JSON.stringify({ row, strict, pair })
    if (code !== undefined) expect(decision, hint).toEqual({ kind: 'reject', code, fields: saying(`reject ${code}`) })
    else if (strict === 'yes' && lost.length > 0) expect(decision, hint).toEqual({ kind: 'reject', code: 'conflict', fields: lost })
    else if (row === 'image' && lost.length === 2) expect(decision, hint).toEqual({ kind: 'reject', code: 'deleted', fields: [] })
    else if (row === 'image') expect(decision, hint).toMatchObject({ kind: 'revive', lost, row: { other: 'kept' } })
    else {
      expect(decision, hint).toMatchObject({ kind: 'write', lost })
      if (decision.kind === 'write') expect(Object.keys(decision.set).sort(), hint).toEqual(written)
    }
  }

  it('[R32] what lost keeps the value of the image', () => {
    const edit: Edit = {
      op: 'update',
      version: 1,
      at: serverTime - 1,
      strict: false,
      set: { mine: { seen: 'a', value: 'b' }, theirs: { seen: 'a', value: 'c' }, votes: { add: 2 } },
    }
    const stored: StoredRow = { kind: 'deleted', before: { mine: 'a', theirs: 'x', votes: 40, other: null } }
    expect(reconcile(stored, edit, rulesFor('latest', 'edit-wins'))).toEqual({
      kind: 'revive',
      row: { mine: 'b', theirs: 'x', votes: 42, other: null },
      lost: ['theirs'],
    })
  })

  it('[R33] amounts add up, whatever was stored meanwhile', () => {
    const add = (amount: number): Edit => ({ op: 'update', version: 1, at: 0, strict: true, set: { votes: { add: amount } } })
    const apply = (value: number, edit: Edit): number => {
      const decision = reconcile(
        { kind: 'present', version: 9, values: { votes: value } },
        edit,
        rulesFor('counter', 'delete-wins'),
      )
      const change = decision.kind === 'write' ? decision.set['votes'] : undefined
      return change !== undefined && 'add' in change ? value + change.add : Number.NaN
    }
    expect(apply(apply(40, add(3)), add(-1))).toBe(42)
    expect(apply(apply(40, add(-1)), add(3))).toBe(42)
  })
})

describe('chains of one author', () => {
  const rules = rulesFor('reject', 'edit-wins')
  const present = (version: number, title: string): StoredRow => ({ kind: 'present', version, values: { title } })

  it('[R13] the second of two offline edits saw the first, which is stored by then', () => {
    const second: Edit = { op: 'update', version: 5, at: 0, strict: true, set: { title: { seen: 'B', value: 'C' } } }
    expect(inWords(reconcile(present(6, 'B'), second, rules))).toBe('write')
  })

  it('[R12] the second stands although the first was rejected, if nobody else changed the row', () => {
    const second: Edit = { op: 'update', version: 5, at: 0, strict: true, set: { title: { seen: 'B', value: 'C' } } }
    expect(inWords(reconcile(present(5, 'A'), second, rules))).toBe('write')
    expect(inWords(reconcile(present(6, 'X'), second, rules))).toBe('reject conflict')
  })

  it("[R6] [R7] a delete after one's own edits goes through under edit-wins, and after somebody else's it does not", () => {
    const remove: Edit = { op: 'delete', version: 5, seen: { title: 'B' } }
    expect(inWords(reconcile(present(6, 'B'), remove, rules))).toBe('delete')
    expect(inWords(reconcile(present(7, 'X'), remove, rules))).toBe('reject edited')
    expect(inWords(reconcile(present(3, 'B'), { ...remove, version: 0 }, rules))).toBe('delete')
  })
})

describe('names', () => {
  it('[R35] a field that the row does not have counts as null, also one named like a member of every object', () => {
    const edit = (field: string, seen: Wire): Edit => ({
      op: 'update',
      version: 1,
      at: 0,
      strict: false,
      set: { [field]: { seen, value: 'new' } },
    })
    const stored: StoredRow = { kind: 'present', version: 2, values: {} }
    for (const field of ['constructor', 'toString', 'missing']) {
      expect(fieldsInConflict(stored, edit(field, null), rulesFor('server', 'edit-wins'))).toEqual([])
      expect(fieldsInConflict(stored, edit(field, 'old'), rulesFor('server', 'edit-wins'))).toEqual([field])
    }
  })
})

describe('the order of max and min', () => {
  const decide = (field: FieldDescriptor, stored: Wire, wanted: Wire): string => {
    const edit: Edit = { op: 'update', version: 1, at: 0, strict: false, set: { field: { seen: '?', value: wanted } } }
    return inWords(reconcile({ kind: 'present', version: 2, values: { field: stored } }, edit, { ...rulesFor('max', 'delete-wins'), field: () => field }))
  }

  it.for<readonly [type: FieldDescriptor, lesser: Wire, greater: Wire]>([
    [{ type: 'int' }, -2, 10],
    [{ type: 'float' }, -0.5, 0.25],
    [{ type: 'bigint' }, '9007199254740992', '9007199254740993'],
    [{ type: 'bigint' }, '-10', '9'],
    [{ type: 'decimal', precision: 12, scale: 2 }, '9.50', '10.00'],
    [{ type: 'timestamp' }, '0999-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z'],
    [{ type: 'date' }, '2026-09-30', '2026-10-01'],
    [{ type: 'text' }, '\uff5e', '\u{1f600}'],
    [{ type: 'string' }, 'Z', 'a'],
    [{ type: 'boolean' }, false, true],
    [{ type: 'enum', values: ['todo', 'doing', 'done'] }, 'todo', 'doing'],
    [{ type: 'enum', values: ['todo', 'doing', 'done'] }, 'doing', 'done'],
  ])('[R57] %o: %s before %s, and null after both', ([field, lesser, greater]) => {
    const [max, min] = (['max', 'min'] as const).map((conflict): FieldDescriptor => ({ ...field, nullable: true, conflict }))
    if (max === undefined || min === undefined) throw new Error('two policies')
    for (const [of, one, other] of [[max, greater, lesser], [min, lesser, greater], [max, lesser, null], [min, greater, null]] as const) {
      expect([decide(of, other, one), decide(of, one, other), decide(of, one, one)]).toEqual(['write', 'lost', 'keep'])
    }
  })
})

describe('the range of a counter', () => {
  it.for<readonly [type: FieldDescriptor['type'], stored: Wire, add: number, word: string]>([
    ['int', 2147483646, 1, 'write'],
    ['int', 2147483647, 1, 'reject invalid'],
    ['int', -2147483648, -1, 'reject invalid'],
    ['int', 0, 0.5, 'reject invalid'],
    ['bigint', '9223372036854775806', 1, 'write'],
    ['bigint', '9223372036854775807', 1, 'reject invalid'],
    ['float', 1.7e308, 1.7e308, 'reject invalid'],
    ['float', 0.1, 0.2, 'write'],
  ])('[R33] %s %s + %s: %s', ([type, stored, add, word]) => {
    const edit: Edit = { op: 'update', version: 2, at: 0, strict: false, set: { field: { add } } }
    const rules: Rules = { ...rulesFor('counter', 'delete-wins'), field: () => ({ type, conflict: 'counter' }) }
    expect(inWords(reconcile({ kind: 'present', version: 2, values: { field: stored } }, edit, rules))).toBe(word)
  })
})

const rulesFor = (policy: DecisionCell['policy'], deletes: DecisionCell['deletes']): Rules =>
  rulesOf({ change: 'value', policy, deletes, result: 'fits' })

const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
