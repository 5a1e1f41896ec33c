/** Things as they should be, and as they are → what differs. */
import { adviceFor } from './advice.js'
import type { Thing } from './catalog.js'

/** Something that a database has otherwise than the schema says, or has beyond it. */
export interface Finding {
  /** `drift`: syncgen's promises do not hold, or a later migration would fail. `note`: somebody's own thing in a table of the schema. */
  readonly severity: 'drift' | 'note'
  readonly kind: Thing['kind'] | 'right'
  /** `tasks.title`, `syncgen.stamp()`, `tasks`. */
  readonly object: string
  /** What differs. */
  readonly what: string
  /** What to do. */
  readonly advice: string
  /** Statements that do it, where nothing can be lost by them; to be read before they are run. Null: none is safe. */
  readonly sql: string | null
}

/** A thing that differs. Both sides are there, or one. */
export type Difference =
  /** `lost`: constraints and indexes that a column took with it. */
  | { readonly how: 'missing'; readonly wanted: Thing; readonly lost: readonly Thing[] }
  | { readonly how: 'extra'; readonly there: Thing }
  | { readonly how: 'renamed'; readonly wanted: Thing; readonly there: Thing }
  | { readonly how: 'other'; readonly wanted: Thing; readonly there: Thing; readonly fact: string }

/** What differs, each thing by itself: what is missing because its table or column is, is not told again. */
export const findingsOf = (wanted: readonly Thing[], there: readonly Thing[]): readonly Finding[] =>
  differences(wanted, there).flatMap((difference) => adviceFor(difference) ?? [])

const differences = (wanted: readonly Thing[], there: readonly Thing[]): readonly Difference[] => {
  const present = new Map(there.map((thing) => [keyOf(thing), thing]))
  const expected = new Set(wanted.map(keyOf))
  const extra = there.filter((thing) => !expected.has(keyOf(thing)))
  const renamed = new Set<Thing>()
  const found = wanted.flatMap((thing): readonly Difference[] => {
    const same = present.get(keyOf(thing))
    if (same !== undefined) return factsOf(thing, same)
    const other = extra.find((each) => !renamed.has(each) && isRenamed(thing, each))
    if (other === undefined) return [{ how: 'missing', wanted: thing, lost: [] }]
    renamed.add(other)
    return [{ how: 'renamed', wanted: thing, there: other }, ...factsOf(thing, other)]
  })
  const added = extra.filter((thing) => !renamed.has(thing) && !isOfStrange(thing, extra, there))
  return [...withoutConsequences(found, there), ...added.map((thing) => ({ how: 'extra', there: thing }) as const)]
}

const keyOf = ({ kind, table, name }: Pick<Thing, 'kind' | 'table' | 'name'>): string => JSON.stringify([kind, table, name])

/** The same constraint or index under another name. */
const isRenamed = (wanted: Thing, there: Thing): boolean =>
  (wanted.kind === 'constraint' || wanted.kind === 'index') &&
  wanted.kind === there.kind &&
  wanted.table === there.table &&
  withoutName(wanted) === withoutName(there)

/** An index's definition begins with its name. */
const withoutName = ({ kind, facts }: Thing): string => {
  const text = String(facts['definition'])
  return kind === 'index' ? text.replace(/^(CREATE (?:UNIQUE )?INDEX) .*? ON (?=\S+ USING )/, '$1 ON ') : text
}

const factsOf = (wanted: Thing, there: Thing): readonly Difference[] => {
  const renamed = wanted.name !== there.name
  return Object.keys(wanted.facts)
    .filter((fact) => wanted.facts[fact] !== there.facts[fact] && fact !== 'silenced' && !(renamed && fact === 'definition'))
    .map((fact) => ({ how: 'other', wanted, there, fact }))
}

/** Of a table that is not there nothing is; a column takes with it what is on it. */
const withoutConsequences = (found: readonly Difference[], there: readonly Thing[]): readonly Difference[] => {
  const missing = found.flatMap((each) => (each.how === 'missing' ? [each.wanted] : []))
  const noTables = new Set(missing.flatMap(({ kind, table }) => (kind === 'table' ? [table] : [])))
  const columns = missing.filter(({ kind, table }) => kind === 'column' && !noTables.has(table))
  return found.flatMap((each): readonly Difference[] => {
    if (each.how === 'extra' || (each.wanted.kind !== 'table' && (noTables.has(each.wanted.table) || isNoTable(each.wanted.table, there)))) return []
    if (columns.includes(each.wanted)) return each.how === 'missing' ? [{ ...each, lost: missing.filter((thing) => isOn(thing, each.wanted)) }] : []
    return columns.some((column) => isOn(each.wanted, column)) ? [] : [each]
  })
}

/** Whether a constraint or index names a column. */
const isOn = ({ kind, table, facts }: Thing, column: Thing): boolean =>
  (kind === 'constraint' || kind === 'index') &&
  table === column.table &&
  (String(facts['definition']).match(words) ?? []).some((word) => word === column.name || word === quoted(column.name))

/** Names, quoted or not. */
const words = /"(?:[^"]|"")*"|[\w$]+/g

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** In a table that does not belong there, or in what is no table. */
const isOfStrange = ({ kind, table }: Thing, extra: readonly Thing[], there: readonly Thing[]): boolean =>
  kind !== 'table' && (isNoTable(table, there) || extra.some((each) => each.kind === 'table' && each.table === table))

const isNoTable = (name: string, there: readonly Thing[]): boolean =>
  there.some(({ kind, table, facts }) => kind === 'table' && table === name && facts['form'] !== 'table')
