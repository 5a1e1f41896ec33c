/** Names that generated code gives to a schema as a whole. */
import type { Schema, Scope } from '../model.js'
import { camelCase, pascalCase } from '../names.js'
import { type Code, ident } from './code.js'

/** `Tracker`: the client's class, and the beginning of other names. */
export const clientName = (schema: Schema): Code => ident(pascalCase(schema.name))

/** `trackerScopes` */
export const scopesName = (schema: Schema): Code => ident(`${camelCase(schema.name)}Scopes`)

/** `BoardParams` */
export const paramsName = (scope: Scope): Code => ident(`${pascalCase(scope.name)}Params`)

/** `TrackerClaims` */
export const claimsName = (schema: Schema): Code => ident(`${pascalCase(schema.name)}Claims`)

/** `trackerClaims` */
export const claimsDescriptorName = (schema: Schema): Code => ident(`${camelCase(schema.name)}Claims`)

/** `TrackerServerTransaction` */
export const transactionName = (schema: Schema): Code => ident(`${pascalCase(schema.name)}ServerTransaction`)

/** `boardScope` */
export const scopeName = (scope: Scope): Code => ident(`${camelCase(scope.name)}Scope`)
