/** Which comparisons were met: each operator on each type that has it, with null on either side, and under negation. */
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'

/** A condition on a field, somewhere in a where. */
export interface Met {
  readonly model: string
  readonly field: string
  readonly type: FieldDescriptor
  readonly operator: Operator
  /** Whether null is what the field is compared with, or among it. */
  readonly withNull: boolean
  readonly source: 'constant' | 'parameter' | 'claim'
  /** `root`: of the row itself; `some`, `none`, `every`: of rows that a to-many relation leads to, innermost last. */
  readonly under: 'root' | 'one' | 'some' | 'none' | 'every'
}

export type Operator = 'equals' | 'not' | 'in' | 'notIn' | 'lt' | 'lte' | 'gt' | 'gte' | 'startsWith' | 'contains'

/** `equals` is a value in the place of operators. Of json, bytes and lists only null can be asked for by it. */
export const operatorsOf = ({ type }: FieldDescriptor): readonly Operator[] => {
  switch (type) {
    case 'json':
    case 'bytes':
      return ['equals', 'not']
    case 'list':
      return ['equals', 'not', 'contains']
    case 'boolean':
    case 'uuid':
    case 'enum':
      return ['equals', 'not', 'in', 'notIn']
    case 'string':
    case 'text':
      return ['equals', 'not', 'in', 'notIn', 'lt', 'lte', 'gt', 'gte', 'startsWith', 'contains']
    default:
      return ['equals', 'not', 'in', 'notIn', 'lt', 'lte', 'gt', 'gte']
  }
}

/** Whether equality of such a field asks for null and for nothing else. */
export const onlyNull = ({ type }: FieldDescriptor): boolean => type === 'json' || type === 'bytes' || type === 'list'

interface Cell {
  pairs: number
  readonly missing: Set<Circumstance>
}

type Circumstance = 'null in the row' | 'null beside it' | 'a parameter' | 'a claim' | 'under none' | 'under every'

/** Owns the counts of one run. */
export class Coverage {
  readonly #cells = new Map<string, Cell>()

  constructor(types: readonly FieldDescriptor[]) {
    for (const type of types) {
      for (const operator of operatorsOf(type)) {
        const bound: readonly Circumstance[] = onlyNull(type) && operator !== 'contains' ? [] : ['a parameter', 'a claim']
        this.#cells.set(keyOf(type, operator), {
          pairs: 0,
          missing: new Set<Circumstance>(['null in the row', 'null beside it', 'under none', 'under every', ...bound]),
        })
      }
    }
  }

  /** `nulls`: whether some of these rows have null in the field. */
  add({ type, operator, withNull, source, under }: Met, rows: number, nulls: boolean): void {
    const cell = this.#cells.get(keyOf(type, operator))
    if (cell === undefined) throw new Error(`${operator} on ${type.type} is in no table`)
    if (under === 'root') cell.pairs += rows
    if (nulls) cell.missing.delete('null in the row')
    if (withNull) cell.missing.delete('null beside it')
    if (source !== 'constant') cell.missing.delete(`a ${source}`)
    if (under === 'none' || under === 'every') cell.missing.delete(`under ${under}`)
  }

  /** What was never met. */
  gaps(): readonly string[] {
    return [...this.#cells].flatMap(([key, { pairs, missing }]) =>
      [...(pairs === 0 ? ['of the row itself'] : []), ...missing].map((circumstance) => `${key}, ${circumstance}`),
    )
  }

  /** Operators by types, with the pairs in which the condition was one of the row itself. */
  table(): string {
    const keys = [...this.#cells.keys()].map((key) => key.split(' '))
    const types = [...new Set(keys.map(([type = '']) => type))]
    const operators = [...new Set(keys.map(([, operator = '']) => operator))]
    const line = (first: string, others: readonly string[]): string => first.padEnd(12) + others.map((each) => each.padStart(11)).join('')
    const pairs = (type: string, operator: string): string => String(this.#cells.get(`${type} ${operator}`)?.pairs ?? '')
    return [
      line('', operators),
      ...types.map((type) => line(type, operators.map((operator) => pairs(type, operator)))),
    ].join('\n')
  }
}

const keyOf = ({ type, of }: FieldDescriptor, operator: Operator): string => `${type === 'list' ? `${of ?? 'string'}[]` : type} ${operator}`
