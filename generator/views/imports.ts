import { type Code, code, ident, join, literal } from './code.js'
import { type RuntimeSymbol, symbols } from './symbols.js'

/**
 * The imports of one file, gathered while its view is made: each call says that a name is used and returns it.
 * Holds state; one instance per file.
 */
export class Imports {
  readonly #names = new Map<string, Map<string, 'type' | 'value'>>()

  /** A name of the runtime. */
  runtime(name: RuntimeSymbol): Code {
    const [from, kind] = symbols[name]
    return this.#add(from, name, kind)
  }

  /** A type of a sibling file: `../shared/task.js`. */
  type(from: string, name: string): Code {
    return this.#add(from, name, 'type')
  }

  /** A value (function, class, constant) of a sibling file. */
  value(from: string, name: string): Code {
    return this.#add(from, name, 'value')
  }

  /** Import statements: packages first, then siblings, each in alphabetical order. */
  statements(): readonly Code[] {
    return [...this.#names]
      .toSorted(([left], [right]) => Number(left.startsWith('.')) - Number(right.startsWith('.')) || compare(left, right))
      .map(([from, names]) => statement(from, [...names]))
  }

  #add(from: string, name: string, kind: 'type' | 'value'): Code {
    const names = this.#names.get(from) ?? new Map<string, 'type' | 'value'>()
    this.#names.set(from, names)
    if (names.get(name) !== 'value') names.set(name, kind)
    return ident(name)
  }
}

const statement = (from: string, names: readonly (readonly [string, 'type' | 'value'])[]): Code => {
  const typesOnly = names.every(([, kind]) => kind === 'type')
  const specifiers = names
    .toSorted(([left, one], [right, other]) => compare(one, other) || compare(left, right))
    .map(([name, kind]) => (kind === 'type' && !typesOnly ? code`type ${ident(name)}` : ident(name)))
  const keyword = typesOnly ? code`import type` : code`import`
  const short = code`${keyword} { ${join(specifiers)} } from ${literal(from)}`
  return short.length <= 130 ? short : code`${keyword} {\n${join(specifiers.map((each) => code`  ${each},\n`), '')}} from ${literal(from)}`
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
