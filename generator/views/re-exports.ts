/** What the index of each side passes on. */
import type { Schema } from '../model.js'
import { type Code, code, ident, join, literal } from './code.js'
import { labelsName } from './field-source.js'
import type { Folder } from './paths.js'

/** `export type { names } from './from.js'` */
export interface Exported {
  readonly type: boolean
  readonly names: Code
  readonly from: Code
}

/** Types of a generated file, as the index in `folder` exports them. */
export const exported = (folder: Folder, file: string, names: readonly string[]): Exported => ({
  type: true,
  names: join(names.toSorted(byName).map(ident)),
  from: from(folder, file),
})

/** The schema's enums: types, and constants with their labels. */
export const enumExports = ({ enums }: Schema, folder: Folder): readonly Exported[] => {
  const names = enums.flatMap(({ name }) => [code`type ${ident(name)}`, ident(labelsName(name))])
  return enums.length === 0 ? [] : [{ type: false, names: join(names), from: from(folder, 'shared/enums') }]
}

const from = (folder: Folder, file: string): Code =>
  literal(file.startsWith(`${folder}/`) ? `.${file.slice(folder.length)}.js` : `../${file}.js`)

const byName = (left: string, right: string): number => (left < right ? -1 : 1)
