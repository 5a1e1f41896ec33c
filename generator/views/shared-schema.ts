/** For templates/enums.ts.hbs, claims.ts.hbs and schema.ts.hbs: what both sides know of the schema as a whole. */
import type { Transition } from '../evolve/transition.js'
import { migratedBy } from '../migrated.js'
import type { Schema, Scope } from '../model.js'
import { array, code, ident, literal, object } from './code.js'
import { descriptorOf, labelsName, typeOf } from './field-source.js'
import type { Imports } from './imports.js'
import { claimsDescriptorName, claimsName } from './names-of-app.js'
import { modelFile, transitionFile } from './paths.js'
import { schemaHash } from './schema-hash.js'
import { descriptorName } from './shared-model.js'
import { transitionName } from './transition.js'
import { words } from './words.js'

export const enumsView = (schema: Schema) => ({
  enums: schema.enums.map(({ name, doc, values }) => ({
    name: ident(name),
    doc: doc ?? `One of the ${words(labelsName(name))}.`,
    labelsName: ident(labelsName(name)),
    labelsDoc: `Every ${words(name)}, in the schema's order.`,
    labels: array(values.map((value) => literal(value.name)), 40),
  })),
})

export const claimsView = (schema: Schema, imports: Imports) => {
  const view = {
    name: claimsName(schema),
    doc: 'What the server knows of an identity once it has verified its token; rules and scopes read it as `$auth`.',
    claims: schema.claims.map((claim) => ({
      name: ident(claim.name),
      optional: claim.nullable,
      type: claim.nullable ? code`${typeOf(claim, imports)} | undefined` : typeOf(claim, imports),
      descriptor: descriptorOf(claim, imports),
    })),
    descriptorName: claimsDescriptorName(schema),
    descriptorDoc: 'The claims for the runtime, which checks what `authenticate` returned.',
    fieldType: imports.runtime('FieldDescriptor'),
  }
  return { ...view, imports: imports.statements() }
}

export const schemaView = (schema: Schema, imports: Imports, transitions: readonly Transition[], migrations: readonly string[]) => {
  const view = {
    doc: 'What both sides agree on. A server takes clients of the schemas whose hash it knows.',
    name: literal(schema.name),
    hash: literal(schemaHash(schema)),
    migrations: literal(migratedBy(migrations)),
    models: schema.models.map((model) => ({
      name: ident(model.name),
      descriptor: imports.value(modelFile('shared', model.name), descriptorName(model)),
    })),
    scopes: schema.scopes.map((scope) => ({
      name: ident(scope.name),
      doc: scope.doc,
      label: literal(scope.name),
      params: object(scope.params.map((param) => [param.name, descriptorOf(param, imports)])),
      models: array(carried(scope).map((name) => literal(name)), 13, 4),
    })),
    transitions:
      transitions.length === 0 ? null : array(transitions.map((each) => imports.value(transitionFile(each), transitionName(each))), 53),
    transitionsDoc: 'What led from one version of the schema to the next: clients and writes of these are understood.',
    transitionType: transitions.length === 0 ? null : imports.runtime('Transition'),
    schemaType: imports.runtime('SchemaDescriptor'),
    scopeType: imports.runtime('ScopeDescriptor'),
  }
  return { ...view, imports: imports.statements() }
}

/** Models that a scope carries, in the order of its lines. */
const carried = (scope: Scope): readonly string[] => [...new Set(scope.lines.map(({ model }) => model))]
