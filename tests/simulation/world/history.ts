/** What the database committed, read from the table that triggers keep: the truth that promises are held against. */
import type { Schema } from '../../../generator/model.js'
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
  readonly op: 'I' | 'U' | 'D' | 'T'
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
  /** Every key that was ever stored. */
  readonly keys = new Set<string>()
  readonly #control: () => Control
  readonly #gate: () => Gate
  readonly #statement: string
  #commits = 0

  constructor(ir: Schema, control: () => Control, gate: () => Gate) {
    this.#control = control
    this.#gate = gate
    const columns = `id::int, xid, who, tx, nth, model, op, key::text, ${exactly(ir, 'before')} as before, ${exactly(ir, 'after')} as after`
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
}

/** Numbers that JavaScript has not, as texts. */
const exactly = (ir: Schema, image: 'before' | 'after'): string => {
  const cases = ir.models.flatMap(({ name, fields }) => {
    const exact = fields.filter(({ type }) => type.kind === 'bigint' || type.kind === 'decimal')
    const texts = exact.map(({ column }) => `${literal(column)}, ${image} ->> ${literal(column)}`)
    return exact.length === 0 ? [] : [`when ${literal(name)} then ${image} || jsonb_build_object(${texts.join(', ')})`]
  })
  return cases.length === 0 ? image : `case model ${cases.join(' ')} else ${image} end`
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** What devices write into texts, as it stands in a value that is one. */
export const marksIn = (value: unknown): readonly string[] =>
  typeof value === 'string' ? [...value.matchAll(/d\d+:\d+/g)].map(([mark]) => mark) : []
