import { isIndexable } from '../build-indexes.js'
import type { DeclaredField, DeclaredModel } from '../document.js'
import type { Field, Schema } from '../../model.js'
import type { Report } from '../../problem.js'
import type { Declarations } from '../validate.js'

/** Reports models whose parts contradict each other. */
export const checkModels = ({ models }: Declarations, schema: Schema, report: Report): void => {
  for (const model of schema.models) {
    const declared = models.get(model.name)
    if (declared === undefined) continue
    const fields = new Map(model.fields.map((each) => [each.name, each]))
    for (const each of [...(declared.join?.sides ?? []), ...declared.fields]) checkField(each, fields.get(each.name.text), report)
    checkInverses(declared, report)
  }
}

const checkField = (declared: DeclaredField, field: Field | undefined, report: Report): void => {
  const { immutable, readonly, serverOnly, unique, conflict } = declared
  if (readonly?.value === true && immutable?.value === true) {
    report('SG112', immutable.at, 'readonly and immutable', 'readonly: only the server sets it; immutable: clients set it once. Choose one')
  }
  const isFixed = [readonly, immutable, serverOnly].some((flag) => flag?.value === true)
  if (isFixed && conflict !== null && ['max', 'min', 'counter', 'set', 'custom'].includes(conflict.text)) {
    report('SG112', conflict.at, `conflict: ${conflict.text} on a field that clients cannot change`, `remove conflict: ${conflict.text}, or readonly, immutable and serverOnly`)
  }
  if (unique?.value === true && field !== undefined && !isIndexable(field)) {
    report('SG308', unique.at, `"${field.name}" is ${field.type.kind} and cannot be unique`, 'put what is unique in a field of its own')
  }
}

/** Two references of one model to the same model, or to models that share rows' names, need two inverses. */
const checkInverses = (declared: DeclaredModel, report: Report): void => {
  const references = [...(declared.join?.sides ?? []), ...declared.fields].filter((each) => each.kind === 'reference')
  references.forEach((each, at) => {
    const twin = references.slice(0, at).find((other) => target(other.ref.text) === target(each.ref.text) && other.inverse?.text === each.inverse?.text)
    if (twin === undefined || each.inverse === null) return
    const message = `"${twin.name.text}" and "${each.name.text}" both give ${target(each.ref.text)} the inverse "${each.inverse.text}"`
    report('SG302', each.inverse.at, message, 'name the rows by what they are to it: createdTasks, assignedTasks')
  })
}

const target = (ref: string): string => ref.replace('?', '').trim()
