/**
 * A predicate in every place where a server runs it: as an expression, in the statements of a scope line (with the read rule
 * of its model beside it), and as an access rule. Statements, parameters and claims go through the server's own code.
 */
import { expect } from 'vitest'
import type { Access, Model, Predicate, Schema, Scope } from '../../generator/model.js'
import { type Problem, reportInto } from '../../generator/problem.js'
import type { Ground } from '../../generator/read/ground.js'
import { parse } from '../../generator/read/parse.js'
import { compilePredicate } from '../../generator/read/predicate.js'
import { modelSql, predicateSql, scopeLineSql, sqlType } from '../../generator/sql/index.js'
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import { fromWire } from '../../runtime/protocol/wire-value.js'
import { Catalog } from '../../runtime/server/catalog.js'
import type { ServerModel, ServerSchema, ServerScope, Statement } from '../../runtime/server/descriptor.js'
import { type Verified, bindingsOf, verify } from '../../runtime/server/identity.js'
import { Judge } from '../../runtime/server/judge.js'
import { openInstance } from '../../runtime/server/scope-instance.js'
import { identifier } from '../../runtime/server/values.js'
import type { Both, Variable } from './random-where.js'
import { type TestWorld, descriptorOf, fieldDescriptorOf } from './world.js'

export type Place = 'expression' | 'filter' | 'page' | 'keys' | 'rule'

export const places: readonly Place[] = ['expression', 'filter', 'page', 'keys', 'rule']

/** A predicate on rows of a model, and what it binds. */
export interface Asked {
  readonly model: Model
  readonly yaml: Both['yaml']
  readonly params: readonly Variable[]
  readonly claims: readonly Variable[]
  /** The read rules that `$can` stands for and that scope lines contain. */
  readonly rules: ReadonlyMap<string, Both>
}

/** Ids of the rows for which it holds there. In a scope line that is: for which it and the read rule hold. */
export const idsInDatabase = async (test: TestWorld, place: Place, asked: Asked): Promise<readonly string[]> => {
  const schema = { ...test.schema, claims: asked.claims }
  const model = { ...asked.model, access: accessOf(schema, asked.model, asked) }
  const ruled = { ...schema, models: schema.models.map((each) => (each === asked.model ? model : each)) }
  const predicate = predicateOf(schema, model, asked.yaml, asked)
  const scope: Scope = { name: 'random', params: asked.params, lines: [{ model: model.name, where: predicate }], doc: null }
  const line = scopeLineSql(ruled, scope, { model: model.name, where: predicate })
  const catalog = new Catalog(serverSchema(ruled, scope, line, model))
  const given = (variables: readonly Variable[]): Record<string, unknown> =>
    Object.fromEntries(variables.map((each) => [each.name, fromWire(fieldDescriptorOf(schema, each), each.wire)]))
  const identity = verify(catalog, { principal: 'somebody', claims: given(asked.claims) })
  const rows = (statement: Statement, ...own: readonly (string | number | null)[]) => ask(test, catalog, identity, asked, statement, own)
  const ids = (found: readonly (readonly unknown[])[]): readonly string[] => found.map(([id]) => String(id))
  const expression = (): Statement => predicateSql(ruled, predicate, { model, alias: 't', scope })
  switch (place) {
    case 'expression': {
      const { text, values } = expression()
      const answers = await rows({ text: `select t."id", ${text} from ${identifier(model.table)} t`, values })
      expect(answers.filter(([, answer]) => answer === null), 'a predicate is never unknown').toEqual([])
      return ids(answers.filter(([, answer]) => answer === true))
    }
    case 'filter': {
      const { text, values } = expression()
      return ids(await rows({ text: `select t."id" from ${identifier(model.table)} t where ${text}`, values }))
    }
    case 'page':
      return ids(await rows(line.page, null, 1_000_000))
    case 'keys':
      return ids(await rows(line.keys, null))
    case 'rule':
      return test.database.write(async (connection) => {
        const judge = new Judge(connection, catalog, identity)
        return [...(await judge.allowed(catalog.model(model.name), 'update', test.rowsOf(model.name).map((row) => row.id)))]
      })
  }
}

const ask = (
  test: TestWorld,
  catalog: Catalog,
  identity: Verified,
  { params }: Asked,
  statement: Statement,
  own: readonly (string | number | null)[],
): Promise<readonly (readonly unknown[])[]> => {
  const claim = { id: 1, name: 'random', params: Object.fromEntries(params.map(({ name, wire }) => [name, wire])) }
  const instance = openInstance(catalog, identity, claim)
  return test.database.rows(statement.text, [...own, ...bindingsOf(catalog, statement, identity, instance.params)])
}

/** The asked predicate stands as the update rule, where it can: a rule knows no parameters. */
const accessOf = (schema: Schema, model: Model, asked: Asked): Access => {
  const read = predicateOf(schema, model, asked.rules.get(model.name)?.yaml ?? {}, { ...asked, params: [] })
  const update = asked.params.length === 0 ? predicateOf(schema, model, asked.yaml, asked) : ({ kind: 'never' } as const)
  return { read, create: { kind: 'never' }, update, delete: { kind: 'never' } }
}

/** What the generator makes of the YAML. */
const predicateOf = (schema: Schema, model: Model, yaml: Both['yaml'], asked: Omit<Asked, 'model' | 'yaml'>): Predicate => {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const node = parse({ file: 'where.yaml', path: 'where.yaml', text: yamlOf(yaml) }, report)
  const shapes: Ground['shapes'] = new Map(schema.models.map((each) => [each.name, { ...each, broken: new Set() }]))
  const ground: Ground = {
    shapes,
    enums: schema.enums,
    claims: asked.claims,
    params: asked.params,
    brokenVariables: new Set(),
    ruleOf: (name) => predicateOf(schema, schema.models.find((each) => each.name === name) ?? never(), asked.rules.get(name)?.yaml ?? {}, asked),
    report,
  }
  const predicate = node === null ? null : compilePredicate(node, shapes.get(model.name) ?? never(), ground)
  expect(problems, yamlOf(yaml)).toEqual([])
  return predicate ?? never()
}

/** JSON is YAML but for characters that YAML wants escaped. */
const yamlOf = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** As the generated code gives it, as far as these statements need it. */
const serverSchema = (
  schema: Schema,
  scope: Scope,
  line: ReturnType<typeof scopeLineSql>,
  lineModel: Model,
): ServerSchema => {
  const fields = (variables: readonly Pick<Variable, 'name' | 'type' | 'nullable'>[]): Readonly<Record<string, FieldDescriptor>> =>
    Object.fromEntries(variables.map((each) => [each.name, fieldDescriptorOf(schema, each)]))
  const serverModel = (model: Model): ServerModel => {
    const { access, ...sql } = modelSql(schema, model)
    return {
      descriptor: descriptorOf(schema, model),
      table: model.table,
      columns: Object.fromEntries(
        model.fields.map((field) => [
          field.name,
          { column: field.column, columnId: field.columnId, sqlType: sqlType(field.type), field: fieldDescriptorOf(schema, field) },
        ]),
      ),
      sql,
      access,
      toWire: never,
      toRow: never,
    }
  }
  const serverScope: ServerScope = {
    descriptor: { name: scope.name, params: fields(scope.params), models: [lineModel.name] },
    hash: '',
    claims: schema.claims.map(({ name }) => name),
    lines: [{ model: lineModel.name, ...line }],
  }
  return {
    name: schema.name,
    hash: '',
    shape: '',
    claims: fields(schema.claims),
    models: { [lineModel.name]: serverModel(lineModel) },
    scopes: { [scope.name]: serverScope },
  }
}

const never = (): never => {
  throw new Error('the test asked for something that is not in its schema')
}
