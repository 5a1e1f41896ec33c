/** Tables of docs/laws.md, as data: a row is a law, its cells narrow columns, an empty cell stands for every value of its column. */
import { readFileSync } from 'node:fs'

/** All values of all columns: their product is what a table decides. */
export type Columns = { readonly [column: string]: readonly string[] }
export type Cell<Of extends Columns> = { readonly [Column in keyof Of]: Of[Column][number] }

export interface Line {
  readonly law: string
  readonly cells: Readonly<Record<string, readonly string[]>>
  readonly outcome: string
}

export interface Table {
  /** What the last column is called. */
  readonly last: string
  readonly columns: Columns
  readonly lines: readonly Line[]
}

/**
 * The table whose header has exactly these columns between "law" and its last column. With SYNCGEN_FLIP=R17,C101, the outcome of
 * each of these lines is another one: its test must fail then (`npm run flip`).
 */
export const tableOf = (columns: Columns): readonly Line[] => {
  const names = Object.keys(columns)
  const found = headers().find((header) => header.columns.join() === names.join())
  if (found === undefined) throw new Error(`docs/laws.md has no table of ${names.join(', ')}`)
  return flipped(linesUnder(found.at, names), process.env['SYNCGEN_FLIP'])
}

/** All tables of laws. Their columns have the values that some line names; one that no line narrows has one for all. */
export const tables = (): readonly Table[] =>
  headers().map(({ at, columns: names, last }) => {
    const lines = linesUnder(at, names)
    const valuesOf = (name: string): readonly string[] => [...new Set(lines.flatMap(({ cells }) => cells[name] ?? []))]
    const columns = Object.fromEntries(names.map((name) => [name, valuesOf(name).length === 0 ? ['any'] : valuesOf(name)]))
    return { last, columns, lines: flipped(lines, process.env['SYNCGEN_FLIP']) }
  })

/** The table with another outcome, of those that it knows, in these lines. */
export const flipped = (lines: readonly Line[], laws: string | undefined): readonly Line[] => {
  const outcomes = outcomesOf(lines)
  return lines.map((line) =>
    laws?.split(',').includes(line.law) === true
      ? { ...line, outcome: outcomes[(outcomes.indexOf(line.outcome) + 1) % outcomes.length] ?? '' }
      : line,
  )
}

/** Each outcome once. */
export const outcomesOf = (lines: readonly Line[]): readonly string[] => [...new Set(lines.map(({ outcome }) => outcome))]

export const covers = (line: Line, cell: Readonly<Record<string, string>>): boolean => {
  for (const column in line.cells) {
    const values = line.cells[column] ?? []
    if (values.length > 0 && !values.includes(cell[column] ?? '')) return false
  }
  return true
}

/** Every combination of the columns. */
export const product = <Of extends Columns>(columns: Of): readonly Cell<Of>[] =>
  Object.entries(columns).reduce<readonly Readonly<Record<string, string>>[]>(
    (cells, [column, values]) => cells.flatMap((cell) => values.map((value) => ({ ...cell, [column]: value }))),
    [{}],
  ) as readonly Cell<Of>[]

/** What is wrong with a table as such: combinations in no line or in several, values that no column has, laws that stand twice. */
export const faultsOf = (lines: readonly Line[], columns: Columns, cells: readonly Readonly<Record<string, string>>[]): readonly string[] => {
  const unknown = lines.flatMap(({ law, cells: own }) =>
    Object.entries(own).flatMap(([column, values]) => values.flatMap((value) => (columns[column]?.includes(value) ? [] : [`${law}: ${column} ${value}`]))),
  )
  const twice = lines.map(({ law }) => law).filter((law, at, all) => all.indexOf(law) !== at)
  const used = new Set<string>()
  const uncovered = cells.flatMap((cell) => {
    const covering = lines.filter((line) => covers(line, cell)).map(({ law }) => law)
    for (const law of covering) used.add(law)
    return covering.length === 1 ? [] : [`${JSON.stringify(cell)} is in ${covering.length === 0 ? 'no line' : covering.join(', ')}`]
  })
  const idle = lines.filter(({ law }) => !used.has(law)).map(({ law }) => `${law} covers nothing`)
  return [...unknown, ...twice, ...uncovered, ...idle]
}

const headers = () =>
  rows.flatMap(([first, ...rest], at) => (first === 'law' ? [{ at, columns: rest.slice(0, -1), last: rest.at(-1) ?? '' }] : []))

const linesUnder = (header: number, names: readonly string[]): readonly Line[] => {
  const end = rows.findIndex((cells, at) => at > header && cells.length === 0)
  return rows.slice(header + 2, end).map(([law = '', ...rest]): Line => {
    const cells = names.map((column, at) => [column, rest[at] === '' ? [] : (rest[at] ?? '').split(', ')] as const)
    return { law, cells: Object.fromEntries(cells), outcome: rest.at(-1) ?? '' }
  })
}

const cellsOf = (text: string): readonly string[] => {
  const cells = /^\|.*\|$/.test(text) ? text.split('|').slice(1, -1) : []
  return cells.map((cell) => cell.trim())
}

const rows = readFileSync(new URL('../../docs/laws.md', import.meta.url), 'utf8').split('\n').map(cellsOf)
