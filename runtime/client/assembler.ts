/** Joins rows with the relations that a query includes, and reuses what did not change since it last did so. */
import type { Uuid } from '../protocol/descriptor.js'
import type { CompiledInclude } from './query.js'
import type { AnyRow } from './row.js'

export class Assembler {
  readonly #parts: readonly Part[]
  #last = new Map<Uuid, Assembled>()
  #current = new Map<Uuid, Assembled>()

  constructor(includes: readonly CompiledInclude[]) {
    this.#parts = includes.map((include) => ({ include, nested: new Assembler(include.includes) }))
  }

  /** Rows with their relations. Objects and arrays that would be equal to those of the last call are those of the last call. */
  assembleAll(rows: readonly AnyRow[]): readonly unknown[] {
    const results = Object.freeze(rows.map((row) => this.#assemble(row)))
    this.#turn()
    return results
  }

  #assemble(row: AnyRow): unknown {
    if (this.#parts.length === 0) return row
    const current = this.#current.get(row.id)
    if (current !== undefined) return current.result
    const last = this.#last.get(row.id)
    const parts = this.#parts.map((part, at) => this.#read(part, row, last?.parts[at]))
    const isSame = last?.row === row && last.parts.every((part, at) => part === parts[at])
    const assembled = isSame ? last : { row, parts, result: this.#join(row, parts) }
    this.#current.set(row.id, assembled)
    return assembled.result
  }

  #read({ include, nested }: Part, row: AnyRow, last: unknown): unknown {
    const related = include.select(include.related(row)).map((each) => nested.#assemble(each))
    return include.isMany ? shared(Array.isArray(last) ? (last as readonly unknown[]) : [], Object.freeze(related)) : related[0]
  }

  #join(row: AnyRow, parts: readonly unknown[]): unknown {
    return Object.freeze({ ...row, ...Object.fromEntries(this.#parts.map(({ include }, at) => [include.name, parts[at]])) })
  }

  /** What was not met this time is forgotten. */
  #turn(): void {
    this.#last = this.#current
    this.#current = new Map()
    for (const { nested } of this.#parts) nested.#turn()
  }
}

/** The last array, if the new one holds the same things. */
export const shared = <Each>(last: readonly Each[], now: readonly Each[]): readonly Each[] =>
  last.length === now.length && last.every((each, at) => Object.is(each, now[at])) ? last : now

interface Part {
  readonly include: CompiledInclude
  readonly nested: Assembler
}

interface Assembled {
  readonly row: AnyRow
  readonly parts: readonly unknown[]
  readonly result: unknown
}
