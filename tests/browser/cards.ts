/** An app in two versions, each on a path of one origin, with the server and the database of either. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import pg from 'pg'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { type LabNode, type LabServer, startLabNode } from '../../runtime/testing/lab-node.js'
import { base, cards } from '../evolution/folder.js'
import type { VersionCode } from '../evolution/versions.js'
import { syncgen } from '../golden/command.js'
import { Device } from './device.js'
import { openSite, type Site } from './site.js'
import { settled } from './world.js'

export type Version = 'old' | 'new'

/** A field and a value are called otherwise in the new version, and a field more is required. */
const versions: Readonly<Record<Version, { readonly schema: string; readonly values: string }>> = {
  old: {
    schema: cards([...base, 'notes: text?', 'state: { type: State, default: todo }'], { enums: '[todo, doing, done]' }),
    values: `() => ({ notes: 'of the old version', state: 'doing' })`,
  },
  new: {
    schema: cards(
      [...base, 'body: { type: text?, was: notes }', 'state: { type: State, default: todo }', 'slug: { type: string, backfill: { lower: $row.title } }'],
      { enums: '[todo, { name: active, was: doing }, done]' },
    ),
    values: `(title) => ({ body: 'of the new version', state: 'active', slug: title.toLowerCase() })`,
  },
}

export interface CardsApp {
  readonly site: Site
  /** Whose tasks they are. */
  readonly person: string
  /** Address of the page of a version. */
  page(version: Version): string
  /** Brings the database to a version. */
  migrate(version: Version): Promise<unknown>
  /** Starts the server of a version, in place of the one that runs; null: none. */
  serve(version: Version | null): Promise<void>
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Resolves when a page is in step and holds what SQL says, in the words of the new version. */
  inStep(page: Page): Promise<void>
  browser(): Promise<Device>
  close(): Promise<void>
}

/** Each with an empty database. */
export const openCardsApp = async (generated: GeneratedCards, person: string): Promise<CardsApp> => {
  const { site, code, folder } = generated
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const devices: Device[] = []
  let node: LabNode<LabServer> | null = null
  let port = 0
  const sql = (text: string, values: readonly unknown[] = []) => client.query<Readonly<Record<string, unknown>>>(text, [...values]).then(({ rows }) => rows)
  return {
    site,
    person,
    page: (version) => {
      const token = JSON.stringify({ principal: person, claims: { sub: person } })
      return `${site.origin}/${version}/?${new URLSearchParams({ url: `ws://127.0.0.1:${port}/sync`, principal: person, token }).toString()}`
    },
    migrate: (version) => migrate({ database: url, folder: join(folder, version, 'migrations') }),
    serve: async (version) => {
      await node?.kill()
      node = null
      if (version === null) return
      const { createCardsServer } = await code(version)
      node = await startLabNode({ createServer: createCardsServer, server: { origins: [site.origin] }, log: () => undefined }, url, port)
      port = node.port
    },
    sql,
    inStep: async (page) => {
      await settled(page)
      const rows = await sql(`select id, owner_id as "ownerId", title, body, state, slug from tasks where owner_id = $1`, [person])
      const expected = rows.map((row) => JSON.stringify(row, Object.keys(row).toSorted())).toSorted()
      await expect.poll(() => page.evaluate(() => window.rows()['tasks']), { timeout: 10_000 }).toEqual(expected)
    },
    browser: async () => {
      const device = await Device.make()
      devices.push(device)
      return device
    },
    close: async () => {
      await Promise.all(devices.map((device) => device.destroy()))
      await node?.close()
      await client.end()
      await drop()
    },
  }
}

/** What the command made of both versions, and its pages on a site. */
export interface GeneratedCards {
  readonly folder: string
  readonly site: Site
  code(version: Version): Promise<VersionCode>
  close(): Promise<void>
}

export const generateCards = async (): Promise<GeneratedCards> => {
  const folder = await mkdtemp(join(tmpdir(), 'syncgen-cards-'))
  const site = await openSite()
  await mkdir(join(folder, 'schemas'))
  for (const [name, stamp] of [['old', '20260101000000'], ['new', '20260102000000']] as const) {
    await writeFile(join(folder, 'schemas/cards.yaml'), versions[name].schema)
    const { code, error } = await syncgen(['schemas/', '--quiet', '--stamp', stamp], folder)
    if (code !== 0) throw new Error(error)
    await cp(join(folder, 'generated'), join(folder, name), { recursive: true })
    await writeFile(join(folder, name, 'index.html'), '<!doctype html><output></output><ol></ol><script type="module" src="./main.ts"></script>')
    await writeFile(join(folder, name, 'main.ts'), mainOf(name))
    await site.add(`/${name}/`, join(folder, name))
  }
  return {
    folder,
    site,
    // The cast is the boundary: what was generated has these exports.
    code: (version) => import(pathToFileURL(join(folder, version, 'server/index.ts')).href) as Promise<VersionCode>,
    close: async () => {
      await site.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const mainOf = (version: Version): string => `import { openCards } from './client/index.js'
import { showCards } from '${fileURLToPath(new URL('page/cards.ts', import.meta.url))}'
showCards(openCards, ${versions[version].values})
`
