import type { FieldType, Operand, Schema, Scope } from '../model.js'
import { parameterType, valueLiteral } from './field-types.js'

/** Where a statement's parameter comes from: the verified identity (`auth.sub`) or the scope (`params.projectId`). */
export type Binding = `auth.${string}` | `params.${string}`

/** An SQL text and the sources of the parameters that follow its own. */
export interface Statement {
  readonly text: string
  readonly values: readonly Binding[]
}

/** The parameters of one statement, numbered in the order in which its text first mentions them. Owns that order. */
export class Parameters {
  readonly #schema: Schema
  readonly #scope: Scope | null
  readonly #own: number
  readonly #values: Binding[] = []

  /** `own`: how many parameters the statement has before these. */
  constructor(schema: Schema, scope: Scope | null, own: number) {
    this.#schema = schema
    this.#scope = scope
    this.#own = own
  }

  get values(): readonly Binding[] {
    return [...this.#values]
  }

  /** The operand as SQL, null included: `$2::uuid`, or a literal of the type it is compared with. */
  sql(operand: Operand, type: FieldType): string {
    if (operand.kind === 'literal') return operand.value === null ? 'null' : valueLiteral(type, operand.value)
    const source = this.#source(operand)
    const binding: Binding = operand.kind === 'claim' ? `auth.${operand.name}` : `params.${operand.name}`
    if (!this.#values.includes(binding)) this.#values.push(binding)
    const number = `$${this.#own + this.#values.indexOf(binding) + 1}`
    return source.type.kind === 'bytes' ? `decode(${number}::text, 'base64')` : `${number}::${parameterType(source.type)}`
  }

  canBeNull(operand: Operand): boolean {
    return operand.kind === 'literal' ? operand.value === null : this.#source(operand).nullable
  }

  isList(operand: Operand): boolean {
    return operand.kind !== 'literal' && this.#source(operand).type.kind === 'list'
  }

  typeOf(operand: Exclude<Operand, { kind: 'literal' }>): FieldType {
    return this.#source(operand).type
  }

  #source(operand: Exclude<Operand, { kind: 'literal' }>): { readonly type: FieldType; readonly nullable: boolean } {
    const among = operand.kind === 'claim' ? this.#schema.claims : (this.#scope?.params ?? [])
    const found = among.find((each) => each.name === operand.name)
    if (found === undefined) throw new Error(`no ${operand.kind} ${operand.name}: the schema was not checked`)
    return found
  }
}
