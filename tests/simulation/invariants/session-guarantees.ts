import { type Position, formatPosition, includes, parsePosition } from '../../../runtime/protocol/position.js'
import type { Device } from '../world/device.js'
import type { LocalWrite } from '../world/ledger.js'
import type { World } from '../world/world.js'
import { type Entry, marksIn } from '../world/history.js'
import { type SimClient, cacheOf } from '../schema/sim-schema.js'
import { type Invariant, Violation } from './invariant.js'

/** A text that was replaced on a device and came back. */
interface Return {
  readonly device: string
  readonly model: string
  readonly plural: string
  readonly id: string
  /** Of a link: what it links, by field. */
  readonly pair: readonly (readonly [field: string, key: unknown])[]
  readonly field: string
  readonly text: string
  /** The text in between. */
  readonly instead: string
}

/**
 * What an app wrote it sees at once, and what was replaced on a screen does not come back: only the rejection, or the lost
 * field, of a write of the app's own may bring back what was there before it, and a copied device that writes the same again. A row
 * that no open scope covers is shown while a write on it waits, as it was when its scope was closed: it is gone at rest.
 */
export const sessionGuarantees: Invariant = {
  id: 'I6',
  says: 'a device sees its own writes at once, never an older text after a newer one, and never goes back',
  watch: (world) => {
    const returns: Return[] = []
    const positions = new WeakMap<SimClient, Position>()
    /** What each device was last told of the history of the database, before it had anything of it. */
    const greeted = new Map<string, string>()
    let judged = 0
    return {
      frame: (_, to, message) => {
        if (message.kind === 'welcome') greeted.set(to, message.epoch)
      },
      opened: (device, client) => {
        for (const { name, plural, fields } of device.schema.ir.models) {
          const { pair = [] } = device.schema.descriptor.models[name] ?? {}
          const texts = fields.filter(({ type }) => type.kind === 'string' || type.kind === 'text').map(({ name }) => name)
          const seen = new Map<string, Shown>()
          const historyOf = (): string => `${greeted.get(device.name) ?? ''} ${epochOf(client.position)}`
          let history = historyOf()
          cacheOf(client, plural).on((event) => {
            if (history !== historyOf()) seen.clear() // The database is another, or was restored: what waits anew is shown anew.
            history = historyOf()
            const row = event.kind === 'added' || event.kind === 'changed' ? event.after : null
            for (const field of texts) {
              const key = `${event.id} ${field}`
              const values = row as Readonly<Record<string, unknown>> | null
              const text = values?.[field]
              if (typeof text !== 'string' || markOf(text) === undefined) {
                seen.delete(key)
                continue
              }
              const shown = seen.get(key) ?? { now: text, before: new Set() }
              seen.set(key, shown)
              if (shown.now === text) continue
              if (shown.before.has(text) && !isReopening(device)) {
                const own = pair.map((each) => [each, values?.[each]] as const)
                returns.push({ device: device.name, model: name, plural, id: event.id, pair: own, field, text, instead: shown.now })
              }
              shown.before.add(shown.now)
              shown.now = text
            }
          })
        }
      },
      afterOperation: () => {
        for (const { name, client } of world.devices) {
          const before = client === null ? undefined : positions.get(client)
          const now = client?.position == null ? undefined : parsePosition(client.position)
          if (client === null || now === undefined) continue
          if (before?.epoch === now.epoch && !includes(now, before)) throw new Violation('I6', `${name} went back from ${formatPosition(before)} to ${formatPosition(now)}`)
          positions.set(client, now)
        }
        const { writes } = world.ledger
        for (const write of writes.slice(judged)) {
          const device = world.devices.find(({ name }) => name === write.device)
          if (write.at !== world.kernel.now || write.fate !== 'pending' || device?.client == null) continue
          const rows = write.rows.map(({ model, id }) => cacheOf(device.client as NonNullable<typeof device.client>, pluralOf(device, model)).get(id))
          if (write.rows.some(({ op }) => op === 'delete') || rows.includes(undefined)) continue
          const visible = JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
          const shown = new Set(marksIn(visible))
          const missing = write.marks.filter((mark) => !shown.has(mark))
          if (missing.length > 0) throw new Violation('I6', `${write.device} does not see what it has just written: ${missing.join(' ')} (${write.what})`)
        }
        judged = writes.length
      },
      atRest: () => {
        for (const each of returns.splice(0)) {
          const { device, plural, id, field, text, instead } = each
          const { client = null } = world.devices.find(({ name }) => name === device) ?? {}
          if (client !== null && !(plural in client && cacheOf(client, plural).get(id) !== undefined)) continue
          // A unique text that somebody else has is refused: to a device whose ledger may know nothing of it.
          if (wasRefused(world, each) || wasLost(world, device, id, field, instead) || wasBroughtBack(world, id, text) || wasWrittenTwice(world, id, text)) continue
          const writes = writesOf(world.ledger.writes, id, instead)
          if (writes.some((write) => write.device === device && write.fate !== 'applied')) continue
          const whose = writes.map((write) => `${write.device} ${write.fate}`).join(', ')
          throw new Violation('I6', `${device} saw ${markOf(text) ?? ''} again after ${markOf(instead) ?? ''} (${whose || 'nobody’s'}) in ${plural} ${id} ${field}`)
        }
      },
    }
  },
}

interface Shown {
  now: string
  readonly before: Set<string>
}

/** Of the history of the database that a position is of. */
const epochOf = (position: string | null): string => position?.split('/')[0] ?? ''

const markOf = (text: string): string | undefined => marksIn(text)[0]

/**
 * Whether a device was told that it may not give the text in between to the row: by an edit, or by a new link of the same pair, which
 * is shown as an edit of the link that is there.
 */
const wasRefused = ({ pushes }: World, { device, model, id, pair, field, instead }: Return): boolean =>
  pushes.told.some(
    ({ device: whose, mutation, outcome }) =>
      whose === device &&
      outcome?.kind === 'rejected' &&
      mutation.ops.some((op) =>
        op.op === 'create'
          ? op.model === model && pair.length > 0 && op.values[field] === instead && pair.every(([name, key]) => op.values[name] === key)
          : op.op === 'update' && op.id === id && Object.values(op.set).some((edit) => 'value' in edit && edit.value === instead),
      ),
  )

/** Whether a device was told that the text it gave to the row is not kept: as that of a link of its own, too, that gave way to the row. */
const wasLost = ({ pushes }: World, device: string, id: string, field: string, text: string): boolean =>
  pushes.told.some(
    ({ device: whose, mutation, outcome }) =>
      whose === device &&
      outcome?.kind === 'merged' &&
      outcome.lost.some((lost) => lost.id === id && lost.field === field) &&
      mutation.ops.some((op) => (op.op === 'create' ? op.values[field] === text : op.op === 'update' && Object.values(op.set).some((edit) => 'value' in edit && edit.value === text))),
  )

/**
 * Whether somebody deleted the row and brought it back as he had seen it, which takes away what was written to it meanwhile: in the words
 * of his version, and perhaps he was lost before he was told.
 */
const wasBroughtBack = ({ pushes }: World, id: string, text: string): boolean =>
  pushes.sent.some(({ mutation, outcome }) => outcome?.kind !== 'rejected' && mutation.ops.some((op) => op.op === 'create' && op.restore === true && op.id === id && Object.values(op.values).includes(text)))

/** Whether the text was written to the row twice: by a device and by its copy, which had it to send under another client id. */
const wasWrittenTwice = ({ pushes, history }: World, id: string, text: string): boolean => {
  const authors = pushes.sent.filter(({ mutation }) => mutation.ops.some((op) => op.op === 'update' && op.id === id && Object.values(op.set).some((edit) => 'value' in edit && edit.value === text)))
  if (new Set(authors.map(({ device }) => device)).size < 2) return false
  const has = (image: Entry['after']): boolean => Object.values(image ?? {}).includes(text)
  const writers = history.entries.flatMap(({ key, mutation, before, after }) => (mutation !== null && key === id && has(after) && !has(before) ? [`${mutation.client}/${mutation.seq}`] : []))
  return new Set(writers).size > 1
}

/** Those that gave a text to a row. */
const writesOf = (writes: readonly LocalWrite[], id: string, text: string): readonly LocalWrite[] => {
  const mark = markOf(text)
  return mark === undefined ? [] : writes.filter(({ marks, rows }) => marks.includes(mark) && rows.some((row) => row.id === id))
}

const pluralOf = ({ schema }: Device, name: string): string =>
  schema.ir.models.find((model) => model.name === name)?.plural ?? name

/** Whether a scope is open again on a live connection, and still as of its closing: `cached`, as its status says. */
const isReopening = ({ client, scopes }: Device): boolean =>
  client?.status.get().connection !== 'offline' && [...scopes.values()].some(({ handle }) => handle?.status.get().state === 'cached')
