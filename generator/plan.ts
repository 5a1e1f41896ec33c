/** Which files a schema becomes, and what each says: data for templates, or text. */
import { posix } from 'node:path'
import { lockText } from './lock.js'
import { initialMigration } from './migrate.js'
import { mark } from './mark.js'
import type { Schema } from './model.js'
import { clientIndexView, clientName, clientScopesView } from './views/client-index.js'
import { clientModelView } from './views/client-model.js'
import type { Places } from './views/field-source.js'
import { modelFile, scopeFile } from './views/paths.js'
import { serverIndexView } from './views/server-index.js'
import { serverModelView } from './views/server-model.js'
import { serverScopeView } from './views/server-scope.js'
import { sharedModelView } from './views/shared-model.js'
import { claimsView, enumsView, schemaView } from './views/shared-schema.js'

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
  | 'client-model.ts'
  | 'client-scopes.ts'
  | 'client-index.ts'
  | 'server-model.ts'
  | 'server-scope.ts'
  | 'server-index.ts'

/** The first migration's path in the output folder. */
export const initialPath = 'migrations/0001_initial.sql'

/** Every file of the output. `output` is the output folder, relative to where the generator was called, with `/`. */
export const plan = (schema: Schema, output: string): readonly PlannedFile[] => {
  const shared = placesOf('shared', output)
  const client = placesOf('client', output)
  const server = placesOf('server', output)
  const migration = `-- ${migrationHeader}\n\n${initialMigration(schema)}`
  return [
    ...(schema.enums.length === 0 ? [] : [{ path: 'shared/enums.ts', template: 'enums.ts', view: enumsView(schema) } as const]),
    { path: 'shared/claims.ts', template: 'claims.ts', view: claimsView(schema, shared) },
    { path: 'shared/schema.ts', template: 'schema.ts', view: schemaView(schema, shared) },
    { path: 'client/scopes.ts', template: 'client-scopes.ts', view: clientScopesView(schema, client) },
    { path: 'client/index.ts', template: 'client-index.ts', view: clientIndexView(schema) },
    { path: 'server/index.ts', template: 'server-index.ts', view: serverIndexView(schema) },
    ...schema.scopes.map((scope) => ({ path: `server/${scopeFile(scope)}.ts`, template: 'server-scope.ts', view: serverScopeView(schema, scope) }) as const),
    ...schema.models.flatMap((model) => {
      const file = `${modelFile(model.name)}.ts`
      return [
        { path: `shared/${file}`, template: 'shared-model.ts', view: sharedModelView(model, shared) },
        { path: `client/${file}`, template: 'client-model.ts', view: clientModelView(schema, model, clientName(schema), client) },
        { path: `server/${file}`, template: 'server-model.ts', view: serverModelView(schema, model, server) },
      ] as const
    }),
    { path: initialPath, text: migration },
    { path: 'schema.lock.json', text: lockText(schema, migration) },
  ]
}

/** Names no source: a migration stays what it is when schema files are split or renamed. */
const migrationHeader = `${mark}. Apply it with \`npx syncgen migrate --database URL\`; once applied it is never edited.`

const placesOf = (folder: 'shared' | 'client' | 'server', output: string): Places => ({
  shared: folder === 'shared' ? './' : '../shared/',
  tsModule: (file) => {
    const path = posix.relative(posix.join(output, folder), file).replace(/\.ts$/, '.js')
    return path.startsWith('.') ? path : `./${path}`
  },
})
