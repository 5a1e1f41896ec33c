import { readKeys } from '../../../runtime/protocol/held-keys.js'
import type { ClientMessage, ServerMessage } from '../../../runtime/protocol/messages.js'
import { type Position, parsePosition } from '../../../runtime/protocol/position.js'
import type { Version } from '../deploys/versions.js'
import type { OpenScope } from '../schema/expected-rows.js'
import type { SimPrincipal } from '../schema/sim-schema.js'
import { scopeFor } from '../deploys/as-seen.js'
import type { World } from '../world/world.js'
import { FrameJudge, type Was } from './frame-judge.js'
import { type Invariant, Violation } from './invariant.js'
import { atMoment, atSomeMoment } from './moments.js'

/**
 * Nobody is sent what is not his to read. A `changed` is of the state that it leads to; a page, or the rows of an answer, of some
 * state since it was asked for: there each row stood as it was sent, in a scope of the device (of an answer: readable), with the
 * columns that travel and no others. Of a row that leaves, its reader had heard before.
 */
export const scopeExactness: Invariant = {
  id: 'I5',
  says: 'no frame has a row that its reader may not read, a column that stays on the server, or a key that he never heard of',
  watch: (world) => {
    const lines = new Map<string, Line>()
    const readers = new Map<string, Set<string>>()
    const arrived: Arrival[] = []
    const lineOf = (device: string, isNew: boolean): Line => {
      const known = lines.get(device)
      if (known !== undefined && !isNew) return known
      const identity = world.devices.find(({ name }) => name === device)?.identity ?? nobody
      const heard = readers.get(identity.principal) ?? new Set()
      readers.set(identity.principal, heard)
      const line: Line = { device, identity, heard, language: world.versions.current, server: world.versions.current, scopes: new Map(), attempts: new Map(), pushes: new Map(), told: null }
      lines.set(device, line)
      return line
    }
    return {
      frame: (from, to, message) => {
        if (asks(message)) {
          const line = lineOf(from, message.kind === 'hello')
          if (message.kind === 'hello') {
            const server = world.nodes.find(({ name }) => name === to)?.running
            line.language = world.versions.named(message.schema) ?? line.language
            line.server = server == null ? line.server : world.versions.of(server)
          }
          return ask(line, message, world.past.transactions.size)
        }
        const line = lineOf(to, false)
        arrived.push({ message, line, server: line.server, ...stateOf(line, message) })
      },
      afterOperation: () => {
        for (const arrival of arrived.splice(0)) judge(world, arrival)
      },
    }
  },
}

/** What one connection has open. Numbers are those of transactions that had committed for sure. */
export interface Line {
  readonly device: string
  readonly identity: SimPrincipal
  /** Keys that the reader has heard of or made, on any device: `Task 0198…`. */
  readonly heard: Set<string>
  readonly scopes: Map<number, OpenScope>
  /** The version whose words are said on it. */
  language: Version
  /** The version of the node, in the life that the connection is with. */
  server: Version
  /** By attempt. */
  readonly attempts: Map<number, number>
  /** By the number of a mutation. */
  readonly pushes: Map<number, number>
  /** Where the device was told to be. */
  told: Position | null
}

/** A frame, and what the device had open when it came. */
interface Arrival {
  readonly message: ServerMessage
  readonly line: Line
  /** The version of the node that sent it. */
  readonly server: Version
  readonly scopes: ReadonlyMap<number, OpenScope>
  readonly told: Position | null
}

const nobody: SimPrincipal = { principal: '', claims: {} }

const asks = (message: ClientMessage | ServerMessage): message is ClientMessage =>
  ['hello', 'sync', 'hold', 'close', 'push', 'authenticate', 'ping'].includes(message.kind)

const ask = ({ heard, scopes, attempts, pushes }: Line, message: ClientMessage, committed: number): void => {
  switch (message.kind) {
    case 'sync':
      attempts.set(message.attempt, committed)
      for (const { id, name, params } of message.scopes) scopes.set(id, { scope: name, params })
      return
    case 'hold':
      if (message.form === 'keys') for (const [id] of readKeys(message.bytes)) heard.add(`${message.model} ${id}`)
      return
    case 'push':
      for (const { seq, ops } of message.mutations) {
        pushes.set(seq, Math.min(pushes.get(seq) ?? committed, committed))
        for (const { model, id } of ops) heard.add(`${model} ${id}`)
      }
      return
    default:
      return
  }
}

/** What was open when the frame came; and that the device is where the frame says, from now on. */
const stateOf = (line: Line, message: ServerMessage): Pick<Arrival, 'scopes' | 'told'> => {
  const { told } = line
  if (message.kind === 'synced') line.told = parsePosition(message.position) ?? null
  if (message.kind === 'changed') line.told = parsePosition(message.to) ?? null
  return { scopes: new Map(line.scopes), told }
}

const judge = (world: World, { message, line, server, scopes: asked, told }: Arrival): void => {
  const scopes = scopesFor(world, line, server, asked)
  const judgeOf = (kind: string, was: Was): FrameJudge => new FrameJudge(world, line, server, scopes, kind, was)
  switch (message.kind) {
    case 'page': {
      const since = told ?? line.attempts.get(message.attempt) ?? 0
      return judgeOf(message.kind, (models, holds) => atSomeMoment(server.past, since, models, holds)).delta(message.delta)
    }
    case 'changed': {
      const at = parsePosition(message.to)
      if (at === undefined) throw new Violation('I5', `${line.device} is sent to no position: ${message.to}`)
      return judgeOf(message.kind, (models, holds) => atMoment(server.past, at, models, holds)).delta(message.delta)
    }
    case 'pushed':
      for (const { seq, rows } of message.results) {
        const since = line.pushes.get(seq) ?? 0
        judgeOf(message.kind, (models, holds) => atSomeMoment(server.past, since, models, holds)).answer(rows)
      }
      return
    default:
      return
  }
}

/** As the server knows them. */
const scopesFor = ({ versions }: World, { language }: Line, server: Version, asked: ReadonlyMap<number, OpenScope>): ReadonlyMap<number, OpenScope> =>
  new Map(
    [...asked].flatMap(([id, scope]): readonly (readonly [number, OpenScope])[] => {
      const said = scopeFor(versions, scope, language.schema, server.schema)
      return said === null ? [] : [[id, said]]
    }),
  )
