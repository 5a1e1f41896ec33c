/**
 * A real database, adopted: loaded by plain SQL, held in part by six devices, edited from every side, offline and online. At the
 * end every cache equals SQL that was written by hand. Skipped, visibly, where the data is not at hand.
 */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import pg from 'pg'
import { dexieStorage } from 'syncgen/client'
import { type Lab, openLab, until } from 'syncgen/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chinook, openChinook } from './generated/client/index.js'
import { type ChinookServer, createChinookServer } from './generated/server/index.js'
import { catalogue, clients, type Expected, playlist, purchases, reference } from './expected.js'
import { chinookIsHere, loadChinook } from './load.js'

interface Holder {
  readonly name: string
  readonly db: Chinook
  readonly expected: readonly Expected[]
  readonly values: readonly string[]
}

if (!chinookIsHere) console.warn('SKIPPED: Chinook, whose data does not stand beside this checkout')

describe.skipIf(!chinookIsHere)('Chinook', () => {
  let lab: Lab<{ readonly sub: string }, ChinookServer, Chinook>
  let session: pg.Client
  let phone: Holder
  let laptop: Holder
  let rep: Holder
  let dj: Holder
  let library: Holder
  let everybody: readonly Holder[]
  let customerId: string
  let playlistId: string

  beforeAll(async () => {
    lab = await openLab({
      createServer: createChinookServer,
      openClient: openChinook,
      migrations: new URL('./generated/migrations/', import.meta.url),
      nodes: 2,
    })
    expect(await loadChinook(lab.database)).toMatchObject({ track: 3503, playlist_track: 8715, invoice_line: 2240, customer: 59 })
    session = new pg.Client({ connectionString: lab.database, options: '-c datestyle=ISO' })
    await session.connect()
    const one = async (sql: string, ...values: readonly unknown[]): Promise<string> => String((await lab.sql(sql, values))[0]?.['id'])
    const repId = await one(`select id from employee where last_name = 'Peacock'`)
    customerId = await one(`select id from customer where support_rep_id = $1 order by id limit 1`, repId)
    playlistId = await one(`select id from playlist where name = 'Heavy Metal Classic'`)

    const hold = async (name: string, sub: string, open: readonly string[], expected: readonly Expected[], ...values: readonly string[]) => {
      const storage = dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange })
      const db = await lab.device({ principal: sub, claims: { sub }, open, storage, node: everybody.length % 2 })
      const holder = { name, db, expected, values }
      everybody = [...everybody, holder]
      return holder
    }
    everybody = []
    phone = await hold('phone', customerId, ['purchases'], purchases, customerId)
    laptop = await hold('laptop', customerId, ['purchases'], purchases, customerId)
    rep = await hold('rep', repId, ['clients'], clients, repId)
    dj = await hold('dj', customerId, [], playlist, playlistId)
    dj.db.scopes.playlist({ playlistId })
    await hold('kiosk', customerId, ['reference'], reference)
    library = await hold('library', repId, ['catalogue'], catalogue)
  })

  afterAll(async () => {
    await session.end()
    await lab.close()
  })

  it('[M20] six devices hold what their scopes cover, in known numbers', async () => {
    await allEqual()
    for (const { db, expected, name } of everybody) {
      expect({ name, ...sizes(db, expected) }).toEqual({ name, ...Object.fromEntries(expected.map(({ cache, loaded }) => [cache, loaded])) })
    }
  })

  it('[M21] edits from every side, online', async () => {
    phone.db.customers.update(customerId, { phone: '+33 1' })
    rep.db.customers.update(customerId, { company: 'Peacock & Sons' })
    const [track] = dj.db.tracks.all()
    if (track === undefined) throw new Error('the playlist has tracks')
    library.db.tracks.update(track.id, { unitPrice: '1.29' })
    dj.db.playlists.update(playlistId, { name: 'Heavier Metal' })
    await lab.sql(`update genre set name = name || '!' where name like 'R%'`)
    await lab.sql(`update track set composer = upper(composer) where album_id in (select id from album order by id limit 40)`)
    await until('the price arrived', () => dj.db.tracks.get(track.id)?.unitPrice === '1.29')
    await allEqual()
    expect(laptop.db.customers.get(customerId)).toMatchObject({ phone: '+33 1', company: 'Peacock & Sons' })
    expect(library.db.playlists.get(playlistId)?.name).toBe('Heavier Metal')
  })

  it('[M22] edits from every side, offline, plain SQL included; afterwards all caches equal SQL', async () => {
    for (const { db } of everybody) db.goOffline()
    const before = dj.db.playlistTracks.all().length

    phone.db.customers.update(customerId, { city: 'Lyon', fax: null })
    await longerThanClocksDiffer()
    laptop.db.customers.update(customerId, { city: 'Paris', address: '1, rue de la Paix' })
    rep.db.customers.update(customerId, { email: 'new@example.org' })
    const line = laptop.db.invoiceLines.all()[0]
    const invoice = phone.db.invoices.all()[0]
    if (line === undefined || invoice === undefined) throw new Error('the customer has bought something')
    laptop.db.invoiceLines.delete(line.id)
    phone.db.transaction((tx) => {
      const added = tx.invoiceLines.create({ invoiceId: invoice.id, trackId: line.trackId, unitPrice: '0.99', quantity: 2 })
      tx.invoices.update(invoice.id, { total: '12.34' })
      return added
    })

    const links = dj.db.playlistTracks.all()
    for (const link of links.slice(0, 3)) dj.db.playlistTracks.delete(link.id)
    const album = library.db.transaction((tx) => {
      const artist = tx.artists.create({ name: 'The Offline' })
      const made = tx.albums.create({ title: 'Reconnected', artistId: artist.id })
      const like = library.db.tracks.all()[0]
      if (like === undefined) throw new Error('the catalogue has tracks')
      const song = tx.tracks.create({ name: 'Cutoff', albumId: made.id, mediaTypeId: like.mediaTypeId, milliseconds: 1, unitPrice: '0.5' })
      tx.playlistTracks.create({ playlistId, trackId: song.id })
    })
    const shared = links[0]
    if (shared === undefined) throw new Error('the playlist has links')
    library.db.playlistTracks.delete(shared.id)

    await lab.sql('begin')
    await lab.sql(`delete from invoice_line where id = (select l.id from invoice_line l join invoice i on i.id = l.invoice_id
      where i.customer_id = $1 and l.id <> $2 order by l.id desc limit 1)`, [customerId, line.id])
    await lab.sql(`insert into invoice (customer_id, invoice_date, total) values ($1, '2026-01-02 03:04:05.678+00', 9.99)`, [customerId])
    await lab.sql(`update customer set support_rep_id = (select id from employee where last_name = 'Park')
      where id = (select id from customer where support_rep_id = $1 and id <> $2 order by id limit 1)`, [...rep.values, customerId])
    await lab.sql(`update customer set support_rep_id = $1 where id = (select id from customer where support_rep_id <> $1 order by id limit 1)`, rep.values)
    await lab.sql('commit')
    await lab.sql(`update track set album_id = (select id from album where title = 'Facelift')
      where id in (select track_id from playlist_track where playlist_id = $1 order by track_id limit 5)`, [playlistId])
    await lab.sql(`insert into playlist_track (playlist_id, track_id) select $1, t.id from track t
      where not exists (select from playlist_track l where l.playlist_id = $1 and l.track_id = t.id) order by t.id desc limit 7`, [playlistId])
    await lab.sql(`delete from playlist_track where playlist_id = $1 and track_id = $2`, [playlistId, links[5]?.trackId])

    for (const { db } of everybody) db.goOnline()
    expect(await album.confirmed).toEqual({ kind: 'applied' })
    await allEqual()
    expect(dj.db.playlistTracks.size).toBe(before - 3 + 1 + 7 - 1)
    expect(phone.db.customers.get(customerId)).toEqual(laptop.db.customers.get(customerId))
    expect(rep.db.customers.get(customerId)).toMatchObject({ address: '1, rue de la Paix', fax: null, email: 'new@example.org' })
    expect(rep.db.customers.get(customerId)?.city).toBe('Paris')
  })

  /** Every cache, value for value. */
  const allEqual = async (): Promise<void> => {
    for (const holder of everybody) {
      let difference: readonly string[] = []
      await until(`${holder.name} equals SQL`, async () => {
        difference = await differences(holder)
        return difference.length === 0
      }).catch((error: unknown) => {
        throw new Error(`${holder.name}: ${difference.slice(0, 8).join('\n')}`, { cause: error })
      })
    }
  }

  const differences = async ({ db, expected, values }: Holder): Promise<readonly string[]> => {
    const lacking: string[] = []
    for (const { cache, sql } of expected) {
      const { rows } = await session.query<unknown[]>({ text: sql, values: sql.includes('$1') ? [...values] : [], rowMode: 'array' })
      const want = new Set(rows.map(textOf))
      const have = new Set(rowsIn(db, cache).map((row) => textOf(Object.values(row))))
      lacking.push(...[...want].filter((row) => !have.has(row)).map((row) => `${cache} lacks ${row}`))
      lacking.push(...[...have].filter((row) => !want.has(row)).map((row) => `${cache} should not hold ${row}`))
    }
    const others = allCaches(db).filter(([cache, rows]) => rows.length > 0 && !expected.some((each) => each.cache === cache))
    return [...lacking, ...others.map(([cache]) => `${cache} should be empty`)]
  }
})

/** Edit times order edits no finer than the offset of a device's clock can be measured on a busy machine. */
const longerThanClocksDiffer = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000))

const textOf = (values: readonly unknown[]): string =>
  JSON.stringify(values.map((value) => (value instanceof Date ? value.toISOString() : value)))

const allCaches = (db: Chinook): readonly (readonly [string, readonly object[]])[] => [
  ['artists', db.artists.all()],
  ['albums', db.albums.all()],
  ['genres', db.genres.all()],
  ['mediaTypes', db.mediaTypes.all()],
  ['tracks', db.tracks.all()],
  ['playlists', db.playlists.all()],
  ['playlistTracks', db.playlistTracks.all()],
  ['employees', db.employees.all()],
  ['customers', db.customers.all()],
  ['invoices', db.invoices.all()],
  ['invoiceLines', db.invoiceLines.all()],
]

const rowsIn = (db: Chinook, cache: string): readonly object[] => allCaches(db).find(([name]) => name === cache)?.[1] ?? []

const sizes = (db: Chinook, expected: readonly Expected[]): Readonly<Record<string, number>> =>
  Object.fromEntries(expected.map(({ cache }) => [cache, rowsIn(db, cache).length]))
