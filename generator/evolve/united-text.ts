/**
 * What git left in a lock file that it could not merge. Two new lines at one place look to it like a conflict, and are none: both sides are
 * put together again, and have what each of them added.
 */
import { isDeepStrictEqual } from 'node:util'

/** The text with what both sides added. Null: they changed the same thing, or one took something away. */
export const unitedText = (text: string): string | null => {
  const lines = text.replaceAll('\r\n', '\n')
  try {
    const [ours, theirs] = [sideOf(lines, 1), sideOf(lines, 2)]
    const united = unitedBlock(ours, theirs, [], { ours: onlyIn(ours, theirs), theirs: onlyIn(theirs, ours) })
    return united === null ? null : JSON.stringify(united, null, 2)
  } catch {
    return null
  }
}

/** The first line with a mark of git's, counted from 1; 0: there is none. */
export const firstMark = (text: string): number => text.split('\n').findIndex((line) => /^(?:<{7}|\|{7}|={7}|>{7})/.test(line)) + 1

type Block = Readonly<Record<string, unknown>>

/** The file as one side has it, with all that git could merge. The version of before both is shown where git is told to. */
const sideOf = (text: string, side: 1 | 2): Block => JSON.parse(text.replaceAll(hunk, (_, ours: string, theirs: string) => (side === 1 ? ours : theirs))) as Block

const hunk = /^<{7}[^\n]*\n((?:(?![|=]{7})[^\n]*\n)*)(?:\|{7}[^\n]*\n(?:(?!={7})[^\n]*\n)*)?={7}\n((?:(?!>{7})[^\n]*\n)*)>{7}[^\n]*\n/gm

/** What the migrations touch that only one side has: what it added. */
const onlyIn = (own: Block, other: Block): ReadonlySet<string> =>
  new Set(
    Object.entries(own['migrations'] as Readonly<Record<string, { readonly touches: readonly string[] }>>).flatMap(([name, { touches }]) =>
      name in (other['migrations'] as Block) ? [] : touches,
    ),
  )

interface Added {
  readonly ours: ReadonlySet<string>
  readonly theirs: ReadonlySet<string>
}

const unitedBlock = (ours: Block, theirs: Block, path: readonly string[], added: Added): Block | null => {
  const united: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const way = [...path, key]
    const [left, right] = [ours[key], theirs[key]]
    if (left === undefined || right === undefined) {
      if (!isAdded(way, left ?? right, left === undefined ? added.theirs : added.ours)) return null
      united[key] = left ?? right
    } else if (isDeepStrictEqual(left, right)) united[key] = left
    else if (isField(way) && isDeepStrictEqual(wherever(left), wherever(right))) united[key] = left
    else {
      const both = isBlock(way) ? unitedBlock(left as Block, right as Block, way, added) : null
      if (both === null) return null
      united[key] = both
    }
  }
  return united
}

/** What stands on one side only was added there, or taken away on the other: migrations tell. */
const isAdded = ([part, model = '', of, name = '']: readonly string[], value: unknown, touched: ReadonlySet<string>): boolean => {
  if (part === 'migrations' || part === 'versions') return true
  if (part !== 'models') return false
  if (of === undefined) return touched.has(model)
  if (of === 'fields') return touched.has(`${model}.${name}`)
  return of === 'indexes' && touched.has(`${model}(${(value as { readonly fields: readonly string[] }).fields.join(', ')})`)
}

const isBlock = ([part, model, of, name]: readonly string[]): boolean =>
  name === undefined && (part === 'migrations' || part === 'versions' ? model === undefined : part === 'models' && (of === undefined || of === 'fields' || of === 'indexes'))

const isField = ([part, , of, name]: readonly string[]): boolean => part === 'models' && of === 'fields' && name !== undefined

/** A field, wherever it stands: the schema says in which order fields are. */
const wherever = (field: unknown): object => ({ ...(field as object), after: null })
