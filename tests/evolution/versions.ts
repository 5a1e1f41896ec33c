/** The versions of chain/versions as an app has them: their schemas, and code generated for any of them and those before. */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { OpenOptions, Rejection, Status } from 'syncgen/client'
import { emit } from '../../generator/emit.js'
import { withColumnIds } from '../../generator/evolve/column-ids.js'
import { lockedForm } from '../../generator/evolve/read-lock.js'
import type { Schema } from '../../generator/model.js'
import { plan } from '../../generator/plan.js'
import { readSchema } from '../../generator/read/read-schema.js'
import type { LabServer } from '../../runtime/testing/lab-node.js'
import type { ServerOptions } from '../../runtime/server/options.js'

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
}

export class Versions {
  /** Oldest first. */
  readonly schemas: readonly Schema[]
  readonly #folder: string
  readonly #code = new Map<string, Promise<VersionCode>>()

  private constructor(schemas: readonly Schema[], folder: string) {
    this.schemas = schemas
    this.#folder = folder
  }

  static async read(): Promise<Versions> {
    const schemas: Schema[] = []
    for (const file of (await readdir(join(chain, 'versions'))).toSorted()) {
      const read = await readSchema([join(chain, 'versions', file)])
      if (!read.ok) throw new Error(`${file}: ${read.problems.map(({ message }) => message).join('\n')}`)
      const before = schemas.at(-1)
      schemas.push(before === undefined ? read.schema : withColumnIds(lockedForm(before), read.schema))
    }
    return new Versions(schemas, await mkdtemp(join(tmpdir(), 'syncgen-versions-')))
  }

  /** A version, by its place from 0. */
  schema(at: number): Schema {
    const schema = this.schemas[at]
    if (schema === undefined) throw new RangeError(`no version ${at}`)
    return schema
  }

  /** The code of a version that knows those from `oldest` on. */
  code(at: number, oldest = at): Promise<VersionCode> {
    const name = `v${at}-${oldest}`
    const known = this.#code.get(name) ?? this.#generate(name, at, oldest)
    this.#code.set(name, known)
    return known
  }

  /** A folder with the migrations up to a version. */
  async migrations(at: number): Promise<string> {
    const folder = await mkdtemp(join(this.#folder, 'migrations-'))
    const last = `202601${String(at + 1).padStart(2, '0')}999999`
    for (const file of await readdir(join(chain, 'generated/migrations'))) {
      if (file.endsWith('.sql') && (file.startsWith('0001') || file < last)) await cp(join(chain, 'generated/migrations', file), join(folder, file))
    }
    return folder
  }

  async end(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #generate(name: string, at: number, oldest: number): Promise<VersionCode> {
    const folder = join(this.#folder, name)
    for (const { path, text } of emit(plan(this.schema(at), 'generated', this.schemas.slice(oldest, at)), 'generated')) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    const [client, server] = await Promise.all(['client', 'server'].map((side) => import(pathToFileURL(join(folder, side, 'index.ts')).href)))
    return { ...(client as Pick<VersionCode, 'openCards'>), ...(server as Pick<VersionCode, 'createCardsServer'>) }
  }
}
