import { digestOf } from './digest.js'
import { expectedBoard, expectedHome, type ScopeRows } from './expected.js'
import type { DeviceProcess } from './process.js'
import type { Stage } from './stage.js'

/** One line of the comparison: a device's rows of one scope against SQL's. */
export interface Compared {
  readonly cells: readonly string[]
  readonly equal: boolean
}

/** Compares every scope of every device with SQL, and the number of rows it holds with that of all its scopes together. */
export const compare = async ({ sql, cast, ada, bob, cy }: Stage): Promise<readonly Compared[]> => {
  const people = [
    { device: ada, user: cast.ada, boards: [cast.apollo, cast.borealis] },
    { device: bob, user: cast.bob, boards: [cast.apollo] },
    { device: cy, user: cast.cy, boards: [cast.apollo, cast.borealis] },
  ]
  const names: Readonly<Record<string, string>> = { home: 'home', [cast.apollo]: 'board Apollo', [cast.borealis]: 'board Borealis' }
  const lines: Compared[] = []
  for (const { device, user, boards } of people) {
    const { scopes, held } = await device.tell('report', null)
    const expected: Record<string, ScopeRows> = { home: await expectedHome(sql, user) }
    for (const project of boards) expected[project] = await expectedBoard(sql, user, project)
    for (const [scope, rows] of Object.entries(expected)) lines.push(scopeLine(device, names[scope] ?? scope, scopes[scope] ?? {}, rows))
    lines.push(heldLine(device, held, Object.values(expected)))
  }
  return lines
}

const scopeLine = ({ name }: DeviceProcess, scope: string, cached: ScopeRows, stored: ScopeRows): Compared => {
  const [ours, theirs] = [all(cached), all(stored)]
  const [digest, wanted] = [digestOf(ours), digestOf(theirs)]
  return line(name, scope, [ours.length, theirs.length], [digest, wanted])
}

/** A cache must hold nothing else, either: each row once, whatever number of scopes covers it. */
const heldLine = ({ name }: DeviceProcess, held: Readonly<Record<string, number>>, scopes: readonly ScopeRows[]): Compared => {
  const together = new Set(scopes.flatMap(all))
  const count = Object.values(held).reduce((sum, size) => sum + size, 0)
  return line(name, 'all it holds', [count, together.size], ['', ''])
}

const line = (name: string, scope: string, counts: readonly [number, number], digests: readonly [string, string]): Compared => {
  const equal = counts[0] === counts[1] && digests[0] === digests[1]
  return { cells: [name, scope, String(counts[0]), String(counts[1]), digests[0], digests[1], equal ? 'equal' : 'DIFFERENT'], equal }
}

const all = (scope: ScopeRows): readonly string[] => Object.entries(scope).flatMap(([table, rows]) => rows.map((row) => `${table} ${row}`))
