import type { Declared } from './merge-documents.js'
import type { Schema } from '../model.js'
import type { Report } from '../problem.js'
import { checkCreateRules } from './validate/create-rules.js'
import { checkDeprecated } from './validate/deprecated.js'
import { checkGeneratedNames } from './validate/generated-names.js'
import { checkModels } from './validate/models.js'
import { checkNames } from './validate/names.js'
import { checkReaders } from './validate/readers.js'
import { checkRelationNames } from './validate/relation-names.js'
import { checkRenames } from './validate/renames.js'
import { checkScopes } from './validate/scopes.js'
import { checkSqlNames } from './validate/sql-names.js'
import { checkWeakerRules } from './validate/weaker-rules.js'
import { checkWorkedOut } from './validate/worked-out.js'

/** Reports names that are wrong by themselves. */
export const validateNames = (declared: Declared, report: Report): void => {
  checkNames(declared, report)
  checkRenames(declared, report)
}

/** Reports what is wrong with a schema as a whole: clashes, unsafe scopes. */
export const validateSchema = (declared: Declared, schema: Schema, report: Report): void => {
  const declarations = declarationsOf(declared)
  checkModels(declarations, schema, report)
  checkRelationNames(declarations, schema, report)
  checkGeneratedNames(declarations, schema, report)
  checkSqlNames(declarations, schema, report)
  checkScopes(declarations, schema, report)
  checkWorkedOut(declarations, schema, report)
}

/** Reports what only shows in a schema that has no errors so far: readers of one name, rules that undo each other. */
export const validateWhole = (declared: Declared, schema: Schema, report: Report): void => {
  const declarations = declarationsOf(declared)
  checkReaders(declarations, schema, report)
  checkCreateRules(declarations, schema, report)
  checkWeakerRules(declarations, schema, report)
  checkDeprecated(declarations, report)
}

/** Where the parts of a schema were declared, by name. */
export type Declarations = ReturnType<typeof declarationsOf>

const declarationsOf = (declared: Declared) => ({
  declared,
  models: new Map(declared.models.map((each) => [each.name.text, each])),
  scopes: new Map(declared.scopes.map((each) => [each.name.text, each])),
})
