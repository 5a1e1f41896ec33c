import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const runtime = fileURLToPath(new URL('../../runtime', import.meta.url))
const sources = readdirSync(runtime, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('testing/'))

const operator = String.raw`\s*(?:[=!]==?|<>|(?<!=)[<>]=?|(?<=\.\w+) = (?=\w+\.))\s*`
const compares = (name: string): RegExp => new RegExp(`${name}["?!]*${operator}[$\\w("']|[\\w)"']${operator}[\\w.?]*${name}`)

/** What could decide a conflict. */
const suspects: Readonly<Record<string, RegExp>> = {
  'is given an edit and a stored row': /\breconcile\(|\bfieldsInConflict\(|\bStoredRow\b/,
  'compares versions': compares(String.raw`\b(?:[a-z]\w*V|v)ersions?\b`),
  'compares times of edits': new RegExp(
    `${compares('\\b(?:edited_at|editedAt|edit_at|updated_at|updatedAt)').source}|(?:max|min|greatest|least)\\([^)]*(?:edited_at|editedAt|updatedAt)`,
  ),
}

/** Where it stands all the same, and why. A line that is not found any more is to be taken out. */
const reasons: Readonly<Record<string, string>> = {
  'server/apply-mutation.ts is given an edit and a stored row': 'asks reconcile, and does what it says',
  'server/stored-rows.ts is given an edit and a stored row': 'makes the stored row that reconcile is given',
  'server/apply-mutation.ts compares versions': 'whether the author saw a stored row at all, to look up when that version came to be: a bound of his time',
  'server/edit-times.ts compares versions': 'finds the log row of a version that somebody saw, for its time',
  'server/edit-times.ts compares times of edits': 'the last of the log’s times for a field, which reconcile is told',
  'server/links.ts compares versions': 'whether an op is on a link that its author has not seen stored, which may stand under another key',
  'server/line-cursor.ts compares versions': 'which of the rows that a device holds it has as they are',
  'client/upgrade.ts compares versions': 'version 0, of a row that was worked out: its scope is compared',
  'client/base.ts compares versions': 'the same version from the server twice is the same row: nothing to do',
}

/** What is about something else: `why` says what. */
const unrelated: readonly { readonly line: RegExp; readonly why: string }[] = [
  { line: /^\s*(?:\/?\*|\/\/)/, why: 'comments' },
  { line: /^import|^\s*type \w+,|^export \{/, why: 'imports' },
  { line: /protocolVersion|server_version|schemaVersion|formatVersion|minVersion/, why: 'versions of other things than rows' },
]

const found = (): ReadonlyMap<string, readonly string[]> => {
  const places = new Map<string, string[]>()
  for (const path of sources.filter((each) => each !== 'protocol/reconcile.ts')) {
    for (const line of readFileSync(join(runtime, path), 'utf8').split('\n')) {
      if (unrelated.some((each) => each.line.test(line))) continue
      for (const [what, pattern] of Object.entries(suspects)) {
        const place = `${path} ${what}`
        if (pattern.test(line)) places.set(place, [...(places.get(place) ?? []), line.trim()])
      }
    }
  }
  return places
}

describe('conflicts are decided in one place', () => {
  it('[R60] nothing else in the runtime is given an edit and a stored row, or compares versions or times of edits, but for a reason', () => {
    expect(sources.length).toBeGreaterThan(100)
    const places = found()
    expect([...places].filter(([place]) => !(place in reasons))).toEqual([])
    expect(Object.keys(reasons).filter((place) => !places.has(place))).toEqual([])
  })

  it.for<readonly [what: string, line: string]>([
    ['compares versions', 'if (row.version > op.version) return'],
    ['compares versions', 'where t."version" <> $2'],
    ['compares versions', 'const newer = version !== seenVersion'],
    ['compares times of edits', 'if (row.updatedAt > mine.at) keep()'],
    ['compares times of edits', 'const last = Math.max(at, row.editedAt)'],
    ['compares times of edits', 'select greatest(c.edited_at, $1)'],
    ['is given an edit and a stored row', 'const decision = reconcile(stored, edit, rules)'],
  ])('[R60] would be found: %s: %s', ([what, line]) => {
    expect(suspects[what]?.test(line)).toBe(true)
  })
})
