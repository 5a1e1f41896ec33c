import type { Flag, Word } from './document.js'
import { keywords, type Place } from './keywords.js'
import type { Entry, MapNode, Node } from './parse.js'
import type { Report } from '../problem.js'
import { didYouMean } from './suggest.js'

/** Takes the values of one map apart by its keywords; unknown keywords and values of another shape are reported. */
export class MapReader {
  readonly map: MapNode
  readonly #report: Report
  readonly #what: string

  constructor(map: MapNode, place: Place, what: string, report: Report) {
    this.map = map
    this.#report = report
    this.#what = what
    const known: readonly string[] = keywords[place]
    for (const entry of map.entries) {
      if (!known.includes(entry.key)) {
        report('SG101', entry.at, `unknown keyword "${entry.key}" in ${what}`, didYouMean(entry.key, known))
      }
    }
  }

  entry(key: string): Entry | null {
    return this.map.entries.find((each) => each.key === key) ?? null
  }

  /** Reports a keyword that has to be there. */
  require(key: string, hint: string): Entry | null {
    const entry = this.entry(key)
    if (entry === null) this.#report('SG103', this.map.at, `${this.#what} has no "${key}"`, hint)
    return entry
  }

  word(key: string): Word | null {
    const entry = this.entry(key)
    return entry === null ? null : wordIn(entry.value, `"${key}"`, this.#report)
  }

  flag(key: string): Flag | null {
    const entry = this.entry(key)
    if (entry === null) return null
    const { value } = entry
    if (value.kind === 'scalar' && typeof value.value === 'boolean') return { value: value.value, at: value.at }
    this.#report('SG102', value.at, `"${key}" must be true or false`, 'write true, or leave the keyword out')
    return null
  }

  entries(key: string): readonly Entry[] {
    const entry = this.entry(key)
    return entry === null ? [] : (mapIn(entry.value, `"${key}"`, this.#report)?.entries ?? [])
  }

  items(key: string): readonly Node[] {
    const entry = this.entry(key)
    return entry === null ? [] : (listIn(entry.value, `"${key}"`, this.#report) ?? [])
  }
}

/** The text of a string scalar. */
export const wordIn = (node: Node, what: string, report: Report): Word | null => {
  if (node.kind === 'scalar' && typeof node.value === 'string') return { text: node.value, at: node.at }
  const hint = node.kind === 'scalar' && node.source !== '' ? `put it in quotes: "${node.source}"` : 'write one word or a quoted text'
  report('SG102', node.at, `${what} must be text, not ${shapeOf(node)}`, hint)
  return null
}

export const mapIn = (node: Node, what: string, report: Report): MapNode | null => {
  if (node.kind === 'map') return node
  report('SG102', node.at, `${what} must be a map, not ${shapeOf(node)}`, 'write key: value pairs, one level further in')
  return null
}

export const listIn = (node: Node, what: string, report: Report): readonly Node[] | null => {
  if (node.kind === 'list') return node.items
  report('SG102', node.at, `${what} must be a list, not ${shapeOf(node)}`, 'write [one, two], or one "- item" per line')
  return null
}

/** The key of an entry as a word. */
export const keyOf = (entry: Entry): Word => ({ text: entry.key, at: entry.at })

const shapeOf = (node: Node): string => {
  if (node.kind !== 'scalar') return `a ${node.kind}`
  if (node.value === null) return 'nothing'
  if (typeof node.value === 'boolean') return String(node.value)
  return typeof node.value === 'string' ? 'text' : 'a number'
}
