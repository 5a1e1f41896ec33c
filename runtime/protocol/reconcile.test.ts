import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ConflictPolicy } from './descriptor.js'
import type { FieldEdit } from './messages.js'
import { type Decision, type Edit, type Rules, type StoredRow, fieldsInConflict, reconcile } from './reconcile.js'
import type { Wire } from './values.js'

/** All values of all columns: their product is the space of decisions. */
const columns = {
  op: ['create', 'update', 'delete'],
  row: ['never', 'deleted', 'image', 'present'],
  deletes: ['delete-wins', 'edit-wins'],
  version: ['same', 'other'],
  seen: ['yes', 'no', 'absent'],
  wanted: ['yes', 'no'],
  change: ['value', 'add'],
  policy: ['latest', 'server', 'client', 'reject', 'counter'],
  time: ['older', 'tie', 'newer'],
  strict: ['no', 'yes'],
} as const

type Column = keyof typeof columns
type Cell = { readonly [Key in Column]: (typeof columns)[Key][number] }
interface Line {
  readonly law: string
  readonly cells: Readonly<Record<string, readonly string[]>>
  readonly decision: string
}

/** The table of docs/laws.md, line by line. */
const lines: readonly Line[] = readFileSync(new URL('../../docs/laws.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((text) => /^\| R\d+ \|/.test(text))
  .map((text) => {
    const [law = '', ...rest] = text
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    const cells = Object.keys(columns).map((column, at) => [column, rest[at] === '' ? [] : (rest[at] ?? '').split(', ')] as const)
    return { law, cells: Object.fromEntries(cells), decision: rest.at(-1) ?? '' }
  })

const covers = (line: Line, cell: Cell): boolean =>
  Object.entries(line.cells).every(([column, values]) => values.length === 0 || values.includes(cell[column as Column]))

const product = (): readonly Cell[] =>
  Object.entries(columns).reduce<readonly Readonly<Record<string, string>>[]>(
    (cells, [column, values]) => cells.flatMap((cell) => values.map((value) => ({ ...cell, [column]: value }))),
    [{}],
  ) as unknown as readonly Cell[]

/** The stored value is 1; whoever saw or wants something else has 2 and 3. */
const [storedValue, otherSeen, otherWanted] = [1, 2, 3]
const [storedVersion, serverTime] = [7, 1000]
const times = { older: serverTime - 1, tie: serverTime, newer: serverTime + 1 }

const storedOf = ({ row }: Cell, values: Readonly<Record<string, Wire>> = { field: storedValue }): StoredRow => {
  switch (row) {
    case 'never':
      return { kind: 'never' }
    case 'deleted':
      return { kind: 'deleted', before: null }
    case 'image':
      return { kind: 'deleted', before: values }
    case 'present':
      return { kind: 'present', version: storedVersion, values }
  }
}

const fieldEditOf = ({ change, seen, wanted }: Cell): FieldEdit =>
  change === 'add'
    ? { add: 5 }
    : { seen: seen === 'yes' ? storedValue : otherSeen, value: wanted === 'yes' ? storedValue : otherWanted }

const editOf = (cell: Cell): Edit => {
  const version = cell.version === 'same' ? storedVersion : storedVersion - 1
  switch (cell.op) {
    case 'create':
      return { op: 'create' }
    case 'update':
      return { op: 'update', version, at: times[cell.time], strict: cell.strict === 'yes', set: { field: fieldEditOf(cell) } }
    case 'delete':
      return cell.seen === 'absent'
        ? { op: 'delete', version }
        : { op: 'delete', version, seen: { field: cell.seen === 'yes' ? storedValue : otherSeen } }
  }
}

const rulesOf = ({ policy, deletes }: Pick<Cell, 'policy' | 'deletes'>): Rules => ({
  policy: () => policy,
  deleteConflict: deletes,
  equal: (_, left, right) => left === right,
  editedAt: () => serverTime,
})

/** In the words of the table. */
const inWords = (decision: Decision): string => {
  switch (decision.kind) {
    case 'reject':
      return `reject ${decision.code}`
    case 'write':
      return decision.lost.length > 0 ? 'lost' : Object.keys(decision.set).length > 0 ? 'write' : 'keep'
    default:
      return decision.kind
  }
}

describe('the decision table', () => {
  const cells = product()

  it('[R1] every combination stands in exactly one line, and every line decides some', () => {
    const covering = cells.map((cell) => lines.filter((line) => covers(line, cell)).map(({ law }) => law))
    expect(covering).toHaveLength(17_280)
    expect(cells.filter((_, at) => covering[at]?.length !== 1)).toEqual([])
    expect(new Set(covering.flat())).toEqual(new Set(lines.map(({ law }) => law)))
    expect(lines.map(({ law }) => law)).toEqual(lines.map((_, at) => `R${at + 1}`))
  })

  it.each(lines.map((line) => [line.law, line.decision, line] as const))('[%s] is decided: %s', (_, decision, line) => {
    const decided = (cell: Cell): string => inWords(reconcile(storedOf(cell), editOf(cell), rulesOf(cell)))
    expect(cells.filter((cell) => covers(line, cell) && decided(cell) !== decision)).toEqual([])
  })

  it('[R34] a decision says all that the words say', () => {
    for (const cell of cells) {
      const decision = reconcile(storedOf(cell), editOf(cell), rulesOf(cell))
      const change = fieldEditOf(cell)
      switch (decision.kind) {
        case 'write':
          if (inWords(decision) === 'write')
            expect(decision.set).toEqual({ field: 'add' in change ? { add: 5 } : { value: otherWanted } })
          else expect(decision).toEqual({ kind: 'write', set: {}, lost: inWords(decision) === 'lost' ? ['field'] : [] })
          break
        case 'revive':
          expect(decision).toEqual({ kind: 'revive', row: { field: 'add' in change ? storedValue + 5 : change.value }, lost: [] })
          break
        case 'reject':
          expect(decision.fields).toEqual(
            decision.code === 'conflict' || (decision.code === 'edited' && cell.seen === 'no') ? ['field'] : [],
          )
          break
        default:
          expect(Object.keys(decision)).toEqual(['kind'])
      }
    }
  })

  it('[R34] it changes nothing it is given, repeats itself, and asks edit times only for a conflict under latest', () => {
    for (const cell of cells) {
      const stored = deepFreeze(storedOf(cell))
      const edit = deepFreeze(editOf(cell))
      const asked: string[] = []
      const rules: Rules = { ...rulesOf(cell), editedAt: (field) => (asked.push(field), serverTime) }
      const first = reconcile(stored, edit, rules)
      expect(reconcile(stored, edit, rules)).toEqual(first)
      if (cell.policy !== 'latest' || fieldsInConflict(stored, edit, rules).length === 0)
        expect(asked, JSON.stringify(cell)).toEqual([])
    }
  })
})

describe('several fields', () => {
  /** What one field of an update can be, apart from the row it is on. */
  const fields = product().filter(
    ({ op, row, deletes, version, strict, seen }) =>
      op === 'update' &&
      row === 'present' &&
      deletes === 'edit-wins' &&
      version === 'other' &&
      strict === 'no' &&
      seen !== 'absent',
  )
  const wordFor = (cell: Cell): string => lines.find((line) => covers(line, cell))?.decision ?? ''

  it('[R31] [R32] each is decided by itself, and together they are rejected, written or revived', () => {
    for (const row of ['present', 'image'] as const) {
      for (const strict of ['no', 'yes'] as const) {
        for (const left of fields) {
          for (const right of fields.filter((each) => each.time === left.time)) {
            const pair = { left, right }
            const values = { left: storedValue, right: storedValue, other: 'kept' }
            const edit: Edit = {
              op: 'update',
              version: storedVersion - 1,
              at: times[left.time],
              strict: strict === 'yes',
              set: { left: fieldEditOf(left), right: fieldEditOf(right) },
            }
            const rules: Rules = {
              ...rulesOf(left),
              policy: (field) => pair[field as keyof typeof pair].policy as ConflictPolicy,
            }
            const decision = reconcile(storedOf({ ...left, row }, values), edit, rules)
            const saying = (word: string): readonly string[] =>
              Object.entries(pair).flatMap(([field, cell]) => (wordFor(cell) === word ? [field] : []))
            const [refused, lost, written] = [saying('reject conflict'), saying('lost'), saying('write')]
            const hint = JSON.stringify({ row, strict, pair })
            if (refused.length > 0) expect(decision, hint).toEqual({ kind: 'reject', code: 'conflict', fields: refused })
            else if (strict === 'yes' && lost.length > 0)
              expect(decision, hint).toEqual({ kind: 'reject', code: 'conflict', fields: lost })
            else if (row === 'image' && lost.length === 2)
              expect(decision, hint).toEqual({ kind: 'reject', code: 'deleted', fields: [] })
            else if (row === 'image') expect(decision, hint).toMatchObject({ kind: 'revive', lost, row: { other: 'kept' } })
            else {
              expect(decision, hint).toMatchObject({ kind: 'write', lost })
              if (decision.kind === 'write') expect(Object.keys(decision.set).sort(), hint).toEqual(written)
            }
          }
        }
      }
    }
  })

  it('[R32] what lost keeps the value of the image', () => {
    const edit: Edit = {
      op: 'update',
      version: 1,
      at: times.older,
      strict: false,
      set: { mine: { seen: 'a', value: 'b' }, theirs: { seen: 'a', value: 'c' }, votes: { add: 2 } },
    }
    const stored: StoredRow = { kind: 'deleted', before: { mine: 'a', theirs: 'x', votes: 40, other: null } }
    expect(reconcile(stored, edit, rulesOf({ policy: 'latest', deletes: 'edit-wins' }))).toEqual({
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
        rulesOf({ policy: 'counter', deletes: 'delete-wins' }),
      )
      const change = decision.kind === 'write' ? decision.set['votes'] : undefined
      return change !== undefined && 'add' in change ? value + change.add : Number.NaN
    }
    expect(apply(apply(40, add(3)), add(-1))).toBe(42)
    expect(apply(apply(40, add(-1)), add(3))).toBe(42)
  })
})

describe('chains of one author', () => {
  const rules = rulesOf({ policy: 'reject', deletes: 'edit-wins' })
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
      expect(fieldsInConflict(stored, edit(field, null), rulesOf({ policy: 'server', deletes: 'edit-wins' }))).toEqual([])
      expect(fieldsInConflict(stored, edit(field, 'old'), rulesOf({ policy: 'server', deletes: 'edit-wins' }))).toEqual([field])
    }
  })
})

const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
