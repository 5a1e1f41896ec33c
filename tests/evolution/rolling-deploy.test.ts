/** A server of the version before starts on a database of the version after, as nodes do while a deploy goes on. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parsePosition } from '../../runtime/protocol/position.js'
import { migrate } from '../../runtime/server/migrations.js'
import { syncgen } from '../golden/command.js'
import { openTracker, type Tracker } from '../server/tracker-node.js'

const from = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Which migrations there were at a position. */
const migratedAt = (position: string | null): string | undefined => parsePosition(position ?? '')?.migrated

let folder = ''
let tracker: Tracker

/** Migrates the tracker's database to what its schema becomes by this change. */
const deploy = async (change: (schema: string) => string, ...accepted: readonly string[]): Promise<void> => {
  const path = join(folder, 'schemas/tracker.yaml')
  const text = await readFile(path, 'utf8')
  expect(change(text)).not.toBe(text)
  await writeFile(path, change(text))
  const ended = await syncgen(['schemas/', '--quiet', ...accepted.flatMap((what) => ['--accept', what])], folder)
  expect(ended).toMatchObject({ code: 0 })
  await migrate({ database: tracker.database, folder: join(folder, 'generated/migrations') })
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncgen-deploy-'))
  await cp(from('schemas'), join(folder, 'schemas'), { recursive: true })
  await cp(from('generated-example'), join(folder, 'generated'), { recursive: true })
  tracker = await openTracker()
})

afterEach(async () => {
  await tracker.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('a server of the version before', { timeout: 60_000 }, () => {
  it('[E65] starts where nothing that it needs is another, says so, and loses no change', async () => {
    const before = await tracker.online(tracker.bob, ['home'], ['board', { projectId: tracker.project }])
    await deploy((text) => text.replace(/( +)votes: .*\n/, '$&$1colour: string?\n$1weight: { type: int, default: 1 }\n'))
    const node = await tracker.node()
    expect(tracker.log.filter((event) => event.includes('triggers-of-another-version')).length).toBe(1)
    const id = await tracker.task('written meanwhile', { colour: 'red' })
    await before.until('the task', () => before.held('Task').includes(id))
    await before.cut()
    await before.connect(node.url)
    await before.resync()
    const late = await tracker.task('written later')
    await before.until('the other task', () => before.held('Task').includes(late))
  })

  it('[E92] tells a device that the database was migrated, also where nothing changed that it has', async () => {
    const made = async (): Promise<string> => /migrations: '(\w+)'/.exec(await readFile(join(folder, 'generated/shared/schema.ts'), 'utf8'))?.[1] ?? ''
    const node = await tracker.node({ limits: { heartbeat: 50 } })
    const [quiet, busy] = [tracker.device(tracker.bob), await tracker.online(tracker.bob, ['board', { projectId: tracker.project }])]
    await quiet.connect(node.url)
    await quiet.sync(['home'])
    const before = await made()
    expect([quiet, busy].map(({ position }) => migratedAt(position))).toEqual([before, before])
    await deploy((text) => text.replace(/( +)votes: .*\n/, '$&$1colour: string?\n'))
    await quiet.until('its position', () => migratedAt(quiet.position) !== before)
    expect(migratedAt(quiet.position)).toBe(await made())
    expect(migratedAt(busy.position)).toBe(before)
    const id = await tracker.task('written meanwhile', { colour: 'red' })
    await busy.until('the task', () => busy.held('Task').includes(id))
    expect(migratedAt(busy.position)).toBe(await made())
  })

  it('[E65] refuses to start where it could not insert, or reads another type', async () => {
    await deploy((text) => text.replace(/( +)votes: .*\n/, '$&$1effort: int\n'), 'empty:Task')
    await expect(tracker.node()).rejects.toMatchObject({ code: 'database-not-migrated', message: expect.stringContaining('nothing fills tasks.effort') })
    await tracker.sql('alter table tasks drop column effort, alter column votes type bigint')
    await expect(tracker.node()).rejects.toMatchObject({ code: 'database-not-migrated', message: expect.stringContaining('tasks.votes is of another type') })
  })

  it('[E65] refuses to start where a change would not be captured', async () => {
    for (const trigger of ['syncgen_stamp_update', 'syncgen_insert', 'syncgen_truncate']) {
      await tracker.sql(`alter table labels disable trigger ${trigger}`)
      await expect(tracker.node()).rejects.toMatchObject({ message: expect.stringContaining('changes of labels are not captured') })
      await tracker.sql(`alter table labels enable always trigger ${trigger}`)
    }
    await (await tracker.node()).stop()
  })
})
