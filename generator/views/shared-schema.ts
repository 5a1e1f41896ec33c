/** shared/enums.ts, shared/claims.ts and shared/schema.ts. */
import type { Schema, Scope } from '../model.js'
import { camelCase, pascalCase } from '../names.js'
import { type Code, array, code, ident, literal, object } from './code.js'
import { type Places, descriptorOf, labelsName, typeOf } from './field-source.js'
import { Imports } from './imports.js'
import { modelFile } from './paths.js'
import { schemaHash } from './schema-hash.js'
import { descriptorName } from './shared-model.js'
import { words } from './words.js'

export interface EnumsView {
  readonly enums: readonly { readonly doc: string; readonly labelsDoc: string; readonly name: Code; readonly labelsName: Code; readonly labels: Code }[]
}

export const enumsView = (schema: Schema): EnumsView => ({
  enums: schema.enums.map((each) => ({
    doc: each.doc ?? `One of the ${words(labelsName(each.name))}.`,
    labelsDoc: `Every ${words(each.name)}, in the schema's order.`,
    name: ident(each.name),
    labelsName: ident(labelsName(each.name)),
    labels: array(each.values.map((value) => literal(value.name)), 40),
  })),
})

export interface ClaimsView {
  readonly imports: readonly Code[]
  readonly name: Code
  readonly doc: string
  readonly descriptorName: Code
  readonly descriptorDoc: string
  readonly claims: readonly { readonly name: Code; readonly optional: boolean; readonly type: Code; readonly descriptor: Code }[]
}

export const claimsView = (schema: Schema, places: Places): ClaimsView => {
  const imports = new Imports()
  imports.runtime('FieldDescriptor')
  const view = {
    name: claimsName(schema),
    doc: 'What the server knows of an identity once it has verified its token; rules and scopes read it as `$auth`.',
    descriptorName: claimsDescriptorName(schema),
    descriptorDoc: 'The claims for the runtime, which checks what `authenticate` returned.',
    claims: schema.claims.map((claim) => ({
      name: ident(claim.name),
      optional: claim.nullable,
      type: claim.nullable ? code`${typeOf(claim, imports, places)} | undefined` : typeOf(claim, imports, places),
      descriptor: descriptorOf(claim, imports, places),
    })),
  }
  return { ...view, imports: imports.statements() }
}

export interface SchemaView {
  readonly imports: readonly Code[]
  readonly doc: string
  readonly name: Code
  readonly hash: Code
  readonly models: readonly { readonly name: Code; readonly descriptor: Code }[]
  readonly scopes: readonly { readonly name: Code; readonly doc: string | null; readonly label: Code; readonly params: Code; readonly models: Code }[]
}

export const schemaView = (schema: Schema, places: Places): SchemaView => {
  const imports = new Imports()
  imports.runtime('SchemaDescriptor')
  imports.runtime('ScopeDescriptor')
  const view = {
    doc: 'What both sides agree on. A server takes clients of the schemas whose hash it knows.',
    name: literal(schema.name),
    hash: literal(schemaHash(schema)),
    models: schema.models.map((model) => ({
      name: ident(model.name),
      descriptor: imports.value(`./${modelFile(model.name)}.js`, descriptorName(model)),
    })),
    scopes: schema.scopes.map((scope) => ({
      name: ident(scope.name),
      doc: scope.doc,
      label: literal(scope.name),
      params: object(scope.params.map((param) => [param.name, descriptorOf(param, imports, places)])),
      models: array(carried(scope).map((name) => literal(name)), 13, 4),
    })),
  }
  return { ...view, imports: imports.statements() }
}

/** `TrackerClaims` */
export const claimsName = (schema: Schema): Code => ident(`${pascalCase(schema.name)}Claims`)

/** `trackerClaims` */
export const claimsDescriptorName = (schema: Schema): Code => ident(`${camelCase(schema.name)}Claims`)

/** Models that a scope carries, in the order of its lines. */
const carried = (scope: Scope): readonly string[] => [...new Set(scope.lines.map(({ model }) => model))]
