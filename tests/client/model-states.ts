/** The database of the model server: a state is what it holds between two commits; membership is computed from whole states. */
import { type ClaimChange, type Delta, Digests, type LineDigest, type VersionedRow, type Wire as WireValue } from '../../runtime/protocol/index.js'
import { schema } from './schema.js'

export type Values = Readonly<Record<string, WireValue>>
export interface Row {
  readonly version: number
  readonly values: Values
}
/** By model, then by id. */
export type State = Readonly<Record<string, ReadonlyMap<string, Row>>>

export interface Scope {
  readonly name: string
  readonly params: Values
}

export const models = Object.keys(schema.models)
export const empty: State = Object.fromEntries(models.map((model) => [model, new Map<string, Row>()]))

/** Keys are `Model id`. */
export interface Part {
  readonly scope: number
  readonly send: readonly string[]
  readonly out: readonly string[]
  readonly deleted: readonly string[]
}

const rowAt = (state: State, key: string): Row | undefined => {
  const [model = '', id = ''] = key.split(' ')
  return state[model]?.get(id)
}

export const membersOf = (state: State, { name, params }: Scope): ReadonlyMap<string, Row> => {
  const where = (model: string, holds: (values: Values) => boolean): readonly (readonly [string, Row])[] =>
    [...(state[model] ?? [])].filter(([, row]) => holds(row.values)).map(([id, row]) => [`${model} ${id}`, row] as const)
  if (name === 'home') return new Map([...where('Board', () => true), ...where('Label', () => true)])
  const board = params['boardId']
  const isHere = (card: WireValue | undefined): boolean => state['Card']?.get(String(card))?.values['boardId'] === board
  const links = where('CardLabel', (values) => isHere(values['cardId']))
  const linked = new Set(links.map(([, { values }]) => values['labelId']))
  return new Map([
    ...where('Board', (values) => values['id'] === board),
    ...where('Card', (values) => values['boardId'] === board),
    ...links,
    ...where('Label', (values) => linked.has(values['id'] ?? null)),
  ])
}

/** What brings somebody who has these versions to a state. */
export const difference = (state: State, id: number, scope: Scope, has: (key: string) => number | undefined, hasKeys: readonly string[]): Part => {
  const is = membersOf(state, scope)
  const send = [...is].filter(([key, row]) => has(key) !== row.version).map(([key]) => key)
  const gone = hasKeys.filter((key) => !is.has(key))
  return {
    scope: id,
    send,
    out: gone.filter((key) => rowAt(state, key) !== undefined),
    deleted: gone.filter((key) => rowAt(state, key) === undefined),
  }
}

/** Of all lines of a scope, the empty ones as well. */
export const digestsOf = (state: State, scope: Scope & { readonly id: number }): readonly LineDigest[] => {
  const members = membersOf(state, scope)
  return models.map((model) => {
    const digests = new Digests(1)
    for (const [key, { version }] of members) {
      if (key.startsWith(`${model} `)) digests.add(0, key.slice(model.length + 1), version)
    }
    return { scope: scope.id, model, digest: digests.total }
  })
}

export const deltaOf = (parts: readonly Part[], state: State): Delta => {
  const sent = new Set(parts.flatMap(({ send }) => send))
  const rows = models.flatMap((model) => {
    const fields = Object.keys(schema.models[model]?.fields ?? {})
    const versioned = [...sent].filter((key) => key.startsWith(`${model} `)).flatMap((key): VersionedRow[] => {
      const row = rowAt(state, key)
      return row === undefined ? [] : [[row.version, ...fields.map((field) => row.values[field] ?? null)]]
    })
    return versioned.length === 0 ? [] : [[model, versioned] as const]
  })
  const claims = parts.flatMap((part) => models.flatMap((model): ClaimChange[] => {
    const of = (keys: readonly string[]): readonly string[] =>
      keys.filter((key) => key.startsWith(`${model} `)).map((key) => key.slice(model.length + 1))
    const change = { scope: part.scope, model, add: of(part.send), out: of(part.out), deleted: of(part.deleted) }
    return change.add.length + change.out.length + change.deleted.length === 0 ? [] : [change]
  }))
  return { rows: Object.fromEntries(rows), claims }
}
