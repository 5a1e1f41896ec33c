import { isMap, isScalar, isSeq, LineCounter, type Node as YamlNode, parseAllDocuments, type YAMLMap } from 'yaml'
import type { Report, Spot } from '../problem.js'
import type { SchemaFile } from './schema-files.js'
import { withinLimits } from './yaml-limits.js'

/** A YAML value with its place. Strings are data: nothing in them is looked at but where the schema language says so. */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly at: Spot
  /** Integers beyond 2^53 are bigint, others number. */
  readonly value: null | boolean | number | bigint | string
  /** As written, without quotes: `1.50` is still that. */
  readonly source: string
}

export interface ListNode {
  readonly kind: 'list'
  readonly at: Spot
  readonly items: readonly Node[]
}

export interface MapNode {
  readonly kind: 'map'
  readonly at: Spot
  readonly entries: readonly Entry[]
}

/** One `key: value`; `at` is the key's place. */
export interface Entry {
  readonly key: string
  readonly at: Spot
  readonly value: Node
}

/** The file's content as a tree, or null if it cannot be read any further. Whatever is wrong with it as YAML is reported. */
export const parse = ({ file, text }: SchemaFile, report: Report): Node | null => {
  const spotAt = placesIn(file, text)
  if (!withinLimits(text, spotAt, report)) return null
  const documents = parseAllDocuments(text, { intAsBigInt: true, prettyErrors: false, version: '1.2', schema: 'core', uniqueKeys: false, logLevel: 'silent' })
  const document = documents[0]
  if (document === undefined || documents.length > 1 || document.contents === null) {
    const message = documents.length > 1 ? 'more than one YAML document in a file' : 'the file is empty'
    report('SG009', spotAt(documents[1]?.range[0] ?? 0, 1), message, 'a schema file is one YAML document that begins with `syncgen: 1`')
    return null
  }
  let readable = true
  for (const error of [...document.errors, ...document.warnings]) {
    if (error.code === 'TAG_RESOLVE_FAILED') continue
    const [start, end] = error.pos
    report('SG004', spotAt(start, end - start), plain(error.message), 'mend the YAML; indentation is by spaces, and a value with ": " or "#" needs quotes')
    readable = false
  }
  return readable ? new TreeReader(spotAt, report).read(document.contents) : null
}

/** Turns the library's nodes into ours. */
class TreeReader {
  readonly #spotAt: (start: number, length: number) => Spot
  readonly #report: Report

  constructor(spotAt: (start: number, length: number) => Spot, report: Report) {
    this.#spotAt = spotAt
    this.#report = report
  }

  read(node: YamlNode): Node {
    const [start, end] = node.range ?? [0, 1]
    const at = this.#spotAt(start, end - start)
    if (isMap(node)) return { kind: 'map', at, entries: this.#entries(node) }
    if (isSeq(node)) return { kind: 'list', at, items: node.items.map((item) => this.read(item as YamlNode)) }
    if (!isScalar(node)) return { kind: 'scalar', at, value: null, source: '' }
    const value = node.value as ScalarNode['value']
    if (typeof value === 'string') this.#checkText(value, at)
    return { kind: 'scalar', at, value: inNumberRange(value) ? Number(value) : value, source: node.source ?? '' }
  }

  /** Of a key that is written twice, the first. (The library's own check takes quadratic time.) */
  #entries(map: YAMLMap): readonly Entry[] {
    const seen = new Set<string>()
    return map.items.flatMap((pair) => {
      const key = pair.key as YamlNode
      const [start, end] = key.range ?? [0, 1]
      const at = this.#spotAt(start, end - start)
      if (!isScalar(key)) {
        this.#report('SG102', at, 'a key must be a word', 'write the key as plain text')
        return []
      }
      const text = typeof key.value === 'string' ? key.value : (key.source ?? '')
      if (seen.has(text)) {
        this.#report('SG008', at, 'this key was written before in the same map', 'merge the two, or rename one')
        return []
      }
      seen.add(text)
      this.#checkText(text, at)
      const value = pair.value === null ? { kind: 'scalar' as const, at, value: null, source: '' } : this.read(pair.value as YamlNode)
      return [{ key: text, at, value }]
    })
  }

  #checkText(text: string, at: Spot): void {
    if (text.includes('\0') || /\p{Surrogate}/u.test(text)) {
      this.#report('SG010', at, 'text with a NUL character or half a surrogate pair', 'PostgreSQL and UTF-8 cannot hold it: remove the escape')
    }
  }
}

/** Turns offsets into places; a place never reaches beyond its line. */
const placesIn = (file: string, text: string): ((start: number, length: number) => Spot) => {
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
  return (start, length) => {
    const { line, col } = lines.linePos(start)
    const lineEnd = (lines.lineStarts[line] ?? text.length + 1) - 1
    return { file, line, column: col, length: Math.max(1, Math.min(length, lineEnd - start)) }
  }
}

const inNumberRange = (value: unknown): boolean =>
  typeof value === 'bigint' && value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)

const plain = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1)
