import type { PlantedBug } from '../planted-bug.js'

const base = 'runtime/client/base.ts'
const outbox = 'runtime/client/outbox.ts'
const dexie = 'runtime/client/dexie-storage.ts'
const synchronizer = 'runtime/client/synchronizer.ts'

/** What a client holds of what the server sent: in memory, in storage, over its connection. */
export const cacheBugs: readonly PlantedBug[] = [
  {
    id: 'out-is-deleted',
    title: 'A row that leaves one scope is treated as deleted',
    hazards: ['F7', 'F4'],
    edits: [
      {
        file: base,
        find: 'for (const id of change.out) this.#disclaim(change.scope, change.model, id, touched)',
        replace: 'for (const id of change.out) this.#delete(change.model, id, touched)',
      },
    ],
    test: 'runtime/client/scopes.test.ts',
  },
  {
    id: 'claims-not-counted',
    title: 'A row that leaves one scope loses the claims of all',
    hazards: ['F4', 'F8'],
    edits: [{ file: base, find: 'entry.claims.filter((each) => each !== scope)', replace: 'entry.claims.filter((each) => each < 0)' }],
    test: 'runtime/client/scopes.test.ts',
  },
  {
    id: 'closing-empties-others',
    title: 'Closing a scope takes its rows off the screen, whoever else shows them',
    hazards: ['F8', 'F4'],
    edits: [
      {
        file: 'runtime/client/store.ts',
        find: 'this.base.get(model, id)?.claims.some((scope) => this.#openScopes.has(scope))',
        replace: 'this.base.get(model, id)?.claims.every((scope) => this.#openScopes.has(scope))',
      },
    ],
    test: 'runtime/client/scopes.test.ts',
  },
  {
    id: 'position-before-rows',
    title: 'The position is stored in a transaction of its own, before the rows that it speaks of',
    hazards: ['A5', 'K3', 'A3'],
    edits: [
      {
        file: dexie,
        find: `  append({ attempts, delta, scopes, kept }: StoredBatch, device: DeviceState, removed: readonly number[]): Promise<void> {
    return`,
        replace: `  async append({ attempts, delta, scopes, kept }: StoredBatch, device: DeviceState, removed: readonly number[]): Promise<void> {
    await this.#transaction('rw', async () => void (await this.#meta.put(device, 'device')))
    return`,
      },
      { file: dexie, find: `await this.#log.add({ attempts, scopes, delta })\n      await this.#meta.put(device, 'device')\n`, replace: 'await this.#log.add({ attempts, scopes, delta })\n' },
    ],
    test: 'runtime/client/storage.test.ts',
  },
  {
    id: 'rows-before-outbox',
    title: 'Rows are stored in one transaction, what leaves the outbox with them in another',
    hazards: ['K3', 'C5'],
    edits: [
      {
        file: dexie,
        find: `      await this.#meta.put(device, 'device')
      await this.#outbox.bulkDelete([...removed])
    })
  }

  enqueue`,
        replace: `      await this.#meta.put({ ...device, done: ((await this.#meta.get('device')) as DeviceState | undefined)?.done ?? 0 }, 'device')
    }).then(() =>
      this.#transaction('rw', async () => {
        await this.#outbox.bulkDelete([...removed])
        await this.#meta.put(device, 'device')
      }),
    )
  }

  enqueue`,
      },
    ],
    test: 'runtime/client/storage.test.ts',
  },
  {
    id: 'numbers-drawn-again',
    title: 'The next number of a mutation follows the highest that waits, and so is drawn again',
    hazards: ['J4', 'J2'],
    edits: [
      {
        file: dexie,
        find: 'const seq = (await this.#lastSeq()) + 1',
        replace: `const seq = ((await this.#outbox.orderBy('seq').last())?.seq ?? 0) + 1`,
      },
    ],
    test: 'runtime/client/storage.test.ts',
  },
  {
    id: 'staged-pages-shown',
    title: 'Pages are shown as they come, before their attempt has ended',
    hazards: ['K3', 'B3'],
    edits: [
      {
        file: synchronizer,
        find: '      staged.isStaged &&= isStored\n',
        replace: `      staged.isStaged &&= isStored
      const accepted = scopes.accepting(attempt)
      store.advanced([read], (scope) => accepted.includes(scope), [])
`,
      },
    ],
    test: 'runtime/client/synchronizer.test.ts',
  },
  {
    id: 'unfinished-pages-kept',
    title: 'Pages of an attempt that died are part of the next start',
    hazards: ['K3'],
    edits: [
      { file: dexie, find: 'await this.#pages.where(\'attempt\').noneOf(named).delete()', replace: '' },
      {
        file: dexie,
        find: 'batches: records.map((record) => spelledOut(record, pages)),',
        replace: `batches: [
          ...records.map((record) => spelledOut(record, pages)),
          ...pages.filter(({ attempt }) => !named.includes(attempt)).map(({ delta }) => ({ scopes: null, deltas: [delta] })),
        ],`,
      },
    ],
    test: 'tests/client/convergence.test.ts',
  },
  {
    id: 'pages-out-of-order',
    title: 'Stored pages of an attempt are read back in another order than they came in',
    hazards: ['K3', 'J5'],
    edits: [{ file: dexie, find: 'pages.filter((page) => page.attempt === attempt).map(', replace: 'pages.filter((page) => page.attempt === attempt).reverse().map(' }],
    test: 'runtime/client/storage.test.ts',
  },
  {
    id: 'log-with-a-hole',
    title: 'After a storage transaction failed, the next one goes on as if it had not',
    hazards: ['A5', 'K9', 'K8'],
    edits: [
      {
        file: 'runtime/client/base-log.ts',
        find: '    } catch (error) {\n      this.#isBehind = true\n',
        replace: '    } catch (error) {\n      this.#isBehind = false\n',
      },
    ],
    test: 'runtime/client/scopes.test.ts',
  },
  {
    id: 'batch-in-parts',
    title: 'What one transaction did is sent line by line, each a batch of its own',
    hazards: ['F11', 'I4', 'B3'],
    edits: [
      {
        file: 'runtime/server/device.ts',
        find: 'else this.#tell(reading.at, done, delta.take())',
        replace: `else
        for (const [at, line] of lines.entries()) {
          const covered = this.#covered
          if (at > 0) this.#covered = before
          const part = await this.#deltaOf(reading, [line])
          this.#covered = covered
          if (part !== undefined) this.#tell(reading.at, done, part.take())
        }`,
      },
      { file: 'runtime/server/device.ts', find: 'if (covered === null || !includes(reading.at, covered)) return\n      const delta', replace: 'if (covered === null || !includes(reading.at, covered)) return\n      const before = covered\n      const delta' },
    ],
    test: 'tests/server/sync.test.ts',
  },
  {
    id: 'closed-scope-goes-on',
    title: 'A scope that was closed and whose rows are kept is still changed by what arrives for it',
    hazards: ['F10', 'F8'],
    edits: [
      { file: base, find: 'delta.claims.filter((change) => accepts(change.scope))', replace: 'delta.claims.filter((change) => accepts(change.scope) || change.scope > 0)' },
    ],
    test: 'runtime/client/scopes.test.ts',
  },
  {
    id: 'unclaimed-rows-stay',
    title: 'A row that no scope claims any more stays in the cache',
    hazards: ['F1', 'F7'],
    edits: [
      {
        file: 'runtime/client/store.ts',
        find: 'this.base.get(model, id)?.claims.some((scope) => this.#openScopes.has(scope)) === true',
        replace: '(this.base.get(model, id)?.claims ?? [0]).length === 0 || this.base.get(model, id)?.claims.some((scope) => this.#openScopes.has(scope)) === true',
      },
      { file: base, find: 'if (entry === undefined || entry.claims.length > 0 || isNeeded(model, id)) continue', replace: 'if (entry === undefined || entry.claims.length >= 0 || isNeeded(model, id)) continue' },
    ],
    test: 'runtime/client/scopes.test.ts',
  },
  {
    id: 'equal-version-of-another-history',
    title: 'A client goes on from its position without looking whether the database is the same',
    hazards: ['L4', 'E3'],
    edits: [
      { file: 'runtime/client/identity.ts', find: 'own.epoch !== null && own.epoch !== epoch', replace: `own.epoch === ''` },
      { file: 'runtime/client/identity.ts', find: '!isOther && left <= lastSeq && lastSeq <= own.lastSeq', replace: '(!isOther || left >= 0)' },
    ],
    test: 'runtime/client/synchronizer.test.ts',
  },
  {
    id: 'evicted-client-keeps-its-id',
    title: 'A device whose storage was evicted comes back under its old id, with nothing of what it knew',
    hazards: ['K10', 'J2'],
    edits: [
      {
        file: 'runtime/client/client-parts.ts',
        find: 'const { device, batches, isDoubted } = await restore(storage, upgrade, schema, store, ports, log)',
        replace: `const key = \`\${schema.name}:\${options.principal}\`
  const drawn = remembered.get(ports.random) ?? new Map<string, string>()
  remembered.set(ports.random, drawn)
  const kept = { ...ports.random, next: () => ports.random.next(), uuid: () => drawn.get(key) ?? ports.random.uuid() }
  const restoring = stored.device === null ? { ...ports, clock: ports.clock, random: kept } : ports
  const { device, batches, isDoubted } = await restore(storage, upgrade, schema, store, restoring, log)
  drawn.set(key, device.client)`,
      },
      { file: 'runtime/client/client-parts.ts', find: 'const hour = 3_600_000\n', replace: 'const hour = 3_600_000\nconst remembered = new WeakMap<object, Map<string, string>>()\n' },
      { file: 'runtime/client/identity.ts', find: '!forked && !isOtherHistory', replace: '(!forked || own.lastSeq >= 0) && !isOtherHistory' },
    ],
  },
  {
    id: 'silence-is-no-sign',
    title: 'A connection that is silent is never given up',
    hazards: ['N10', 'C12'],
    edits: [
      { file: 'runtime/client/link.ts', find: '>= 3 * interval) return', replace: '>= 3_000_000 * interval) return' },
      { file: synchronizer, find: 'if (isWaiting && ports.clock.monotonic() - this.#lastProgress >= patience) {', replace: 'if (isWaiting && ports.clock.monotonic() < 0) {' },
      { file: 'runtime/client/link.ts', find: 'ports.timers.after(patience, () => this.end(1000, unanswered()))', replace: 'ports.timers.after(patience, () => undefined)' },
    ],
    test: 'runtime/client/connection.test.ts',
  },
  {
    id: 'storing-not-tried-again',
    title: 'A write that storage refused waits for ever',
    hazards: ['C12', 'K9'],
    edits: [
      { file: outbox, find: 'this.#cancelRetry = this.#parts.timers.after(this.#retry, () => this.#store())', replace: 'this.#cancelRetry = this.#parts.timers.after(this.#retry, () => undefined)' },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'unanswered-not-resent',
    title: 'After a reconnection only what was never sent is sent',
    hazards: ['C12', 'J1'],
    edits: [
      { file: 'runtime/client/sender.ts', find: 'this.#unsent = [...undecided]', replace: 'this.#unsent = undecided.filter((entry) => !this.#ever.has(entry))' },
      {
        file: 'runtime/client/sender.ts',
        find: 'this.#unsent = this.#unsent.slice(sent.length)',
        replace: 'for (const entry of this.#unsent.splice(0, sent.length)) this.#ever.add(entry)',
      },
      { file: 'runtime/client/sender.ts', find: '  #push: Push | null = null\n', replace: '  #push: Push | null = null\n  readonly #ever = new WeakSet<OutboxEntry>()\n' },
    ],
    test: 'runtime/client/outbox.test.ts',
  },
  {
    id: 'includes-not-watched',
    title: 'A live query does not notice changes of the rows that it includes',
    hazards: ['K12'],
    edits: [
      { file: 'runtime/client/query.ts', find: '  for (const model of where.models) models.add(model)\n', replace: '' },
      { file: 'runtime/client/query.ts', find: '  models.add(relation.model)\n', replace: '' },
    ],
    test: 'runtime/client/query.test.ts',
  },
  {
    id: 'moved-rows-stay-in-index',
    title: 'An index keeps a row under its old value when the value changes',
    hazards: ['K12'],
    edits: [{ file: 'runtime/client/indexes.ts', find: '(after === undefined || from !== to)', replace: '(after === undefined)' }],
    test: 'runtime/client/indexes.test.ts',
  },
  {
    id: 'decimals-as-text',
    title: 'Decimals are compared as text',
    hazards: ['G6'],
    edits: [
      {
        file: 'runtime/protocol/order.ts',
        find: `  const negative = left.startsWith('-')\n`,
        replace: `  if (left !== right) return left < right ? -1 : 1\n  const negative = left.startsWith('-')\n`,
      },
    ],
    test: 'runtime/protocol/order.test.ts',
  },
  {
    id: 'text-by-code-unit',
    title: 'Text has the order of UTF-16 code units',
    hazards: ['G8'],
    edits: [
      {
        file: 'runtime/protocol/order.ts',
        find: 'if (difference !== 0) return codePointRank(left.charCodeAt(at)) - codePointRank(right.charCodeAt(at))',
        replace: 'if (difference !== 0) return difference + 0 * codePointRank(difference)',
      },
    ],
    test: 'runtime/protocol/order.test.ts',
  },
  {
    id: 'json-by-its-text',
    title: 'Two json values are equal if their texts are',
    hazards: ['G11'],
    edits: [{ file: 'runtime/protocol/field-order.ts', find: '  const keys = Object.keys(left)\n', replace: '  if (JSON.stringify(left) !== JSON.stringify(right)) return false\n  const keys = Object.keys(left)\n' }],
    test: 'runtime/protocol/order.test.ts',
  },
  {
    id: 'null-passes-not',
    title: 'On the client, "not x" fails for null',
    hazards: ['G1'],
    edits: [
      { file: 'runtime/protocol/field-condition.ts', find: 'return not(equals(field, name, operand))', replace: 'return allOf([not(equals(field, name, operand)), (value) => value !== null])' },
    ],
    test: 'runtime/protocol/predicate.test.ts',
  },
]
