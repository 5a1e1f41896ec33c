/** Holds one frame against what its reader may know. */
import { type Model, modelOf, type ScopeLine } from '../../../generator/model.js'
import type { ClaimChange, Delta, VersionedRow } from '../../../runtime/protocol/messages.js'
import { rowFor } from '../deploys/as-seen.js'
import type { Version } from '../deploys/versions.js'
import type { OpenScope } from '../schema/expected-rows.js'
import type { StoredRow, Tables } from '../schema/tables.js'
import type { World } from '../world/world.js'
import { Violation } from './invariant.js'
import { sentText, textOf } from './row-texts.js'
import type { Line } from './scope-exactness.js'

/** Whether something was so when the frame was written, as far as these models decide it; undefined: nobody can tell. */
export type Was = (models: readonly string[], holds: (tables: Tables) => boolean) => boolean | undefined

export class FrameJudge {
  readonly #world: World
  readonly #line: Line
  readonly #server: Version
  readonly #scopes: ReadonlyMap<number, OpenScope>
  readonly #kind: string
  readonly #was: Was

  /** @param scopes - in the words of the server */
  constructor(world: World, line: Line, server: Version, scopes: ReadonlyMap<number, OpenScope>, kind: string, was: Was) {
    this.#world = world
    this.#line = line
    this.#server = server
    this.#scopes = scopes
    this.#kind = kind
    this.#was = was
  }

  /** @throws Violation of I5. */
  delta({ rows, claims }: Delta): void {
    const claimed = claimsIn(claims)
    for (const [model, all] of Object.entries(rows)) {
      for (const row of all) {
        const id = String(row[1])
        const own = claimed.get(`${model} ${id}`) ?? []
        claimed.delete(`${model} ${id}`)
        const isCovered = (tables: Tables): boolean =>
          own.length > 0 ? own.every((scope) => this.#covers(tables, scope, model, id)) : [...this.#scopes.keys()].some((scope) => this.#covers(tables, scope, model, id))
        this.#row(model, row, this.#readsOf(model, own.length > 0 ? own : this.#scopes.keys()), isCovered)
      }
    }
    for (const [key, own] of claimed) {
      const [model = '', id = ''] = key.split(' ')
      this.#expect(this.#readsOf(model, own), (tables) => own.every((scope) => this.#covers(tables, scope, model, id)), `${key} is claimed by the scopes ${own.join()}, and was not in them`)
      this.#line.heard.add(key)
    }
    for (const change of claims) this.#removals(change)
  }

  /** Rows that an answer tells. @throws Violation of I5. */
  answer(rows: Readonly<Record<string, readonly VersionedRow[]>>): void {
    const { membership } = this.#server
    for (const [model, all] of Object.entries(rows)) {
      for (const row of all) {
        const id = String(row[1])
        this.#row(model, row, membership.readsOf(membership.wholeOf(this.#nameOf(model))), (tables) => this.#mayRead(tables, model, id))
      }
    }
  }

  #row(model: string, row: VersionedRow, models: readonly string[], isAllowed: (tables: Tables) => boolean): void {
    const { schema } = this.#line.language
    const id = String(row[1])
    const text = sentText(schema, modelOf(schema.ir, model), row)
    if (text === null) this.#say(`${model} ${id} has other columns than those that travel`, [JSON.stringify(row)])
    this.#expect(models, (tables) => this.#textIn(tables, model, id) === text && isAllowed(tables), `${model} ${id} was not to be read so`, [`sent ${String(text)}`])
    this.#line.heard.add(`${model} ${id}`)
    this.#world.count('rows judged')
  }

  #removals({ scope, model, out, deleted }: ClaimChange): void {
    const { membership } = this.#server
    for (const id of [...out, ...deleted]) if (!this.#line.heard.has(`${model} ${id}`)) this.#say(`${model} ${id} leaves, and was never heard of`)
    for (const id of out) this.#expect(this.#readsOf(model, [scope]), (tables) => !this.#covers(tables, scope, model, id), `${model} ${id} is in scope ${scope}, and is said to leave it`)
    for (const id of deleted) this.#expect(membership.readsOf(membership.wholeOf(this.#nameOf(model))), (tables) => !this.#mayRead(tables, model, id), `${model} ${id} is there, and is said to be deleted`)
  }

  #covers(tables: Tables, scope: number, model: string, id: string): boolean {
    const open = this.#scopes.get(scope)
    return open !== undefined && this.#server.membership.scope(tables, open, this.#line.identity.claims).get(this.#nameOf(model))?.has(id) === true
  }

  #mayRead(tables: Tables, model: string, id: string): boolean {
    return this.#server.membership.readable(tables, this.#nameOf(model), this.#line.identity.claims).has(id)
  }

  #textIn(tables: Tables, model: string, id: string): string | null {
    const { ir } = this.#server.schema
    const name = this.#nameOf(model)
    const row = tables.get(name)?.get(id)
    const said = row === undefined ? undefined : this.#said(modelOf(ir, name), row)
    return said === undefined ? null : textOf(said.model, said.row)
  }

  /** What the server calls a model that is spoken of. */
  #nameOf(model: string): string {
    return this.#world.versions.route(this.#line.language.schema, this.#server.schema)?.model(model) ?? model
  }

  /** A row in the words of the reader. */
  #said(model: Model, row: StoredRow): { readonly model: Model; readonly row: StoredRow } | undefined {
    return rowFor(this.#world.versions, model, row, this.#server.schema, this.#line.language.schema)
  }

  /** Models that decide what these scopes cover of a model. */
  #readsOf(model: string, scopes: Iterable<number>): readonly string[] {
    const { membership } = this.#server
    const name = this.#nameOf(model)
    const lines = [...scopes].flatMap((id): readonly ScopeLine[] => {
      const open = this.#scopes.get(id)
      return open === undefined ? [] : membership.linesOf(open).filter((line) => line.model === name)
    })
    return [...new Set([name, ...lines.flatMap((line) => membership.readsOf(line))])]
  }

  #expect(models: readonly string[], holds: (tables: Tables) => boolean, problem: string, details: readonly string[] = []): void {
    const answer = this.#was(models, holds)
    if (answer === undefined) this.#world.count('rows that nobody can judge')
    else if (!answer) this.#say(problem, details)
  }

  #say(problem: string, details: readonly string[] = []): never {
    const scopes = [...this.#scopes].map(([id, scope]) => `scope ${id}: ${JSON.stringify(scope)}`)
    throw new Violation('I5', `in a ${this.#kind} to ${this.#line.device}: ${problem}`, [...details, ...scopes])
  }
}

/** Scopes by the rows that they claim. */
const claimsIn = (claims: readonly ClaimChange[]): Map<string, readonly number[]> => {
  const found = new Map<string, readonly number[]>()
  for (const { scope, model, add } of claims) for (const id of add) found.set(`${model} ${id}`, [...(found.get(`${model} ${id}`) ?? []), scope])
  return found
}
