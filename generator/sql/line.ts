/**
 * What a scope line asks of a row, normalised: line AND read rule, split into a part that is about the row and gates that
 * are the same for every row. The split is exact: `exists x (A(x) and G)` is `exists x A(x) and G` where G is not about x.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Model, modelOf, type Operand, type Schema, type ScopeLine } from '../model.js'
import { allOf, always, anyOf, type Condition, conditionOf, conjuncts, isLeaf, never, type One, type Some } from './condition.js'

/** A scope line as the emitters read it. */
export interface Line {
  readonly model: Model
  /** About the row; holds no gates. */
  readonly row: Condition
  /** The same for every row: gates under `all` and `any` only. */
  readonly gate: Condition
}

/** Line AND the model's read rule: parameters only narrow what may be read. */
export const lineOf = (schema: Schema, line: ScopeLine): Line => {
  const model = modelOf(schema, line.model)
  const { row, gates } = split(allOf([conditionOf(line.where), conditionOf(model.access.read)]), null)
  const gate = allOf(gates)
  return gate.kind === 'never' ? { model, row: never, gate: always } : { model, row, gate }
}

/** Names of all models whose changes can move rows of the line in or out, its own first. */
export const modelsRead = (line: Line): readonly string[] => [
  ...new Set([line.model.name, ...modelsIn(line.row), ...modelsIn(line.gate)]),
]

interface Split {
  readonly row: Condition
  readonly gates: readonly Condition[]
}

/**
 * Splits the conjuncts of a condition. In them an equality of a reference with an operand pins the row that it
 * leads to; `pinnedId` is the operand that this row's own id equals, where one is known.
 */
const split = (condition: Condition, pinnedId: Operand | null): Split => {
  const items = conjuncts(condition).flatMap(pulledUp)
  const pins = pinsOf(items)
  const id = pinnedId ?? pins.get('id') ?? null
  const rows: Condition[] = []
  const gates: Condition[] = []
  for (const item of items) {
    const gate = gateOf(item, pins)
    if (gate !== null) gates.push(gate)
    else if (isPositiveTest(item)) {
      const narrowed = id === null ? item : withLink(item, id)
      const inner = split(narrowed.where, null)
      rows.push({ ...narrowed, where: inner.row })
      gates.push(...inner.gates)
    } else if (pinnedId === null || !isDeepStrictEqual(item, equal('id', pinnedId))) rows.push(id === null ? item : withLinks(item, id))
  }
  return { row: allOf(rows), gates }
}

/** To-many tests of a row whose id is known name it, too: only its own children are looked at. */
const withLinks = (condition: Condition, id: Operand): Condition => {
  if (condition.kind === 'all') return allOf(condition.of.map((each) => withLinks(each, id)))
  if (condition.kind === 'any') return anyOf(condition.of.map((each) => withLinks(each, id)))
  return condition.kind === 'some' ? withLink(condition, id) : condition
}

const withLink = <Test extends One | Some>(test: Test, id: Operand): Test =>
  test.kind === 'some' ? { ...test, where: allOf([equal(test.field, id), test.where]) } : test

const isPositiveTest = (condition: Condition): condition is One | Some =>
  (condition.kind === 'one' || condition.kind === 'some') && !condition.negated

/** `project: { id: $p, … }` says `projectId: $p`, too. */
const pulledUp = (item: Condition): readonly Condition[] => {
  if (item.kind !== 'one' || item.negated) return [item]
  const id = pinsOf(conjuncts(item.where)).get('id')
  return id === undefined ? [item] : [equal(item.field, id), item]
}

/** Fields that the conjuncts set equal to an operand. */
const pinsOf = (items: readonly Condition[]): ReadonlyMap<string, Operand> =>
  new Map(items.flatMap((item) => (item.kind === 'compare' && item.op === 'eq' && !isNull(item.value) ? [[item.field, item.value] as const] : [])))

/** The item as a condition that is the same for every row, if under the pins it is. */
const gateOf = (item: Condition, pins: ReadonlyMap<string, Operand>): Condition | null => {
  if (item.kind === 'all' || item.kind === 'any') {
    const parts = item.of.map((each) => gateOf(each, pins))
    const gates = parts.filter((part) => part !== null)
    return gates.length < parts.length ? null : item.kind === 'all' ? allOf(gates) : anyOf(gates)
  }
  if (item.kind !== 'one') return null
  const id = pins.get(item.field)
  if (id === undefined) return null
  const inner = split(item.where, id)
  const gate: Condition = { kind: 'gate', model: item.model, id, where: inner.row, negated: item.negated }
  if (!item.negated) return allOf([gate, ...inner.gates])
  return inner.gates.length === 0 ? gate : null
}

const modelsIn = (condition: Condition): readonly string[] => {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(modelsIn)
  if (isLeaf(condition) || condition.kind === 'always' || condition.kind === 'never') return []
  return [condition.model, ...modelsIn(condition.where)]
}

const equal = (field: string, value: Operand): Condition => ({ kind: 'compare', field, op: 'eq', value, negated: false })

const isNull = (operand: Operand): boolean => operand.kind === 'literal' && operand.value === null
