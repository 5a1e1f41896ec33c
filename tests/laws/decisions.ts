/** The decision table of docs/laws.md, and `reconcile` asked about each of its cells. */
import {
  type Decision,
  type Edit,
  type FieldDescriptor,
  type FieldEdit,
  type Rules,
  type StoredRow,
  type Wire,
  reconcile,
} from '../../runtime/protocol/index.js'
import { type Cell, type Line, covers, product, tableOf } from './table.js'

export const columns = {
  op: ['create', 'restore', 'update', 'delete'],
  row: ['never', 'deleted', 'image', 'present'],
  deletes: ['delete-wins', 'edit-wins'],
  version: ['same', 'other'],
  seen: ['yes', 'no', 'absent'],
  wanted: ['yes', 'no'],
  change: ['value', 'add', 'elements'],
  policy: ['latest', 'server', 'client', 'reject', 'max', 'min', 'counter', 'set', 'custom'],
  rank: ['behind', 'tie', 'ahead'],
  result: ['fits', 'stored', 'misfit'],
  strict: ['no', 'yes'],
} as const

export type DecisionCell = Cell<typeof columns>

export const decisionTable = tableOf(columns)

export const decisionCells: readonly DecisionCell[] = product(columns)

/** Cells that are decided otherwise than the table says. */
export const mismatches = (lines: readonly Line[], decide: (cell: DecisionCell) => string): readonly DecisionCell[] =>
  decisionCells.filter((cell) => {
    const line = lines.find((each) => covers(each, cell))
    return line !== undefined && decide(cell) !== line.outcome
  })

/** What `reconcile` says of a cell, in the words of the table. */
export const decided = (cell: DecisionCell): string => inWords(reconcile(storedOf(cell), editOf(cell), rulesOf(cell)))

/** The stored value is 1; what an author saw that is not there is 2. Elements are judged against a list. */
export const [storedValue, otherSeen, storedList] = [1, 2, ['a']]
export const [storedVersion, serverTime, merged] = [7, 1000, 9]
const times = { behind: serverTime - 1, tie: serverTime, ahead: serverTime + 1 }

/** Under max and min the value ranks, under every other policy the time. */
export const timeOf = ({ rank }: Pick<DecisionCell, 'rank'>): number => times[rank]

export const wantedValue = ({ policy, rank, wanted }: Pick<DecisionCell, 'policy' | 'rank' | 'wanted'>): number => {
  if (wanted === 'yes') return storedValue
  const isGreater = (policy === 'min') === (rank !== 'ahead')
  return policy === 'max' || policy === 'min' ? (isGreater ? 3 : 0) : 3
}

export const valueOf = ({ change }: Pick<DecisionCell, 'change'>): Wire => (change === 'elements' ? storedList : storedValue)

export const storedOf = (cell: DecisionCell, values: Readonly<Record<string, Wire>> = { field: valueOf(cell) }): StoredRow => {
  switch (cell.row) {
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

export const fieldEditOf = (cell: DecisionCell): FieldEdit => {
  switch (cell.change) {
    case 'add':
      return { add: cell.result === 'misfit' ? 2 ** 31 : 5 }
    case 'elements':
      return cell.wanted === 'yes' ? { add: ['a'], remove: ['b'] } : { add: ['b'], remove: [] }
    case 'value':
      return { seen: cell.seen === 'yes' ? storedValue : otherSeen, value: wantedValue(cell) }
  }
}

export const editOf = (cell: DecisionCell): Edit => {
  const version = cell.version === 'same' ? storedVersion : storedVersion - 1
  switch (cell.op) {
    case 'create':
      return { op: 'create' }
    case 'restore':
      return { op: 'create', restore: true }
    case 'update':
      return { op: 'update', version, at: timeOf(cell), strict: cell.strict === 'yes', set: { field: fieldEditOf(cell) } }
    case 'delete':
      return cell.seen === 'absent'
        ? { op: 'delete', version }
        : { op: 'delete', version, seen: { field: cell.seen === 'yes' ? valueOf(cell) : otherSeen } }
  }
}

export const fieldOf = ({ change, policy }: Pick<DecisionCell, 'change' | 'policy'>): FieldDescriptor => {
  const type: FieldDescriptor = change === 'elements' ? { type: 'list', of: 'string' } : { type: 'int' }
  return policy === 'latest' ? type : { ...type, conflict: policy }
}

export const rulesOf = (cell: Pick<DecisionCell, 'change' | 'policy' | 'deletes' | 'result'>): Rules => ({
  field: () => fieldOf(cell),
  deleteConflict: cell.deletes,
  editedAt: () => serverTime,
  merge: () => ({ fits: merged, stored: storedValue, misfit: undefined })[cell.result],
})

export const inWords = (decision: Decision): string => {
  switch (decision.kind) {
    case 'reject':
      return `reject ${decision.code}`
    case 'write':
      return decision.lost.length > 0 ? 'lost' : Object.keys(decision.set).length > 0 ? 'write' : 'keep'
    default:
      return decision.kind
  }
}
