/** Which readers a cache has, how they are called and in what order their rows come. */
import { type Field, type Index, type Model, type Schema, fieldOf } from '../model.js'
import { pascalCase } from '../names.js'

/** Rows with one value of a field, sorted by the tail of an index. */
export interface SortedReader {
  readonly kind: 'sorted'
  readonly method: string
  readonly member: string
  readonly field: Field
  readonly order: readonly Field[]
}

/** The one row with these values. */
export interface UniqueReader {
  readonly kind: 'unique'
  readonly method: string
  readonly member: string
  readonly fields: readonly Field[]
}

/** Rows of the far side of a join model: `labelsOfTask`. */
export interface ThroughReader {
  readonly method: string
  readonly near: Field
  readonly far: Field
  readonly model: string
}

/** One for each reference, one for each other field that an index begins with, one for each further index on it. */
export const sortedReaders = (model: Model): readonly SortedReader[] => {
  const leading = model.fields.filter((field) => isKey(field) && (field.reference !== null || isLed(model, field)))
  return leading.flatMap((field) => {
    const [first, ...further] = indexesOn(model, field)
    const method = readerOf(field)
    const member = isUnique(model, field) ? `all${pascalCase(method)}` : `by${pascalCase(label(field))}`
    return [
      { kind: 'sorted', method, member, field, order: first === undefined ? [] : tailOf(model, first) } as const,
      ...further.flatMap((index) => furtherReader(model, field, index)),
    ]
  })
}

/** One for each unique index that holds for all rows. */
export const uniqueReaders = (model: Model): readonly UniqueReader[] =>
  model.indexes
    .filter((index) => index.unique && index.where === null && visibleFields(model, index).every(isKey))
    .map((index) => {
      const fields = visibleFields(model, index)
      const name = `by${fields.map((field) => pascalCase(label(field))).join('And')}`
      return { kind: 'unique', method: name, member: name, fields } as const
    })
    .filter(({ fields }, at, all) => fields.length > 0 && all.findIndex((other) => other.fields.join() === fields.join()) <= at)

/** One for each relation that goes through this join model. */
export const throughReaders = (schema: Schema, model: Model): readonly ThroughReader[] =>
  schema.models.flatMap((each) =>
    each.relations.flatMap((relation) => {
      if (relation.kind !== 'through' || relation.join !== model.name) return []
      const near = fieldOf(model, relation.near)
      return [{ method: throughName(relation.name, near), near, far: fieldOf(model, relation.far), model: relation.model }]
    }),
  )

/** `ofProject` for a reference, `byState` for another field. */
export const readerOf = (field: Field): string => `${field.reference === null ? 'by' : 'of'}${pascalCase(label(field))}`

/** `labelsOfTask` */
export const throughName = (relation: string, near: Field): string => `${relation}Of${pascalCase(label(near))}`

/** What a field is called in readers: a reference by its relation. */
export const label = (field: Field): string => field.reference?.relation ?? field.name

/** Whether a reader by the field is of use: nobody asks for rows with just this json. */
const isKey = (field: Field): boolean =>
  !field.serverOnly && !['json', 'bytes', 'list'].includes(field.type.kind)

const isLed = (model: Model, field: Field): boolean =>
  field.name !== 'id' && !isUnique(model, field) && model.indexes.some((index) => !index.unique && index.fields[0] === field.name)

const isUnique = (model: Model, field: Field): boolean =>
  model.indexes.some(({ unique, where, fields }) => unique && where === null && fields.length === 1 && fields[0] === field.name)

/** Indexes that begin with the field, the one that gives the order first: whole before partial, plain before unique. */
const indexesOn = (model: Model, field: Field): readonly Index[] => {
  const rank = (index: Index): number => (index.where === null ? 0 : 2) + (index.unique ? 1 : 0)
  return model.indexes
    .filter((index) => index.fields[0] === field.name && index.fields.length > 1)
    .toSorted((left, right) => rank(left) - rank(right))
}

const furtherReader = (model: Model, field: Field, index: Index): readonly SortedReader[] => {
  const order = tailOf(model, index)
  if (index.unique || index.where !== null || order.length === 0) return []
  const name = `By${order.map((each) => pascalCase(label(each))).join('Then')}`
  return [{ kind: 'sorted', method: `${readerOf(field)}${name}`, member: `by${pascalCase(label(field))}${name}`, field, order }]
}

/** The fields after the first that order rows for a reader: none if they are only references. */
const tailOf = (model: Model, index: Index): readonly Field[] => {
  const tail = index.fields.slice(1).map((name) => fieldOf(model, name))
  const end = tail.findIndex((field) => field.serverOnly || ['json', 'bytes', 'list'].includes(field.type.kind))
  const ordered = end === -1 ? tail : tail.slice(0, end)
  return ordered.every((field) => field.reference !== null) ? [] : ordered
}

const visibleFields = (model: Model, index: Index): readonly Field[] => {
  const fields = index.fields.map((name) => fieldOf(model, name))
  return fields.some((field) => field.serverOnly) ? [] : fields
}
