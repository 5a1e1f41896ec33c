/** A tab with the code of an earlier version has the storage open when one with a later version starts. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { dexieStorage } from 'syncgen/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AnyCache, type AnyClient, Versions } from './versions.js'

let versions: Versions
beforeAll(async () => {
  versions = await Versions.read()
}, 120_000)
afterAll(() => versions.end())

/** A device: one factory of databases, any number of tabs. */
const device = () => {
  const storage = dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange })
  return async (version: number): Promise<AnyClient> => {
    const { openCards } = await versions.code(version)
    return openCards({ url: 'ws://127.0.0.1:1', principal: 'ada', token: 'ada', storage, log: () => undefined })
  }
}

const cache = (client: AnyClient, name: string): AnyCache => (client as unknown as Readonly<Record<string, AnyCache>>)[name] as AnyCache

const write = (client: AnyClient, count: number, values: object): readonly string[] =>
  Array.from({ length: count }, (_, at) => cache(client, 'tasks').create({ ownerId: '00000000-0000-4000-8000-000000000001', title: `task ${at}`, ...values }).row.id)

const until = async (what: () => boolean): Promise<void> => {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('a tab of an earlier version', { timeout: 60_000 }, () => {
  it('[E69] finishes what is under way and gives way to a later one, which has every write', async () => {
    const open = device()
    const old = await open(0)
    const written = write(old, 40, {})
    const [fresh] = await Promise.all([open(2), Promise.resolve(write(old, 10, {})).then((more) => written.concat(more))])
    await until(() => old.status.get().error !== null)
    expect(old.status.get().error).toMatchObject({ code: 'storage-in-use', message: expect.stringContaining('reload') })
    expect(() => write(old, 1, {})).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
    expect(fresh.pending().length).toBe(50)
    for (const id of written) expect(cache(fresh, 'tasks').all().some((row) => row.id === id)).toBe(true)
    await old.close()
    await fresh.close()
    const again = await open(2)
    expect(again.pending().length).toBe(50)
    await again.close()
  })

  it('[E69] is not asked by its own version, nor by an earlier one: they are told that the storage is in use', async () => {
    const open = device()
    const holder = await open(2)
    for (const version of [2, 1, 0]) await expect(open(version)).rejects.toMatchObject({ code: 'storage-in-use' })
    expect(holder.status.get().error?.code).not.toBe('storage-in-use')
    expect(() => write(holder, 1, {})).not.toThrow()
    expect(holder.pending().length).toBe(1)
    await holder.close()
  })

  it('[E69] gives way to one of several that come at once; each later version takes over', async () => {
    const open = device()
    const old = await open(0)
    write(old, 5, {})
    const opened = await Promise.allSettled([open(1), open(2)])
    const last = opened[1]
    if (last?.status !== 'fulfilled') throw last?.reason
    expect(last.value.pending().length).toBe(5)
    expect(() => write(old, 1, {})).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
    await last.value.close()
    if (opened[0]?.status === 'fulfilled') await opened[0].value.close()
  })
})
