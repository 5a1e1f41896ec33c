import { posix } from 'node:path'
import { type Code, code, ident, join, literal } from './code.js'
import type { Folder } from './paths.js'
import { type RuntimeSymbol, symbols } from './symbols.js'

/** The imports of one file, gathered while its view is made: each call says that a name is used, and returns it. */
export class Imports {
  readonly #folder: Folder
  readonly #output: string
  readonly #schemas: string
  readonly #names = new Map<string, Map<string, Kind>>()

  /** `output` is the output folder and `schemas` that of the schema, relative to where the generator was called, with `/`. */
  constructor(folder: Folder, output: string, schemas: string) {
    this.#folder = folder
    this.#output = output
    this.#schemas = schemas
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
  appType(named: NameInFile): Code {
    return this.#add(this.#pathTo(named.file), named.name, 'type')
  }

  /** A function of the app's, in a file beside the schema. */
  appValue(named: NameInFile): Code {
    return this.#add(this.#pathTo(named.file), named.name, 'value')
  }

  /** Import statements: packages first, then siblings, each in alphabetical order. */
  statements(): readonly Code[] {
    return [...this.#names]
      .toSorted(([left], [right]) => Number(left.startsWith('.')) - Number(right.startsWith('.')) || compare(left, right))
      .map(([from, names]) => statement(from, [...names]))
  }

  #pathTo(file: string): string {
    const path = posix.relative(posix.join(this.#output, this.#folder), posix.join(this.#schemas, file)).replace(/\.ts$/, '.js')
    return path.startsWith('.') ? path : `./${path}`
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

/** Something that the app exports from a file, which is named relative to the folder of the schema. */
export interface NameInFile {
  readonly file: string
  readonly name: string
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
