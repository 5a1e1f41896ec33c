/** What a hostile client may try with `sync`, `hold` and positions: no row, no column and no key that is not his to read. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { type Wire, writeKeys } from '../../runtime/protocol/index.js'
import type { WireDevice } from '../server/wire-device.js'
import { RawClient } from './raw-client.js'
import { type Vault, make, openVault } from './vault-node.js'
import { schema } from './vault/generated/shared/schema.js'

let vault: Vault
beforeAll(async () => {
  vault = await openVault()
})
afterAll(async () => {
  await vault?.stop()
})

/** A seeded generator (xorshift): whole numbers below a bound. */
const random = (seed: number) => (below: number): number => {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) % below
}

const removals = (device: WireDevice) =>
  device.frames.flatMap((frame) => (frame.kind === 'page' || frame.kind === 'changed' ? frame.delta.claims : [])).map(({ out, deleted }) => ({ out, deleted }))

describe('keys that a client says it holds', () => {
  it('[X6] [S-24] are answered alike whether others have such rows or nobody has', async () => {
    const [theirs, own] = [await vault.insert('notes', { author_id: vault.ann, body: 'hers' }), await vault.insert('notes', { author_id: vault.mal, body: 'his' })]
    const mal = await vault.online(vault.mal, ['mine'])
    const nothing = Array.from({ length: 5 }, () => randomUUID())
    mal.claims.set('1 Note', new Set([theirs, own, ...nothing]))
    mal.claims.set('1 Person', new Set([vault.ann, vault.mal]))
    for (const scope of mal.scopes.values()) scope.position = 'forged'
    await mal.cut()
    await mal.connect(vault.url)
    await mal.resync()
    expect(removals(mal).flatMap(({ out }) => out)).toEqual([])
    expect(removals(mal).flatMap(({ deleted }) => deleted).sort()).toEqual([theirs, vault.ann, ...nothing].sort())
    expect(mal.held('Note')).toEqual([own])
  })

  it('[X6] [S-24] that scope and model were not asked for, or that are too many, end the connection', async () => {
    const hold = (more: object) => ({ kind: 'hold', attempt: 1, scope: 1, model: 'Note', form: 'keys', bytes: writeKeys([[randomUUID(), 1]]), last: false, ...more })
    for (const frame of [hold({ scope: 2 }), hold({ model: 'Seat' }), hold({ model: '__proto__' }), hold({ model: 'Note Note' })]) {
      const raw = await RawClient.greeted(vault.url, vault.mal, schema.hash)
      raw.send({ kind: 'sync', attempt: 1, scopes: [{ id: 1, name: 'mine', params: {}, hash: null, position: 'forged' }] })
      await raw.heard('"kind":"wanted"')
      raw.send(frame)
      expect(await raw.heard('"kind":"refused"')).toContain('malformed-frame')
    }
  })
})

describe('a position, a hash, a scope', () => {
  it('[X7] [S-25] that is forged changes what is sent again, and never what may be read (seed 90210)', async () => {
    const next = random(90210)
    const mal = await vault.online(vault.mal, ['mine'])
    const ann = await vault.online(vault.ann, ['mine'], ['team', { teamId: vault.team }])
    for (let round = 0; round < 30; round += 1) {
      await vault.insert('notes', { author_id: vault.ann, body: `canary-${round}`, secret: `canary-secret-${round}` })
      if (round % 3 === 0) await vault.sql('insert into seats (team_id, person_id) values ($1, $2)', [vault.team, vault.mal])
      await vault.sql('update teams set title = $2, budget = $3 where id = $1', [vault.team, round % 3 === 0 ? `shared-${round}` : `canary-title-${round}`, `canary-budget-${round}`])
      await vault.sql('delete from seats where person_id = $1', [vault.mal])
    }
    await vault.sql('update teams set title = $2 where id = $1', [vault.team, 'canary-title-last'])
    const [epoch, snapshot] = (mal.position ?? '').split('/')
    const [, high] = (snapshot ?? '').split(':')
    const top = Number(high)
    const [row] = await vault.sql('select pg_snapshot_xmax(pg_current_snapshot())::text as now')
    const span = Number(row?.['now']) - top
    const foreign = [...ann.scopes.values()].map(({ hash, position }) => ({ hash, position }))
    for (let round = 0; round < 60; round += 1) {
      const low = top + next(span)
      const max = low + next(span + top - low + 1)
      const open = Array.from({ length: max - low }, (_, at) => low + at).filter(() => next(3) === 0)
      const position = round % 4 === 3 ? (foreign[next(foreign.length)]?.position ?? '') : `${epoch}/${low}:${max}:${open.join()}`
      const hash = round % 5 === 4 ? (foreign[next(foreign.length)]?.hash ?? null) : ([...mal.scopes.values()][0]?.hash ?? null)
      const raw = await RawClient.greeted(vault.url, vault.mal, schema.hash)
      const scopes = [{ id: 1, name: 'mine', params: {}, hash, position }, { id: 2, name: 'team', params: { teamId: vault.team }, hash: foreign[1]?.hash ?? null, position }]
      raw.send({ kind: 'sync', attempt: 1, scopes })
      while (!raw.texts.some((text) => text.includes('"kind":"synced"'))) {
        const wanted = raw.texts.filter((text) => text.includes('"kind":"wanted"')).length
        if (wanted > 0) raw.send({ kind: 'hold', attempt: 1, scope: 1, model: 'Note', form: 'keys', bytes: '', last: true })
        await raw.heard(wanted > 0 ? '"kind":"synced"' : '"kind":', raw.texts.length)
      }
      expect(raw.texts.join(''), `seed 90210, round ${round}: ${position}`).not.toContain('canary')
      raw.cut()
    }
  })

  it('[X8] [S-13] [S-14] with a parameter of another type, or the name of a claim, is refused in one way', async () => {
    const wrong: readonly Wire[] = [null, 7, true, [], {}, [vault.team], { toPostgres: 'x' }, vault.team.toUpperCase(), `${vault.team}' or true --`, '', '\ud800', [[vault.team]], `{${vault.team}}`]
    const calls: readonly { readonly name: string; readonly params: object }[] = [...wrong.map((teamId) => ({ name: 'team', params: { teamId } })), { name: 'team', params: {} }, { name: 'team', params: { teamId: vault.team, sub: vault.ann } },
      { name: 'mine', params: { sub: vault.ann } }, { name: 'mine', params: { 'auth.sub': vault.ann } }, { name: 'mine', params: { toString: null } }, { name: 'nowhere', params: {} }, { name: 'hasOwnProperty', params: {} }, { name: 'mine ', params: {} }]
    for (const call of calls) {
      const raw = await RawClient.greeted(vault.url, vault.mal, schema.hash)
      raw.send({ kind: 'sync', attempt: 1, scopes: [{ id: 1, hash: null, position: null, ...call }] })
      expect(await raw.whenClosed(), JSON.stringify(call)).toBe(1008)
      expect(raw.texts.slice(1)).toEqual(['{"kind":"refused","code":"malformed-frame"}'])
    }
  })

  it('[X9] [S-7] stands in a sync once, and in no more than a connection may open', async () => {
    const call = { name: 'mine', params: {}, hash: null, position: null }
    const raw = await RawClient.greeted(vault.url, vault.mal, schema.hash)
    raw.send({ kind: 'sync', attempt: 1, scopes: [{ id: 1, ...call }, { id: 1, ...call }] })
    expect(await raw.heard('refused')).toContain('malformed-frame')
    const many = await RawClient.greeted(vault.url, vault.mal, schema.hash)
    many.send({ kind: 'sync', attempt: 1, scopes: Array.from({ length: 5000 }, () => ({ id: 1, ...call })) })
    expect(await many.heard('refused')).toContain('limit-exceeded')
  })

  it('[X9] [S-7] whose number is used again means the new one; syncs that nobody can keep up with are refused', async () => {
    await vault.sql('delete from seats where person_id = $1', [vault.mal])
    const own = await vault.insert('teams', { title: 'own', founder_id: vault.mal })
    const raw = await RawClient.greeted(vault.url, vault.mal, schema.hash)
    const team = (teamId: string) => ({ id: 1, name: 'team', params: { teamId }, hash: null, position: null })
    raw.send({ kind: 'sync', attempt: 1, scopes: [team(own)] })
    await raw.heard('"attempt":1,"from"')
    raw.send({ kind: 'sync', attempt: 2, scopes: [team(vault.team)] })
    await raw.heard('"attempt":2,"from"')
    await vault.sql(`update teams set title = 'canary-reused' where id = $1`, [vault.team])
    await vault.sql(`update teams set title = 'no scope now' where id = $1`, [own])
    raw.send({ kind: 'sync', attempt: 3, scopes: [{ id: 2, name: 'mine', params: {}, hash: null, position: null }] })
    await raw.heard('"attempt":3,"from"')
    expect(raw.texts.join('')).not.toContain('canary')

    const flood = await RawClient.greeted(vault.url, vault.mal, schema.hash)
    const fat = 'x'.repeat(900_000)
    flood.send({ kind: 'sync', attempt: 1, scopes: [{ id: 1, name: 'mine', params: {}, hash: null, position: 'forged' }] })
    await flood.heard('"kind":"wanted"')
    for (let attempt = 2; attempt < 12; attempt += 1) flood.send({ kind: 'sync', attempt, scopes: [{ id: 1, name: 'mine', params: {}, hash: null, position: fat }] })
    expect(await flood.heard('refused')).toContain('limit-exceeded')
  })
})

describe('a client id', () => {
  it('[X13] [S-10] and nonce of somebody else open nothing, and close nothing of his', async () => {
    const ann = await vault.online(vault.ann, ['mine'])
    const token = JSON.stringify({ principal: vault.mal, claims: { sub: vault.mal } })
    for (const session of [{ last: ann.lastNonce(), next: ann.lastNonce() ?? '' }, { last: ann.lastNonce(), next: 'n' }, { last: null, next: 'n' }]) {
      for (const principal of [vault.mal, vault.ann]) {
        const thief = await RawClient.open(vault.url)
        thief.send({ kind: 'hello', protocol: 1, schema: schema.hash, client: ann.client, principal, token, session })
        expect(await thief.heard('refused')).toContain(principal === vault.mal ? 'client-taken' : 'wrong-principal')
      }
    }
    expect(ann.socket.readyState).toBe(WebSocket.OPEN)
    expect((await ann.push(make('Note', { authorId: vault.ann, body: 'still here' }))).outcome).toEqual({ kind: 'applied' })
  })
})

describe('a right that ends', () => {
  it('[X10] [S-22] ends for what is queued, too: rows for a slow reader, batches, pushes that come after', async () => {
    const team = await vault.insert('teams', { title: 'before', founder_id: vault.ann })
    const seat = await vault.insert('seats', { team_id: team, person_id: vault.mal, chief: true })
    const mal = await vault.online(vault.mal, ['mine'], ['team', { teamId: team }])
    expect(mal.row('Team', team)?.['title']).toBe('before')
    const { _socket: wire } = mal.socket as unknown as { _socket: import('node:net').Socket }
    wire.pause()
    for (let round = 0; round < 60; round += 1) await vault.sql('update teams set title = $2 where id = $1', [team, `${'x'.repeat(200_000)}${round}`])
    await vault.sql(`with gone as (delete from seats where id = $1) update teams set title = 'canary-same' where id = $2`, [seat, team])
    await vault.sql(`update teams set title = 'canary-after' where id = $1`, [team])
    await vault.insert('seats', { team_id: team, person_id: vault.ann })
    wire.resume()
    await mal.until('the end of the team', () => mal.held('Team').includes(team) === false)
    const attempt = await mal.push({ op: 'update', model: 'Team', id: team, version: 1, set: { title: { seen: 'canary-after', value: 'mine' } } })
    expect(attempt).toMatchObject({ outcome: { kind: 'rejected', code: 'deleted' }, rows: {} })
    expect(JSON.stringify(mal.frames)).not.toContain('canary')
    expect(mal.held('Seat')).toEqual([])
  })
})
