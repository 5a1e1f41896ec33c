import { type Schema, type Scope, type ScopeLine, modelOf } from '../model.js'
import { camelCase } from '../names.js'
import { scopeHash, scopeLineSql } from '../sql/index.js'
import { code, ident, literal } from './code.js'
import type { Imports } from './imports.js'
import { scopeName } from './names-of-app.js'
import { statementCode } from './statements.js'
import { words } from './words.js'

/** For templates/server-scope.ts.hbs: the statements of a scope's lines, as text. */
export const serverScopeView = (schema: Schema, scope: Scope, imports: Imports) => {
  const lines = scope.lines.map((line) => lineView(schema, scope, line))
  const bindings = lines.flatMap((line) => line.bindings).filter((binding) => binding.startsWith('auth.'))
  const claims = bindings.map((binding) => binding.slice('auth.'.length))
  const view = {
    name: scopeName(scope),
    doc: scope.doc ?? `The scope ${scope.name}, line by line.`,
    type: imports.runtime('ServerScope'),
    descriptor: code`${imports.value('shared/schema', 'scopes')}.${ident(scope.name)}`,
    hash: literal(scopeHash(schema, scope)),
    claims: literal([...new Set(claims)].toSorted()),
    lines,
  }
  return { ...view, imports: imports.statements() }
}

const lineView = (schema: Schema, scope: Scope, line: ScopeLine) => {
  const { reads, since, digests, keys, page } = scopeLineSql(schema, scope, line)
  const rows = words(modelOf(schema, line.model).plural)
  const name = (what: string) => ident(`${camelCase(line.model)}${what}`)
  return {
    model: literal(line.model),
    reads: literal([...reads]),
    statements: [
      { name: name('Since'), doc: `$1 pg_snapshot: what became of the ${rows} since then.`, text: since.text },
      { name: name('Digests'), doc: `Digests of the ${rows}, in 4096 parts.`, text: digests.text },
      { name: name('Keys'), doc: `$1 integer[] (null: all): keys and versions of the ${rows} in these parts, by id.`, text: keys.text },
      { name: name('Page'), doc: `$1 uuid (null: from the start), $2 limit: the next ${rows}, by id.`, text: page.text },
    ],
    since: statementCode(since, name('Since')),
    digests: statementCode(digests, name('Digests')),
    keys: statementCode(keys, name('Keys')),
    page: statementCode(page, name('Page')),
    bindings: [since, digests, keys, page].flatMap(({ values }) => values),
  }
}
