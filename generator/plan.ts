/** Which files a schema becomes, and what each says: data for templates, or text. */
import type { Transition } from './evolve/transition.js'
import type { Schema } from './model.js'
import { clientIndexView, clientScopesView } from './views/client-index.js'
import { clientModelView } from './views/client-model.js'
import { Imports } from './views/imports.js'
import { type Folder, modelFile, scopeFile, transitionFile } from './views/paths.js'
import { serverIndexView } from './views/server-index.js'
import { serverModelView } from './views/server-model.js'
import { serverScopeView } from './views/server-scope.js'
import { sharedModelView } from './views/shared-model.js'
import { claimsView, enumsView, schemaView } from './views/shared-schema.js'
import { transitionView } from './views/transition.js'

/** A file to be made: from a template and its view, or as it is. `path` is relative to the output folder, with `/`. */
export type PlannedFile =
  | { readonly path: string; readonly template: TemplateName; readonly view: object }
  | { readonly path: string; readonly text: string }

/** Templates by name: `templates/<name>.hbs`. */
export type TemplateName =
  | 'shared-model.ts'
  | 'enums.ts'
  | 'claims.ts'
  | 'schema.ts'
  | 'transition.ts'
  | 'client-model.ts'
  | 'client-scopes.ts'
  | 'client-index.ts'
  | 'server-model.ts'
  | 'server-scope.ts'
  | 'server-index.ts'

/**
 * Every file of the output but those of the past. `output` is the output folder and `folder` that of the schema, relative to where the
 * generator was called, with `/`; `transitions` lead from the versions that clients may still have, oldest first; `migrations`
 * are the names of those that lead to the schema.
 */
export const plan = (schema: Schema, output: string, folder: string, transitions: readonly Transition[], migrations: readonly string[]): readonly PlannedFile[] => {
  const importsOf = (part: Folder): Imports => new Imports(part, output, folder)
  const file = (path: string, template: TemplateName, view: object): PlannedFile => ({ path: `${path}.ts`, template, view })
  return [
    ...(schema.enums.length === 0 ? [] : [file('shared/enums', 'enums.ts', enumsView(schema))]),
    file('shared/claims', 'claims.ts', claimsView(schema, importsOf('shared'))),
    file('shared/schema', 'schema.ts', schemaView(schema, importsOf('shared'), transitions, migrations)),
    ...transitions.map((each) => file(transitionFile(each), 'transition.ts', transitionView(each, importsOf('shared/transitions')))),
    ...(schema.scopes.length === 0 ? [] : [file('client/scopes', 'client-scopes.ts', clientScopesView(schema, importsOf('client')))]),
    file('client/index', 'client-index.ts', clientIndexView(schema, importsOf('client'))),
    file('server/index', 'server-index.ts', serverIndexView(schema, importsOf('server'), transitions.length > 0)),
    ...schema.scopes.map((scope) =>
      file(scopeFile(scope), 'server-scope.ts', serverScopeView(schema, scope, importsOf('server'))),
    ),
    ...schema.models.flatMap((model) => [
      file(modelFile('shared', model.name), 'shared-model.ts', sharedModelView(model, importsOf('shared'))),
      file(modelFile('client', model.name), 'client-model.ts', clientModelView(schema, model, importsOf('client'))),
      file(modelFile('server', model.name), 'server-model.ts', serverModelView(schema, model, importsOf('server'))),
    ]),
  ]
}
