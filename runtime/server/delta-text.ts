import type { Uuid } from '../protocol/descriptor.js'
import type { ClaimChange } from '../protocol/messages.js'
import type { RowText } from './reading.js'

/** A delta on its way to becoming JSON. Rows come as text, so that a row is encoded once for all clients that get it. */
export class DeltaText {
  readonly #rows = new Map<string, Map<Uuid, string>>()
  readonly #claims = new Map<string, MutableClaimChange>()
  #bytes = 0
  #count = 0

  /** Rows and removals in it. */
  get count(): number {
    return this.#count
  }

  /** About how long its text is. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#claims.size === 0
  }

  /** The scope claims this row. */
  add(scope: number, model: string, row: RowText): void {
    const rows = this.#rows.get(model) ?? new Map<Uuid, string>()
    this.#rows.set(model, rows)
    if (!rows.has(row.id)) this.#bytes += row.text.length
    rows.set(row.id, row.text)
    this.#key(scope, model).add.push(row.id)
    this.#grow()
  }

  /** The scope's claim on this row ends, or the row itself has. */
  remove(scope: number, model: string, id: Uuid, reason: 'out' | 'deleted'): void {
    this.#key(scope, model)[reason].push(id)
    this.#grow()
  }

  /** All claims of the scope on this model end, before those of this delta begin. */
  reset(scope: number, model: string): void {
    this.#key(scope, model).reset = true
  }

  /** The delta as JSON; empty afterwards. */
  take(): string {
    const rows = [...this.#rows].map(([model, texts]) => `${JSON.stringify(model)}:[${[...texts.values()].join(',')}]`)
    const text = `{"rows":{${rows.join(',')}},"claims":${JSON.stringify([...this.#claims.values()] satisfies ClaimChange[])}}`
    this.#rows.clear()
    this.#claims.clear()
    this.#bytes = 0
    this.#count = 0
    return text
  }

  #grow(): void {
    this.#bytes += bytesOfKey
    this.#count += 1
  }

  #key(scope: number, model: string): MutableClaimChange {
    const key = `${scope} ${model}`
    const known = this.#claims.get(key)
    if (known !== undefined) return known
    const change: MutableClaimChange = { scope, model, add: [], out: [], deleted: [] }
    this.#claims.set(key, change)
    return change
  }
}

interface MutableClaimChange {
  readonly scope: number
  readonly model: string
  reset?: true
  readonly add: Uuid[]
  readonly out: Uuid[]
  readonly deleted: Uuid[]
}

/** A uuid in quotes and a comma. */
const bytesOfKey = 39
