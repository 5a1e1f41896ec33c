/** The versions of chain/versions as an app has them: what the command makes of each, one after the other, in one folder. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { OpenOptions, Rejection, Status } from 'syncgen/client'
import { readLock } from '../../generator/evolve/read-lock.js'
import type { Schema } from '../../generator/model.js'
import type { SchemaDescriptor } from '../../runtime/protocol/descriptor.js'
import type { LabServer } from '../../runtime/testing/lab-node.js'
import type { ServerOptions } from '../../runtime/server/options.js'
import { syncgen } from '../golden/command.js'

const chain = fileURLToPath(new URL('chain', import.meta.url))

/** A cache of a generated client whose schema is known at run time only. */
export interface AnyCache {
  all(): readonly AnyRow[]
  create(values: object): { readonly row: AnyRow }
  update(id: string, values: object): unknown
  delete(id: string): unknown
}

export type AnyRow = { readonly id: string } & Readonly<Record<string, unknown>>

export interface AnyClient {
  readonly status: { get(): Status }
  rejected(): readonly Rejection[]
  pending(): readonly unknown[]
  goOffline(): void
  goOnline(): void
  close(): Promise<void>
}

/** What was generated for a version. */
export interface VersionCode {
  openCards(options: OpenOptions): Promise<AnyClient>
  createCardsServer(options: ServerOptions<object, object>): Promise<LabServer>
  readonly schema: SchemaDescriptor
}

export class Versions {
  /** Oldest first. */
  readonly schemas: readonly Schema[]
  readonly #folder: string
  readonly #code = new Map<number, Promise<VersionCode>>()

  private constructor(schemas: readonly Schema[], folder: string) {
    this.schemas = schemas
    this.#folder = folder
  }

  static async read(): Promise<Versions> {
    const folder = await mkdtemp(join(tmpdir(), 'syncgen-versions-'))
    await mkdir(join(folder, 'schemas'))
    // All that there are are to be understood.
    await writeFile(join(folder, 'schemas/versions.yaml'), 'syncgen: 1\nversions: 100\n')
    const schemas: Schema[] = []
    for (const [at, file] of (await readdir(join(chain, 'versions'))).toSorted().entries()) {
      const text = await readFile(join(chain, 'versions', file), 'utf8')
      await writeFile(join(folder, 'schemas/cards.yaml'), text)
      const ended = await syncgen(['schemas/', '--quiet', '--stamp', stampOf(at), ...acceptedBy(text)], folder)
      if (ended.code !== 0) throw new Error(`${file}: ${ended.error}`)
      const lock = readLock(await readFile(join(folder, 'generated/schema.lock.json'), 'utf8'))
      if ('fault' in lock) throw new Error(`${file}: ${lock.fault.why}`)
      schemas.push(lock.schema)
      await cp(join(folder, 'generated'), join(folder, `v${at}`), { recursive: true })
    }
    return new Versions(schemas, folder)
  }

  /** A version, by its place from 0. */
  schema(at: number): Schema {
    const schema = this.schemas[at]
    if (schema === undefined) throw new RangeError(`no version ${at}`)
    return schema
  }

  /** The code of a version, which knows all before it. */
  code(at: number): Promise<VersionCode> {
    const known = this.#code.get(at) ?? this.#load(at)
    this.#code.set(at, known)
    return known
  }

  /** The folder with the migrations up to a version. */
  migrations(at: number): string {
    return join(this.#folder, `v${at}`, 'migrations')
  }

  async end(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #load(at: number): Promise<VersionCode> {
    const [client, server, shared] = await Promise.all(
      ['client/index.ts', 'server/index.ts', 'shared/schema.ts'].map((file) => import(pathToFileURL(join(this.#folder, `v${at}`, file)).href)),
    )
    const { schema } = shared as Pick<VersionCode, 'schema'>
    return { ...(client as Pick<VersionCode, 'openCards'>), ...(server as Pick<VersionCode, 'createCardsServer'>), schema }
  }
}

/** When a version of the chain says that it was made. */
export const stampOf = (at: number): string => `202601${String(at + 1).padStart(2, '0')}120000`

/** What a version of the chain asks to be accepted, as flags. */
export const acceptedBy = (text: string): readonly string[] => [...text.matchAll(/^# accept: (.+)$/gm)].flatMap(([, what = '']) => ['--accept', what])
