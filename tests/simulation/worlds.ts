/** Which world a seed lives in: most in the world's own schema, some in one that changes, a few in one drawn at random. */
import { dropDatabase } from '../../runtime/testing/database.js'
import { makeTemplate } from './database/template.js'
import { drawVersions } from './deploys/draw-versions.js'
import { randomSchema } from './schema/random-schema.js'
import type { SimSchema } from './schema/sim-schema.js'
import { worldSchema } from './schema/world-schema.js'
import type { LaterVersion } from './world/world.js'

/** What a run needs to know of its world. */
export interface Setting {
  readonly schema: SimSchema
  readonly later: readonly LaterVersion[]
  /** What it is, for whoever reads of a failure. */
  readonly about: string
  /** Name of the database that it begins as. */
  readonly template: string
  /** Removes what was made for this seed alone. */
  readonly remove: () => Promise<void>
}

export type WorldKind = (typeof kinds)[number]

/** @throws if there is no such kind */
export const kindNamed = (name: string): WorldKind => {
  const found = kinds.find((kind) => kind === name)
  if (found === undefined) throw new RangeError(`no world ${name}: ${kinds.join(', ')}`)
  return found
}

const kinds = ['own', 'deploys', 'random'] as const

/** Of a seed: one in five changes its schema, one in twenty has one of its own. */
export const kindOf = (seed: number): WorldKind => (seed % 5 === 3 ? 'deploys' : seed % 20 === 7 ? 'random' : 'own')

/** Makes settings on one server; `name` begins the names of its databases. */
export class Worlds {
  readonly #server: string
  readonly #name: string
  #own: Promise<string> | null = null

  constructor(server: string, name: string) {
    this.#server = server
    this.#name = name
  }

  async of(seed: number, kind: WorldKind = kindOf(seed)): Promise<Setting> {
    if (kind === 'random') return this.#random(seed)
    const template = await (this.#own ??= makeTemplate(this.#server, worldSchema, this.#name))
    if (kind === 'own') return { schema: worldSchema, later: [], about: 'the schema of the world', template, remove: () => Promise.resolve() }
    const { later, changes, remove } = await drawVersions(seed)
    return { schema: worldSchema, later: later.map((schema, at) => ({ schema, breaksServers: changes[at]?.some(({ breaksServers }) => breaksServers) ?? false })), about: changes.map((step) => step.map(({ name, of }) => `${of}: ${name}`).join(', ')).join('; then '), template, remove }
  }
  /** The first drawn schema of a seed that the generator takes. */
  async #random(seed: number): Promise<Setting> {
    for (let attempt = 0; ; attempt += 1) {
      const drawn = await randomSchema(seed * 100 + attempt)
      if (drawn.kind === 'refused') continue
      const template = await makeTemplate(this.#server, drawn.schema, `${this.#name}_drawn_${seed}`)
      const remove = async (): Promise<void> => {
        await dropDatabase(urlOf(this.#server, template))
        await drawn.remove()
      }
      return { schema: drawn.schema, later: [], about: drawn.yaml, template, remove }
    }
  }
}

const urlOf = (server: string, name: string): string => {
  const url = new URL(server)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}
