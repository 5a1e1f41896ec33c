import type { DeclaredModel } from '../document.js'
import type { Field, Schema } from '../../model.js'
import { maxNameBytes } from '../../names.js'
import type { Report, Spot } from '../../problem.js'
import { reservedColumns } from '../reserved.js'
import type { Declarations } from '../validate.js'

/** Reports tables, columns and indexes whose SQL names clash or are too long. Tables and indexes share one namespace in PostgreSQL. */
export const checkSqlNames = ({ models }: Declarations, schema: Schema, report: Report): void => {
  const relations = new Map<string, string>()
  const claim = (name: string, owner: string, at: Spot | undefined): void => {
    const other = relations.get(name)
    relations.set(name, other ?? owner)
    if (at === undefined) return
    if (other !== undefined) report('SG205', at, `${owner} and ${other} are both called "${name}" in SQL`, 'give one of the models another table:')
    checkLength(name, at, report)
  }
  for (const model of schema.models) {
    const declared = models.get(model.name)
    claim(model.table, `the table of ${model.name}`, declared?.table?.at ?? declared?.name.at)
    if (declared !== undefined) checkColumns(declared, model.fields, report)
  }
  for (const model of schema.models) {
    const at = models.get(model.name)?.name.at
    for (const index of model.indexes) claim(index.name, `an index of ${model.name}`, at)
  }
}

const checkColumns = (declared: DeclaredModel, fields: readonly Field[], report: Report): void => {
  const columns = new Map<string, string>()
  const words = new Map([...(declared.join?.sides ?? []), ...declared.fields].map((each) => [each.name.text, each]))
  for (const field of fields) {
    const name = field.reference?.relation ?? field.name
    const word = words.get(name)
    const at = word?.column?.at ?? word?.name.at
    const other = columns.get(field.column)
    columns.set(field.column, other ?? name)
    if (at === undefined) continue
    if (other !== undefined) report('SG205', at, `"${name}" and "${other}" have the same column "${field.column}"`, 'give one of them another column:')
    if (reservedColumns.has(field.column)) {
      report('SG202', at, `the column "${field.column}" is PostgreSQL's or the generator's own`, 'give the field another column:')
    }
    if (word?.name.text !== undefined && isTooLong(word.name.text)) continue
    checkLength(field.column, at, report)
  }
}

const checkLength = (name: string, at: Spot, report: Report): void => {
  if (!isTooLong(name)) return
  report('SG203', at, `"${name}" has ${Buffer.byteLength(name)} bytes, more than ${maxNameBytes}`, 'PostgreSQL would cut it off: give a shorter table: or column:')
}

const isTooLong = (name: string): boolean => Buffer.byteLength(name) > maxNameBytes
