/** What the database committed, read from the table that triggers keep: the truth that promises are held against. */
import type { Field, Schema } from '../../../generator/model.js'
import type { Control } from '../database/control.js'
import type { Gate } from '../database/gate.js'

export interface Entry {
  readonly id: number
  /** Of the transaction in which it happened; decides nothing, and stands in no trace. */
  readonly xid: string
  /** Whose connection it was: `sim:` and a name. */
  readonly who: string
  /** Mark of the transaction in which it happened, if the runtime made it. */
  readonly tx: string | null
  readonly model: string
  /** `M`: a migration, from which on the row looks as it does `after`. */
  readonly op: 'I' | 'U' | 'D' | 'T' | 'M'
  readonly key: string | null
  /** By column, as PostgreSQL's json says them; bigints and decimals are texts. */
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
  /** The mutation that did it, if one did. */
  readonly mutation: { readonly client: string; readonly seq: number; readonly outcome: string } | null
}

export class History {
  readonly entries: Entry[] = []
  /** Every unique text that was ever stored. */
  readonly marks = new Set<string>()
  /** Ids of entries that restores took back. */
  readonly #undone = new Set<number>()
  /** Every key that was ever stored. */
  readonly keys = new Set<string>()
  readonly #control: () => Control
  readonly #gate: () => Gate
  readonly #statement: string
  #commits = 0

  /** @param irs - versions of the schema that the database may have */
  constructor(irs: readonly Schema[], control: () => Control, gate: () => Gate) {
    this.#control = control
    this.#gate = gate
    const columns = `id::int, xid, who, tx, nth, model, op, key::text, ${exactly(irs, 'before')} as before, ${exactly(irs, 'after')} as after`
    this.#statement = `with gone as (delete from sim.audit returning *) select ${columns} from gone order by id`
  }

  /** Reads what was committed since; returns it in the order of its rows. */
  async read(): Promise<readonly Entry[]> {
    const gate = this.#gate()
    if (gate.commits === this.#commits) return []
    this.#commits = gate.commits
    const rows = await this.#control().sql(this.#statement)
    const entries = rows.map((row): Entry => {
      const { nth, ...rest } = row as unknown as Omit<Entry, 'mutation'> & { readonly nth: number | null }
      const push = rest.tx === null || nth === null ? undefined : gate.push(rest.tx)
      const seq = push?.seqs[nth ?? 0]
      return { ...rest, mutation: push === undefined || seq === undefined ? null : { client: push.client, seq, outcome: push.outcomes[nth ?? 0] ?? '' } }
    })
    for (const { key, after } of entries) {
      if (key !== null) this.keys.add(key)
      for (const value of Object.values(after ?? {})) for (const mark of marksIn(value)) this.marks.add(mark)
    }
    this.entries.push(...entries)
    return entries
  }

  /**
   * The database is that of a backup, made when there were so many entries. Texts that were only stored since are not stored any
   * more, but for those that somebody was told to be: they are lost, as declared. Returns what the restore changed.
   */
  restored(backup: number, xid: string, isTold: (mark: string) => boolean): readonly Entry[] {
    const undone = undoing(this.entries, backup, xid)
    for (const { id } of this.entries.slice(backup)) this.#undone.add(id)
    const kept = new Set(this.entries.slice(0, backup).flatMap(marksOf))
    const since = new Set(this.entries.slice(backup).flatMap(marksOf))
    for (const mark of since) if (!kept.has(mark) && !isTold(mark)) this.marks.delete(mark)
    this.entries.push(...undone)
    return undone
  }

  /** Whether a restore took it back: it did not happen, and no row tells of it. */
  isUndone({ id }: Pick<Entry, 'id'>): boolean {
    return this.#undone.has(id)
  }

  /** The highest id of an entry. */
  get lastId(): number {
    return lastIdOf(this.entries)
  }
}

/** Not that of the last one: a transaction that was open for long has lower ones than those that committed before it. */
const lastIdOf = (entries: readonly Entry[]): number => entries.reduce((last, { id }) => Math.max(last, id), 0)

const marksOf = ({ after }: Entry): readonly string[] => Object.values(after ?? {}).flatMap(marksIn)

/**
 * What the restore of a backup did, as if one transaction had done it: the entries since the backup undone, row by row.
 * `xid`: one that everybody sees who came after the restore.
 */
export const undoing = (entries: readonly Entry[], backup: number, xid: string): readonly Entry[] => {
  const [then, now] = [imagesOf(entries.slice(0, backup)), imagesOf(entries)]
  const first = lastIdOf(entries) + 1
  const changed = [...new Set([...then.keys(), ...now.keys()])].filter((place) => then.get(place)?.image !== now.get(place)?.image)
  return changed.flatMap((place, at) => {
    const { model, key } = then.get(place) ?? now.get(place) ?? { model: '', key: '' }
    const [before, after] = [now.get(place)?.image ?? null, then.get(place)?.image ?? null]
    const op = before === null ? 'I' : after === null ? 'D' : 'U'
    return [{ id: first + at, xid, who: restorer, tx: null, model, op, key, before, after, mutation: null }]
  })
}

/** Who restores backups. */
export const restorer = 'restore'

/** The last image of every row that is there, by model and key. */
const imagesOf = (entries: readonly Entry[]): ReadonlyMap<string, { readonly model: string; readonly key: string; readonly image: Entry['after'] }> => {
  const rows = new Map<string, { readonly model: string; readonly key: string; readonly image: Entry['after'] }>()
  for (const { model, op, before, after } of entries) {
    if (op === 'T') for (const [place, row] of rows) if (row.model === model) rows.delete(place)
    if (before !== null) rows.delete(`${model} ${String(before['id'])}`)
    const key = String(after?.['id'])
    if (after !== null) rows.set(`${model} ${key}`, { model, key, image: after })
  }
  return rows
}

/** Numbers that JavaScript has not, as texts. */
const exactly = (irs: readonly Schema[], image: 'before' | 'after'): string => {
  const columns = new Map<string, Set<string>>()
  for (const { name, fields } of irs.flatMap(({ models }) => models)) {
    for (const { column } of fields.filter(isExact)) columns.set(name, (columns.get(name) ?? new Set()).add(column))
  }
  const cases = [...columns].map(([name, exact]) => {
    const texts = [...exact].map((column) => `${literal(column)}, ${image} ->> ${literal(column)}`)
    return `when ${literal(name)} then ${image} || jsonb_build_object(${texts.join(', ')})`
  })
  return cases.length === 0 ? image : `case model ${cases.join(' ')} else ${image} end`
}

const isExact = ({ type }: Field): boolean => type.kind === 'bigint' || type.kind === 'decimal'

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** What devices write into texts, as it stands in a value that is one. There is no device 0: its texts are words of a drawn schema, which anybody may write. */
export const marksIn = (value: unknown): readonly string[] =>
  typeof value === 'string' ? [...value.matchAll(/d[1-9]\d*:\d+/g)].map(([mark]) => mark) : []
