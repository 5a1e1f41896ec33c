import { buildModel } from './build-model.js'
import { mergeDocuments } from './merge-documents.js'
import type { Schema } from '../model.js'
import { parse } from './parse.js'
import { type Problem, reportInto, sortProblems } from '../problem.js'
import { readDocument } from './read-document.js'
import { readSchemaFiles } from './schema-files.js'
import { besideSchema, folderOf } from './schema-folder.js'
import { validateNames, validateSchema, validateWhole } from './validate.js'

/** `folder`: where the schema lies, relative to the working directory, with `/`. */
export type ReadSchema =
  | { readonly ok: true; readonly schema: Schema; readonly folder: string; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Reads the schema that files and folders make up together. All problems are told at once, in reading order; `ok` means that
 * none of them is an error. Throws only for failures of the machine (a file that vanishes while it is read).
 */
export const readSchema = async (paths: readonly string[]): Promise<ReadSchema> => {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const failed = (): boolean => problems.some((each) => each.severity === 'error')
  const files = await readSchemaFiles(paths, report)
  const filesFailed = failed()
  const documents = files.map((file) => {
    const root = parse(file, report)
    return root === null ? null : readDocument(file.file, root, report)
  })
  const complete = documents.filter((each) => each !== null)
  // With a file missing, whatever it declares would be reported as unknown.
  if (filesFailed || complete.length < documents.length) return { ok: false, problems: sortProblems(problems) }
  const declared = mergeDocuments(complete, report)
  validateNames(declared, report)
  const schema = buildModel(declared, report)
  validateSchema(declared, schema, report)
  if (!failed()) validateWhole(declared, schema, report)
  if (failed()) return { ok: false, problems: sortProblems(problems) }
  const folder = folderOf(declared.files)
  return { ok: true, schema: besideSchema(schema, folder), folder, warnings: sortProblems(problems) }
}
