import type { DeclaredEnum, DeclaredScope, DeclaredValue, Document, Word } from './document.js'
import { keyOf, listIn, mapIn, MapReader, wordIn } from './map-reader.js'
import type { Entry, Node } from './parse.js'
import type { Report } from '../problem.js'
import { readModel } from './read-model.js'

/** The declarations of one file. What has the wrong shape is reported and left out. */
export const readDocument = (file: string, root: Node, report: Report): Document | null => {
  const map = mapIn(root, 'a schema file', report)
  if (map === null) return null
  const reader = new MapReader(map, 'file', 'a schema file', report)
  checkVersion(reader, report)
  return {
    file,
    at: map.at,
    name: reader.word('name'),
    versions: reader.entry('versions')?.value ?? null,
    claims: readValues(reader, 'claims', report),
    enums: reader.entries('enums').flatMap((entry) => readEnum(entry, report) ?? []),
    models: reader.entries('models').flatMap((entry) => readModel(entry, report) ?? []),
    scopes: reader.entries('scopes').flatMap((entry) => readScope(entry, report) ?? []),
  }
}

const checkVersion = (reader: MapReader, report: Report): void => {
  const hint = 'begin the file with `syncgen: 1`'
  const version = reader.require('syncgen', hint)?.value
  if (version === undefined || (version.kind === 'scalar' && version.value === 1)) return
  report('SG105', version.at, 'this version of the schema language is unknown: 1 is the only one', hint)
}

const readValues = (reader: MapReader, key: 'claims' | 'params', report: Report): readonly DeclaredValue[] =>
  reader.entries(key).flatMap((entry) => {
    const type = wordIn(entry.value, `the type of "${entry.key}"`, report)
    return type === null ? [] : [{ name: keyOf(entry), type }]
  })

/** `Role: [owner, editor]` or `Role: { values: […], doc: … }`. */
const readEnum = (entry: Entry, report: Report): DeclaredEnum | null => {
  const name = keyOf(entry)
  if (entry.value.kind !== 'map') {
    const items = listIn(entry.value, `enum ${name.text}`, report)
    return items === null ? null : { name, ...readEnumValues(name, items, report), doc: null }
  }
  const reader = new MapReader(entry.value, 'enum', `enum ${name.text}`, report)
  reader.require('values', 'list its values: values: [todo, done]')
  return { name, ...readEnumValues(name, reader.items('values'), report), doc: reader.word('doc') }
}

const readEnumValues = (name: Word, items: readonly Node[], report: Report): Pick<DeclaredEnum, 'values' | 'dropped'> => {
  const values: DeclaredEnum['values'][number][] = []
  const dropped: DeclaredEnum['dropped'][number][] = []
  for (const item of items) {
    if (item.kind !== 'map') {
      const word = wordIn(item, 'a value of an enum', report)
      if (word !== null) values.push({ name: word, was: null })
      continue
    }
    const reader = new MapReader(item, 'enumValue', 'a value of an enum', report)
    reader.require('name', 'write { name: done, was: finished }')
    const [word, was, to] = [reader.word('name'), reader.word('was'), reader.word('to')]
    if (was !== null && to !== null) report('SG112', to.at, '"was" and "to" of one value', '`was` is what a value was called before; `to` says that there is no such value any more, and what became of it')
    if (word !== null && to !== null) dropped.push({ name: word, to })
    else if (word !== null) values.push({ name: word, was })
  }
  if (values.length === 0) report('SG102', name.at, `enum ${name.text} has no value`, 'list at least one: [todo]')
  return { values, dropped }
}

const readScope = (entry: Entry, report: Report): DeclaredScope | null => {
  const name = keyOf(entry)
  const map = mapIn(entry.value, `scope ${name.text}`, report)
  if (map === null) return null
  for (const each of map.entries) refuseLimit(each, report)
  const known = { ...map, entries: map.entries.filter((each) => !isLimit(each.key)) }
  const reader = new MapReader(known, 'scope', `scope ${name.text}`, report)
  const hint = 'name the models it carries, one line each: tables: { Task: { projectId: $params.projectId } }'
  const tables = reader.require('tables', hint)
  const lines = reader.entries('tables')
  if (tables?.value.kind === 'map' && lines.length === 0) report('SG102', tables.at, `scope ${name.text} carries nothing`, hint)
  return {
    name,
    doc: reader.word('doc'),
    public: reader.flag('public'),
    params: readValues(reader, 'params', report),
    lines: lines.map((line) => ({ model: keyOf(line), where: line.value })),
  }
}

/** Keys that ask for an order or a part of the rows; where one stands in a scope, SG410 says why not. */
export const isLimit = (key: string): boolean => /^(limit|offset|order_?by|first|last|top|take|skip)$/i.test(key)

const refuseLimit = (entry: Entry, report: Report): void => {
  if (!isLimit(entry.key)) return
  const hint = 'a scope is a set: narrow it by its predicate, and order or limit in the query on the client'
  report('SG410', entry.at, `"${entry.key}" has no place in a scope`, hint)
}
