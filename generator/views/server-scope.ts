/** server/<scope>-scope.ts: the statements of a scope's lines, as text. */
import type { Schema, Scope } from '../model.js'
import { camelCase, kebabCase } from '../names.js'
import { scopeHash, scopeLineSql } from '../sql/index.js'
import { type Code, code, ident, join, literal } from './code.js'
import { Imports } from './imports.js'
import { type SqlConstantView, statementCode } from './server-model.js'
import { words } from './words.js'

export interface ServerScopeView {
  readonly imports: readonly Code[]
  readonly name: Code
  readonly doc: string
  readonly descriptor: Code
  readonly hash: Code
  readonly claims: Code
  readonly lines: readonly {
    readonly model: Code
    readonly statements: readonly SqlConstantView[]
    readonly reads: Code
    readonly since: Code
    readonly keys: Code
    readonly page: Code
  }[]
}

export const serverScopeView = (schema: Schema, scope: Scope): ServerScopeView => {
  const imports = new Imports()
  imports.runtime('ServerScope')
  const lines = scope.lines.map((line, at) => {
    const sql = scopeLineSql(schema, scope, line)
    const earlier = scope.lines.slice(0, at).filter((other) => other.model === line.model).length
    const prefix = `${camelCase(line.model)}${earlier === 0 ? '' : earlier + 1}`
    const constant = (name: string): Code => ident(`${prefix}${name}`)
    const rows = words(modelPlural(schema, line.model))
    return {
      bound: [sql.since, sql.keys, sql.page].flatMap(({ values }) => values),
      model: literal(line.model),
      reads: literal([...sql.reads]),
      statements: [
        { name: constant('Since'), doc: `$1 pg_snapshot: what became of the ${rows} since then.`, text: sql.since.text },
        { name: constant('Keys'), doc: `Keys and versions of the ${rows}, by id.`, text: sql.keys.text },
        { name: constant('Page'), doc: `$1 uuid (null: from the start), $2 limit: the next ${rows}, by id.`, text: sql.page.text },
      ],
      since: statementCode(sql.since, constant('Since')),
      keys: statementCode(sql.keys, constant('Keys')),
      page: statementCode(sql.page, constant('Page')),
    }
  })
  const claims = lines.flatMap(({ bound }) => bound.flatMap((value) => (value.startsWith('auth.') ? [value.slice('auth.'.length)] : [])))
  const view = {
    name: scopeName(scope),
    doc: scope.doc ?? `The scope ${scope.name}, line by line.`,
    descriptor: code`${imports.value('../shared/schema.js', 'scopes')}.${ident(scope.name)}`,
    hash: literal(scopeHash(schema, scope)),
    claims: code`[${join([...new Set(claims)].toSorted().map((claim) => literal(claim)))}]`,
    lines: lines.map(({ bound: _, ...line }) => line),
  }
  return { ...view, imports: imports.statements() }
}

/** `boardScope` */
export const scopeName = (scope: Scope): Code => ident(`${camelCase(kebabCase(scope.name))}Scope`)

const modelPlural = (schema: Schema, name: string): string => schema.models.find((model) => model.name === name)?.plural ?? name
