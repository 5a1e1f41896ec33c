import { digestOf } from './digest.js'
import { expectedBoard, expectedHome, type RowsById } from './expected.js'
import type { Stage } from './stage.js'

/** One line of the comparison: a device's rows of one scope against SQL's. */
export interface Compared {
  readonly cells: readonly string[]
  readonly equal: boolean
}

/**
 * Compares every scope of every device with SQL: the number of rows that the scope claims in the cache, and the values that the cache
 * has for the rows that SQL says belong to it. Then the whole cache: it must hold these rows, each once, and nothing else.
 */
export const compare = async ({ sql, cast, ada, bob, cy }: Stage): Promise<readonly Compared[]> => {
  const people = [
    { device: ada, user: cast.ada, boards: [cast.apollo, cast.borealis] },
    { device: bob, user: cast.bob, boards: [cast.apollo] },
    { device: cy, user: cast.cy, boards: [cast.apollo, cast.borealis] },
  ]
  const titles: Readonly<Record<string, string>> = { [cast.apollo]: 'board Apollo', [cast.borealis]: 'board Borealis' }
  const lines: Compared[] = []
  for (const { device, user, boards } of people) {
    const { held, claimed } = await device.tell('report', null)
    const expected: Record<string, RowsById> = { home: await expectedHome(sql, user) }
    for (const project of boards) expected[project] = await expectedBoard(sql, user, project)
    for (const [scope, rows] of Object.entries(expected)) {
      const cached = Object.keys(rows).flatMap((id) => held[id] ?? [])
      lines.push(line([device.name, titles[scope] ?? scope], [claimed[scope] ?? 0, cached], Object.values(rows)))
    }
    const together: RowsById = Object.assign({}, ...Object.values(expected))
    lines.push(line([device.name, 'all it holds'], [Object.keys(held).length, Object.values(held)], Object.values(together)))
  }
  return lines
}

const line = (
  names: readonly string[],
  [count, cached]: readonly [count: number, rows: readonly string[]],
  stored: readonly string[],
): Compared => {
  const [ours, theirs] = [digestOf(cached), digestOf(stored)]
  const equal = count === stored.length && ours === theirs
  return { cells: [...names, String(count), String(stored.length), ours, theirs, equal ? 'equal' : 'DIFFERENT'], equal }
}
