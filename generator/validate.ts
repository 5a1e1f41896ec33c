import type { Document } from './document.js'
import type { Schema } from './model.js'
import type { Report } from './problem.js'
import { checkCreateRules } from './validate/create-rules.js'
import { checkDeclarations } from './validate/declarations.js'
import { checkGeneratedNames } from './validate/generated-names.js'
import { checkModels } from './validate/models.js'
import { checkNames } from './validate/names.js'
import { checkRenames } from './validate/renames.js'
import { checkScopes } from './validate/scopes.js'
import { checkSqlNames } from './validate/sql-names.js'
import { checkWeakerRules } from './validate/weaker-rules.js'

/** Reports what is wrong with the declarations before anything is looked up in them. */
export const validateDocuments = (documents: readonly Document[], report: Report): void => {
  checkDeclarations(documents, report)
  checkNames(documents, report)
  checkRenames(documents, report)
}

/** Reports what is wrong with a schema as a whole: clashes, unsafe scopes, rules that undo each other. */
export const validateSchema = (documents: readonly Document[], schema: Schema, report: Report): void => {
  const declared = declarationsOf(documents)
  checkModels(declared, schema, report)
  checkGeneratedNames(declared, schema, report)
  checkSqlNames(declared, schema, report)
  checkScopes(declared, schema, report)
  checkCreateRules(declared, schema, report)
  checkWeakerRules(declared, schema, report)
}

/** Where the parts of a schema were declared, by name. */
export type Declarations = ReturnType<typeof declarationsOf>

const declarationsOf = (documents: readonly Document[]) => ({
  documents,
  models: new Map(documents.flatMap((each) => each.models).map((each) => [each.name.text, each])),
  scopes: new Map(documents.flatMap((each) => each.scopes).map((each) => [each.name.text, each])),
})
