/**
 * A schema that a simulation runs on: the IR, the code that was generated from it, and who takes part. Everything else of this
 * folder (expected rows, parameters, authors of rows) works on any of these.
 */
import { fileURLToPath } from 'node:url'
import type {
  CacheDifference,
  CacheEvent,
  Checked,
  Confirmation,
  LeftScope,
  ModelCache,
  Observable,
  OpenOptions,
  PendingMutation,
  Rejection,
  ScopeHandle,
  Status,
  Writer,
  Writing,
} from 'syncgen/client'
import type { BaseRow, SchemaDescriptor } from 'syncgen/protocol'
import type { ServerOptions, SyncServer } from 'syncgen/server'
import type { Schema } from '../../../generator/model.js'
import { pascalCase } from '../../../generator/names.js'
import type { WireRecord } from './tables.js'

export interface SimSchema {
  readonly name: string
  /** All that is known of models, fields, policies, relations, access and scopes. */
  readonly ir: Schema
  /** The same as both sides of the runtime see it: without `serverOnly` fields. */
  readonly descriptor: SchemaDescriptor
  readonly openClient: (options: OpenOptions) => Promise<SimClient>
  readonly createServer: (options: ServerOptions<WireRecord, object>) => Promise<SimServer>
  /** Folder of the generated migrations. */
  readonly migrations: string
  /** Runs after the migrations: constraints that the language does not have. */
  readonly extraSql: string
  /** Who takes part. The first seed rows know them. */
  readonly principals: readonly SimPrincipal[]
  /** Statements that insert the first rows, parents first. */
  readonly seedSql: readonly string[]
}

/** Somebody who signs in. */
export interface SimPrincipal {
  readonly principal: string
  /** Wire values by claim. */
  readonly claims: WireRecord
}

/** A model whose types are known at run time only. */
export interface AnyModel {
  readonly name: string
  readonly row: BaseRow
  readonly create: Readonly<Record<string, unknown>>
  readonly patch: Readonly<Record<string, unknown>>
  readonly relations: object
}

/** A generated client, whatever its schema. */
export interface SimClient {
  readonly status: Observable<Status>
  readonly position: string | null
  on(name: 'rejected', listener: (event: Rejection) => void): () => void
  on(name: 'confirmed', listener: (event: Confirmation) => void): () => void
  on(name: 'left-scope', listener: (event: LeftScope<AnyModel>) => void): () => void
  on(name: 'differed', listener: (event: CacheDifference) => void): () => void
  on(name: 'change', listener: (event: CacheEvent<AnyModel>) => void): () => void
  transaction(run: (tx: SimTransaction) => void, options?: { readonly strict?: boolean }): Writing
  openScope(name: string, params?: Readonly<Record<string, unknown>>): ScopeHandle
  pending(): readonly PendingMutation[]
  rejected(): readonly Rejection[]
  check(): Promise<Checked>
  goOffline(): void
  goOnline(): void
  renew(): void
  close(): Promise<void>
  signOut(options?: { readonly force?: boolean }): Promise<void>
}

/** Writers by the plural of their model. */
export type SimTransaction = Readonly<Record<string, Writer<AnyModel>>>

export type SimCache = ModelCache<AnyModel>

export type SimServer = SyncServer<{
  readonly claims: WireRecord
  readonly models: Readonly<Record<string, { readonly name: string; readonly record: BaseRow; readonly create: object; readonly patch: object }>>
}>

/** The cache of a client by the plural of its model: `cacheOf(client, 'tasks')`. */
export const cacheOf = (client: SimClient, plural: string): SimCache => {
  const cache = (client as unknown as Readonly<Record<string, SimCache | undefined>>)[plural]
  if (cache === undefined) throw new Error(`the client has no cache ${plural}`)
  return cache
}

/** What was generated: the modules `client/index`, `server/index` and `shared/schema`, and the folder they stand in. */
export interface GeneratedModules {
  readonly client: object
  readonly server: object
  readonly shared: object
  /** URL of the output folder, with a slash at its end. */
  readonly folder: URL
}

/** Finds in generated modules what a simulation needs. The casts are the boundary: a program does not know what it generates. */
export const simSchema = (
  ir: Schema,
  { client, server, shared, folder }: GeneratedModules,
  rest: Pick<SimSchema, 'extraSql' | 'principals' | 'seedSql'>,
): SimSchema => {
  const app = pascalCase(ir.name)
  return {
    name: ir.name,
    ir,
    descriptor: exported(shared, 'schema') as SchemaDescriptor,
    openClient: exported(client, `open${app}`) as SimSchema['openClient'],
    createServer: exported(server, `create${app}Server`) as SimSchema['createServer'],
    migrations: fileURLToPath(new URL('migrations/', folder)),
    ...rest,
  }
}

const exported = (module: object, name: string): unknown => {
  const found = (module as Readonly<Record<string, unknown>>)[name]
  if (found === undefined) throw new Error(`the generated code exports no ${name}`)
  return found
}
