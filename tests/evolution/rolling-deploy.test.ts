/** A server of the version before starts on a database of the version after, as nodes do while a deploy goes on. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate } from '../../runtime/server/migrations.js'
import { syncgen } from '../golden/command.js'
import { openTracker, type Tracker } from '../server/tracker-node.js'

const from = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

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
