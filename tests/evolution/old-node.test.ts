/** A server of the version before goes on while the database is migrated already: what it tells its devices, and what they make of it later. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from 'syncgen/testing'
import { type Device, Fleet } from './fleet.js'
import { type AnyRow, Versions } from './versions.js'

let versions: Versions
beforeAll(async () => {
  versions = await Versions.read()
  await Promise.all([versions.code(0), versions.code(1)])
}, 120_000)
afterAll(() => versions.end())

const cardOf = (device: Device, fleet: Fleet, is: (card: AnyRow) => boolean): AnyRow | undefined => device.cache(fleet.card(device.at)).all().find(is)

describe('a server of the version before on the database of the version after', { timeout: 60_000 }, () => {
  it.for(['a change', 'a reconnection'])('[E90] tells a row by %s in words that lack a field: the upgraded app has the value that it was given, not the one of the migration', async (how) => {
    const fleet = await Fleet.begin(versions, 0)
    try {
      await fleet.serve(0)
      const old = await fleet.device(0)
      await old.inStep()
      if (how === 'a reconnection') old.client.goOffline()
      await fleet.migrate(1)
      const port = await fleet.serveBeside(1)
      const newer = await fleet.device(1, undefined, port)
      await newer.inStep()
      const { id } = cardOf(newer, fleet, ({ title }) => title === 'card 0') as AnyRow
      newer.cache(fleet.card(1)).update(id, { title: 'told', priority: 7 })
      await newer.inStep()
      old.client.goOnline()
      await until('the old app has heard it', () => cardOf(old, fleet, (card) => card.id === id)?.['title'] === 'told')
      await old.client.close()
      const upgraded = await fleet.device(1, old.storage, port)
      await upgraded.inStep()
      expect(cardOf(upgraded, fleet, (card) => card.id === id)).toMatchObject({ title: 'told', priority: 7 })
    } finally {
      await fleet.end()
    }
  })

  it('[E90] and an app whose whole life was before the migration fetches nothing', async () => {
    const fleet = await Fleet.begin(versions, 0)
    try {
      await fleet.serve(0)
      const old = await fleet.device(0)
      await old.inStep()
      await old.client.close()
      await fleet.migrate(1)
      const port = await fleet.serveBeside(1)
      const upgraded = await fleet.device(1, old.storage, port)
      await upgraded.inStep()
      expect(cardOf(upgraded, fleet, ({ title }) => title === 'card 0')).toMatchObject({ priority: 3 })
      await upgraded.client.close()
      const { batches, device } = await (await old.storage(`cards:${fleet.person}`)).load()
      const told = batches.flatMap(({ deltas }) => deltas.flatMap(({ rows }) => Object.values(rows).flat()))
      expect(told.every(([version]) => version > 0)).toBe(true)
      expect(device?.scopes.every(({ hash }) => hash !== null)).toBe(true)
    } finally {
      await fleet.end()
    }
  })
})
