import type { DeclaredAccess, DeclaredConversion, DeclaredField, DeclaredIndex, DeclaredJoin, DeclaredModel, DeclaredPolicy, DeclaredReference, Word } from './document.js'
import { keyOf, listIn, mapIn, MapReader, wordIn } from './map-reader.js'
import type { Entry, Node } from './parse.js'
import type { Report } from '../problem.js'

/** One model as declared. */
export const readModel = (entry: Entry, report: Report): DeclaredModel | null => {
  const name = keyOf(entry)
  const map = mapIn(entry.value, `model ${name.text}`, report)
  if (map === null) return null
  const reader = new MapReader(map, 'model', `model ${name.text}`, report)
  return {
    name,
    doc: reader.word('doc'),
    was: reader.word('was'),
    table: reader.word('table'),
    plural: reader.word('plural'),
    timestamps: reader.flag('timestamps'),
    capture: reader.word('capture'),
    conflict: readPolicy(reader.entry('conflict'), report),
    deleteConflict: reader.word('deleteConflict'),
    public: reader.flag('public'),
    join: readJoin(reader.entry('join'), report),
    fields: reader.entries('fields').flatMap((each) => readField(each, report) ?? []),
    indexes: [
      ...reader.items('unique').flatMap((item) => readIndex(item, true, report) ?? []),
      ...reader.items('indexes').flatMap((item) => readIndex(item, false, report) ?? []),
    ],
    access: readAccess(reader.entry('access'), name, report),
  }
}

/** `title: string`, `title: { type: string, max: 120 }` or `owner: { ref: User, … }`. */
const readField = (entry: Entry, report: Report): DeclaredField | null => {
  const name = keyOf(entry)
  if (entry.value.kind === 'scalar') {
    const type = wordIn(entry.value, `the type of "${name.text}"`, report)
    return type === null ? null : { kind: 'scalar', name, type, ...noOptions, max: null, pattern: null, default: null, ts: null, convert: null }
  }
  const map = mapIn(entry.value, `field "${name.text}"`, report)
  if (map === null) return null
  if (map.entries.some((each) => each.key === 'ref')) {
    return readReference(name, new MapReader(map, 'reference', `reference "${name.text}"`, report), report)
  }
  const reader = new MapReader(map, 'scalar', `field "${name.text}"`, report)
  reader.require('type', 'write { type: string }, or { ref: Model } for a reference')
  const type = reader.word('type')
  if (type === null) return null
  return {
    kind: 'scalar',
    name,
    type,
    ...optionsOf(reader, report),
    max: reader.entry('max')?.value ?? null,
    pattern: reader.word('pattern'),
    default: reader.entry('default')?.value ?? null,
    ts: reader.word('ts'),
    convert: readConversion(reader.entry('convert'), report),
  }
}

const readReference = (name: Word, reader: MapReader, report: Report): DeclaredReference | null => {
  const ref = reader.word('ref')
  if (ref === null) return null
  return { kind: 'reference', name, ref, ...optionsOf(reader, report), inverse: reader.word('inverse'), onDelete: reader.word('onDelete') }
}

const optionsOf = (reader: MapReader, report: Report) => ({
  column: reader.word('column'),
  unique: reader.flag('unique'),
  readonly: reader.flag('readonly'),
  immutable: reader.flag('immutable'),
  serverOnly: reader.flag('serverOnly'),
  conflict: readPolicy(reader.entry('conflict'), report),
  doc: reader.word('doc'),
  was: reader.word('was'),
  deprecated: reader.flag('deprecated'),
  backfill: reader.entry('backfill')?.value ?? null,
})

const readConversion = (entry: Entry | null, report: Report): DeclaredConversion | null => {
  const map = entry === null ? null : mapIn(entry.value, '"convert"', report)
  if (map === null) return null
  const reader = new MapReader(map, 'convert', '"convert"', report)
  const hint = 'say from which type, and how: convert: { from: int, as: { text: $old } }'
  const as = reader.require('as', hint)
  const from = reader.require('from', hint) === null ? null : reader.word('from')
  return from === null || as === null ? null : { at: map.at, from, as: as.value, back: reader.entry('back')?.value ?? null }
}

/** `latest`, or `{ custom: ./merge.ts#mergeNotes }`. */
const readPolicy = (entry: Entry | null, report: Report): DeclaredPolicy | null => {
  if (entry === null) return null
  if (entry.value.kind !== 'map') {
    const word = wordIn(entry.value, '"conflict"', report)
    return word === null ? null : { ...word, custom: null }
  }
  const reader = new MapReader(entry.value, 'policy', '"conflict"', report)
  reader.require('custom', 'name the function that merges: conflict: { custom: ./merge.ts#mergeNotes }')
  const custom = reader.word('custom')
  return custom === null ? null : { text: 'custom', at: entry.value.at, custom }
}

const noOptions: ReturnType<typeof optionsOf> = {
  column: null, unique: null, readonly: null, immutable: null, serverOnly: null, conflict: null, doc: null, was: null,
  deprecated: null, backfill: null,
}

/** `{ task: Task.labels, label: Label.tasks }`; a side may be written out as a reference. */
const readJoin = (entry: Entry | null, report: Report): DeclaredJoin | null => {
  if (entry === null) return null
  const hint = 'name two references: join: { task: Task.labels, label: Label.tasks }'
  const map = mapIn(entry.value, '"join"', report)
  if (map === null) return null
  if (map.entries.length !== 2) report('SG303', entry.at, `a join has two references, not ${map.entries.length}`, hint)
  return { at: entry.at, sides: map.entries.flatMap((each) => readJoinSide(each, report) ?? []) }
}

const readJoinSide = (entry: Entry, report: Report): DeclaredReference | null => {
  const name = keyOf(entry)
  if (entry.value.kind === 'map') {
    return readReference(name, new MapReader(entry.value, 'joinSide', `join reference "${name.text}"`, report), report)
  }
  const word = wordIn(entry.value, `join reference "${name.text}"`, report)
  if (word === null) return null
  const [ref = '', inverse, ...rest] = word.text.split('.')
  if (rest.length > 0) {
    report('SG303', word.at, `"${word.text}" is not Model or Model.inverse`, 'write the model and the name it gives the other side: Task.labels')
    return null
  }
  const inverseWord = inverse === undefined ? null : { text: inverse, at: word.at }
  return { kind: 'reference', name, ref: { text: ref, at: word.at }, ...noOptions, inverse: inverseWord, onDelete: null }
}

/** `[projectId, state]` or `{ on: [assigneeId], where: {…}, unique: true }`. */
const readIndex = (item: Node, unique: boolean, report: Report): DeclaredIndex | null => {
  if (item.kind !== 'map') {
    const items = listIn(item, unique ? 'an entry of "unique"' : 'an index', report)
    return items === null ? null : { at: item.at, on: readColumns(items, report), unique, deferrable: null, where: null }
  }
  const reader = new MapReader(item, 'index', 'an index', report)
  if (reader.require('on', 'list its fields: { on: [assigneeId], where: { state: { not: done } } }') === null) return null
  return {
    at: item.at,
    on: readColumns(reader.items('on'), report),
    unique: unique || (reader.flag('unique')?.value ?? false),
    deferrable: reader.flag('deferrable'),
    where: reader.entry('where')?.value ?? null,
  }
}

const readColumns = (items: readonly Node[], report: Report): readonly Word[] =>
  items.flatMap((item) => wordIn(item, 'a field of an index', report) ?? [])

const readAccess = (entry: Entry | null, name: Word, report: Report): DeclaredAccess | null => {
  if (entry === null) {
    const hint = 'say who may do what: access: { read: { ownerId: $auth.sub } }; a rule that is missing allows nobody'
    report('SG501', name.at, `model ${name.text} has no access rules`, hint)
    return null
  }
  const map = mapIn(entry.value, '"access"', report)
  if (map === null) return null
  const reader = new MapReader(map, 'access', `access of ${name.text}`, report)
  const rules = reader.map.entries.map((each) => ({ action: keyOf(each), where: each.value }))
  return { at: entry.at, rules }
}
