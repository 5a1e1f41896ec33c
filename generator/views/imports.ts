import { posix } from 'node:path'
import { type Code, code, ident, join, literal } from './code.js'
import type { Folder } from './paths.js'
import { type RuntimeSymbol, symbols } from './symbols.js'

/** The imports of one file, gathered while its view is made: each call says that a name is used, and returns it. */
export class Imports {
  readonly #folder: Folder
  readonly #output: string
  readonly #names = new Map<string, Map<string, Kind>>()

  /** `output` is the output folder, relative to where the generator was called, with `/`. */
  constructor(folder: Folder, output: string) {
    this.#folder = folder
    this.#output = output
  }

  /** A name of the runtime. */
  runtime(name: RuntimeSymbol): Code {
    const [from, kind] = symbols[name]
    return this.#add(from, name, kind)
  }

  /** A type of another generated file: `shared/task`. */
  type(file: string, name: string): Code {
    return this.#add(this.#sibling(file), name, 'type')
  }

  /** A class, function or constant of another generated file. */
  value(file: string, name: string): Code {
    return this.#add(this.#sibling(file), name, 'value')
  }

  /** A type of the app's, in a file beside the schema. */
  appType({ file, name }: { readonly file: string; readonly name: string }): Code {
    const path = posix.relative(posix.join(this.#output, this.#folder), file).replace(/\.ts$/, '.js')
    return this.#add(path.startsWith('.') ? path : `./${path}`, name, 'type')
  }

  /** Import statements: packages first, then siblings, each in alphabetical order. */
  statements(): readonly Code[] {
    return [...this.#names]
      .toSorted(([left], [right]) => Number(left.startsWith('.')) - Number(right.startsWith('.')) || compare(left, right))
      .map(([from, names]) => statement(from, [...names]))
  }

  #sibling(file: string): string {
    const inFolder = `${this.#folder}/`
    return file.startsWith(inFolder) ? `./${file.slice(inFolder.length)}.js` : `../${file}.js`
  }

  #add(from: string, name: string, kind: Kind): Code {
    const names = this.#names.get(from) ?? new Map<string, Kind>()
    this.#names.set(from, names)
    if (names.get(name) !== 'value') names.set(name, kind)
    return ident(name)
  }
}

type Kind = 'type' | 'value'

const statement = (from: string, names: readonly (readonly [string, Kind])[]): Code => {
  const typesOnly = names.every(([, kind]) => kind === 'type')
  const specifiers = names
    .toSorted(([left, one], [right, other]) => compare(one, other) || compare(left, right))
    .map(([name, kind]) => (kind === 'type' && !typesOnly ? code`type ${ident(name)}` : ident(name)))
  const keyword = typesOnly ? code`import type` : code`import`
  const line = code`${keyword} { ${join(specifiers)} } from ${literal(from)}`
  if (line.length <= 130) return line
  return code`${keyword} {\n${join(specifiers.map((each) => code`  ${each},\n`), '')}} from ${literal(from)}`
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
