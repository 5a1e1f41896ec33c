import type { DeclaredIndex, DeclaredModel, Word } from './document.js'
import type { Ground, Shape } from './ground.js'
import { partsOf } from './logic.js'
import type { Field, Index, Model, Predicate } from '../model.js'
import { indexName } from '../names.js'
import { compilePredicate } from './predicate.js'
import { didYouMean } from './suggest.js'

/** An index before it is named. */
export type NamelessIndex = Omit<Index, 'name'>

/** The indexes that a model declares: uniques of fields, a join's pair, then `unique` and `indexes`. */
export const readIndexes = (declared: DeclaredModel, shape: Shape, ground: Ground): readonly NamelessIndex[] => {
  const unique = (...fields: readonly Field[]): NamelessIndex => ({ fields: fields.map((each) => each.name), unique: true, deferrable: false, where: null, derived: false })
  const indexes = shape.fields.filter((each) => each.unique).map((each) => unique(each))
  if (declared.join !== null) indexes.push(unique(...joinSides(shape)))
  for (const each of declared.indexes) {
    const index = readIndex(each, shape, ground)
    if (index === null) continue
    if (indexes.some((other) => isSameIndex(other, index))) {
      ground.report('SG306', each.at, `an index on ${index.fields.join(', ')} was written before`, 'remove one of the two; a unique is an index, too')
    } else {
      indexes.push(index)
    }
  }
  return indexes
}

/** The two references of a join model. */
export const joinSides = (shape: Pick<Shape, 'fields'>): readonly Field[] => shape.fields.filter((each) => each.reference !== null).slice(0, 2)

/** `indexes` and an index for each field of `wanted` that leads none of them, with their SQL names. */
export const completeIndexes = (
  indexes: readonly NamelessIndex[],
  wanted: ReadonlySet<string>,
  { table, fields }: Pick<Model, 'table' | 'fields'>,
): readonly Index[] => {
  const leading = new Set(indexes.filter((each) => each.where === null).map((each) => each.fields[0]))
  const derived = fields
    .filter((each) => wanted.has(each.name) && !leading.has(each.name))
    .map((each): NamelessIndex => ({ fields: [each.name], unique: false, deferrable: false, where: null, derived: true }))
  const taken = new Set<string>()
  return [...indexes, ...derived].map((index) => {
    const columns = index.fields.map((name) => fields.find((each) => each.name === name)?.column ?? name)
    const ending = index.unique ? 'key' : 'idx'
    let name = indexName(table, columns, ending)
    for (let count = 2; taken.has(name); count++) name = indexName(table, [...columns, String(count)], ending)
    taken.add(name)
    return { name, ...index }
  })
}

const readIndex = (declared: DeclaredIndex, shape: Shape, ground: Ground): NamelessIndex | null => {
  if (declared.on.length === 0) {
    ground.report('SG102', declared.at, 'an index without fields', 'list at least one: [projectId]')
    return null
  }
  const fields = declared.on.map((word) => readColumn(word, shape, ground))
  if (new Set(declared.on.map((each) => each.text)).size < declared.on.length) {
    ground.report('SG306', declared.at, 'a field stands twice in this index', 'name each field once')
  }
  const where = declared.where === null ? null : compilePredicate(declared.where, shape, ground)
  if (declared.where !== null && where !== null && !isLocal(where)) {
    ground.report('SG307', declared.where.at, 'a partial index can only compare fields of its own rows with constants', 'leave relations, claims and $can out of its where')
  }
  const deferrable = declared.deferrable?.value === true
  if (deferrable && (!declared.unique || where !== null)) {
    ground.report('SG309', declared.deferrable?.at ?? declared.at, 'only a unique of all rows can be deferrable', 'PostgreSQL defers constraints, and a plain or partial index is none: leave out deferrable, or where')
  }
  return { fields: fields.filter((each) => each !== null), unique: declared.unique, deferrable, where, derived: false }
}

const readColumn = (word: Word, shape: Shape, ground: Ground): string | null => {
  const field = shape.fields.find((each) => each.name === word.text)
  if (field === undefined) {
    if (shape.broken.has(word.text)) return null
    const relation = shape.relations.find((each) => each.name === word.text && each.kind === 'one')
    const hint = relation?.kind === 'one' ? `an index names the reference by its id: ${relation.field}` : didYouMean(word.text, shape.fields.map((each) => each.name))
    ground.report('SG305', word.at, `${shape.name} has no field "${word.text}"`, hint)
    return null
  }
  if (!isIndexable(field)) {
    ground.report('SG308', word.at, `"${field.name}" is ${field.type.kind} and cannot be indexed`, 'index fields with an order: text, numbers, times, uuid, boolean or enum')
  }
  return field.name
}

/** Whether values of the field have one order and one equality on both sides. */
export const isIndexable = ({ type }: Field): boolean => type.kind !== 'json' && type.kind !== 'bytes' && type.kind !== 'list'

const isLocal = (predicate: Predicate): boolean => {
  if (predicate.kind === 'one' || predicate.kind === 'some') return false
  if (predicate.kind === 'compare') return predicate.value.kind === 'literal'
  if (predicate.kind === 'in') return predicate.values.every((each) => each.kind === 'literal')
  return partsOf(predicate).every(isLocal)
}

const isSameIndex = (left: NamelessIndex, right: NamelessIndex): boolean =>
  JSON.stringify([left.fields, left.where]) === JSON.stringify([right.fields, right.where])
