import { buildModel } from './build-model.js'
import type { Document } from './document.js'
import type { Schema } from './model.js'
import { parse } from './parse.js'
import { type Problem, type Report, reportInto, sortProblems } from './problem.js'
import { readDocument } from './read-document.js'
import { readSchemaFiles } from './schema-files.js'
import { validateDocuments, validateSchema } from './validate.js'

export type ReadSchema =
  | { readonly ok: true; readonly schema: Schema; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Reads the schema that files and folders make up together. All problems are told at once, in reading order; `ok` means that
 * none of them is an error. Throws only for failures of the machine (a file that vanishes while it is read).
 */
export const readSchema = async (paths: readonly string[]): Promise<ReadSchema> => {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const files = await readSchemaFiles(paths, report)
  const documents = files.map((file) => {
    const root = parse(file, report)
    return root === null ? null : readDocument(file.file, root, report)
  })
  const readable = documents.filter((each) => each !== null)
  const complete = readable.length > 0 && readable.length === documents.length && !problems.some(isAboutFiles)
  const schema = complete ? build(readable, report) : null
  const sorted = sortProblems(problems)
  return schema === null || sorted.some((each) => each.severity === 'error')
    ? { ok: false, problems: sorted }
    : { ok: true, schema, warnings: sorted }
}

const build = (documents: readonly Document[], report: Report): Schema => {
  validateDocuments(documents, report)
  const schema = buildModel(documents, report)
  validateSchema(documents, schema, report)
  return schema
}

/** A file is missing: names that it declares would all be reported as unknown. */
const isAboutFiles = (problem: Problem): boolean => problem.length === 0
