/**
 * TypeScript source as a value of its own: only the functions of this file make a `Code`, so that no text of a schema can
 * stand in the output except as a literal, a checked identifier or a comment.
 */
import type { JsonValue } from '../model.js'

/** A piece of TypeScript that we made. Templates place it as it is. */
export type Code = string & { readonly [made]: true }

declare const made: unique symbol

/** Source with holes; what goes into a hole is source already. ``code`${ident('row')}.${ident('title')}` `` → `row.title` */
export const code = (parts: TemplateStringsArray, ...holes: readonly (Code | number)[]): Code =>
  parts.reduce((text, part, at) => `${text}${holes[at - 1] ?? ''}${part}`) as Code

/** A name as it stands in source. @throws Error if it is not an identifier: the schema was not checked. */
export const ident = (name: string): Code => {
  if (!identifier.test(name)) throw new Error(`${JSON.stringify(name)} is not an identifier: the schema was not checked`)
  return name as Code
}

/** A name for a parameter or constant: an identifier that is no reserved word. `binding('class')` → `class_` */
export const binding = (name: string): Code => ident(reserved.has(name) ? `${name}_` : name)

/** Pieces one after the other. `join([a, b], ' | ')` → `a | b` */
export const join = (pieces: readonly Code[], separator = ', '): Code => pieces.join(separator) as Code

/** A union type: on one line behind `room` columns, else one member a line. */
export const union = (members: readonly Code[], room: number): Code => {
  const line = join(members, ' | ')
  return room + line.length <= widest ? line : (members.map((member) => `\n  | ${member}`).join('') as Code)
}

/** An array literal: on one line behind `room` columns, else one element a line, in a block indented by `indent`. */
export const array = (elements: readonly Code[], room = 0, indent = 0): Code => {
  const line = code`[${join(elements)}]`
  if (room + line.length <= widest) return line
  const margin = ' '.repeat(indent)
  return `[\n${elements.map((element) => `${margin}  ${element},\n`).join('')}${margin}]` as Code
}

/** An object literal on one line. `object([['type', literal('uuid')]])` → `{ type: 'uuid' }` */
export const object = (entries: readonly (readonly [key: string, value: Code])[]): Code =>
  entries.length === 0 ? code`{}` : code`{ ${join(entries.map(([key, value]) => code`${property(key)}: ${value}`))} }`

/** A value as a literal that reads back as the same value, on one line, whatever characters it has. */
export const literal = (value: JsonValue): Code => {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value) as Code
  if (typeof value === 'string') return `'${escaped(value, "'")}'` as Code
  if (Array.isArray(value)) return code`[${join(value.map(literal))}]`
  return object(Object.entries(value).map(([key, each]) => [key, literal(each)]))
}

/** The inside of a template literal: lines stay lines, nothing ends it, nothing is substituted. */
export const templateText = (text: string): Code =>
  text.split('\n').map((line) => escaped(line, '`').replaceAll('${', '\\${')).join('\n') as Code

/** A doc comment, closed where it should be: on one line if it fits, else wrapped. Compiler directives lose their force. */
export const docComment = (text: string, indent = 0): Code => {
  const safe = text.replace(unprintable, ' ').replaceAll('*/', '*\\/').replace(/@(?=ts-)/g, '@ ')
  const [first = '', ...rest] = wrapped(safe, 120 - indent)
  if (rest.length === 0) return `/** ${first} */` as Code
  const margin = ' '.repeat(indent)
  return `/**\n${[first, ...rest].map((line) => `${margin} * ${line}\n`).join('')}${margin} */` as Code
}

/** So many spaces. */
export const margin = (columns: number): Code => ' '.repeat(columns) as Code

const widest = 130

/** A property's name: bare, quoted, or computed where it would set the prototype. */
export const property = (key: string): Code => {
  if (key === '__proto__') return code`['__proto__']`
  return identifier.test(key) ? (key as Code) : literal(key)
}

const identifier = /^[A-Za-z_$][A-Za-z0-9_$]*$/

const reserved = new Set(
  `arguments as async await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for from function get if implements import in instanceof interface let new null of package private protected public
  return set static super switch this throw true try type typeof undefined var void while with yield`.split(/\s+/),
)

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu

const escaped = (text: string, quote: string): string =>
  text
    .replace(/[\\'`]/g, (character) => (character === '\\' || character === quote ? `\\${character}` : character))
    .replaceAll('\n', '\\n')
    .replaceAll('</', '\\u003c/')
    .replace(unprintable, unicodeEscapes)

const unicodeEscapes = (text: string): string =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')

const wrapped = (text: string, width: number): readonly string[] => {
  const lines: string[] = []
  for (const word of text.trim().split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
