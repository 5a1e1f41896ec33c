/** Seeded sequences of what fails, hangs together or is said twice, on three devices: afterwards every cache equals SQL. */
import { expect, it } from 'vitest'
import { SyncError } from 'syncgen/client'
import type { Tracker } from '../../generated-example/client/index.js'
import { openWorld, type World } from './world.js'

const seeds = process.env['SYNCGEN_SEED'] === undefined ? [1, 2, 3] : [Number(process.env['SYNCGEN_SEED'])]

it.each(seeds)('[V80] [V81] [C60] [C62] [M30] seed %i', { timeout: 60_000 }, async (seed) => {
  const world = await openWorld()
  try {
    await run(world, seed)
  } finally {
    await world.close()
  }
})

const run = async (world: World, seed: number): Promise<void> => {
  const random = mulberry(seed)
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)]
  for (let n = 0; n < 4; n += 1) {
    await world.task(`task ${n}`)
    await world.lab.sql('insert into labels (project_id, name) values ($1, $2)', [world.project, `label ${n}`])
  }
  const users = [world.ada, world.ada, world.bob]
  const devices: Tracker[] = []
  for (const user of users) {
    const device = await world.device(user)
    await device.scopes.board({ projectId: world.project }).ready
    devices.push(device)
  }
  const outcomes: Record<string, number> = {}
  for (let step = 0; step < 80; step += 1) {
    const db = pick(devices)
    if (db === undefined) continue
    try {
      const written = act(db, world, random, pick)
      void written?.confirmed.then(({ kind }) => (outcomes[kind] = (outcomes[kind] ?? 0) + 1))
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
    }
    for (const task of db.tasks.all()) {
      const labels = db.taskLabels.ofTask(task.id).map(({ labelId }) => labelId)
      expect(new Set(labels).size, `seed ${seed}, step ${step}: a pair stands twice`).toBe(labels.length)
    }
    if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, random() * 30))
  }
  for (const device of devices) device.goOnline()
  for (const [index, device] of devices.entries()) await world.equal(device, users[index] ?? '', [world.project])
  expect(outcomes['applied'], `seed ${seed}`).toBeGreaterThan(3)
}

const act = (db: Tracker, world: World, random: () => number, pick: <Item>(items: readonly Item[]) => Item | undefined) => {
  const [task, label] = [pick(db.tasks.ofProject(world.project)), pick(db.labels.ofProject(world.project))]
  const link = pick(db.taskLabels.all())
  switch (Math.floor(random() * 10)) {
    case 0:
      return random() < 0.5 ? void db.goOffline() : void db.goOnline()
    case 1:
    case 2:
    case 3:
      return task && label && db.taskLabels.create({ taskId: task.id, labelId: label.id })
    case 4:
      return link && db.taskLabels.delete(link.id)
    case 5:
      return task && random() < 0.4 ? db.tasks.delete(task.id) : db.tasks.create({ projectId: world.project, title: String(random()), position: 'a' })
    case 6:
      return label && random() < 0.4 ? db.labels.delete(label.id) : db.labels.create({ projectId: world.project, name: `label ${Math.floor(random() * 6)}` })
    case 7:
      return label && db.labels.update(label.id, { name: `label ${Math.floor(random() * 6)}` })
    case 8:
      return db.projects.get(world.project) && random() < 0.2 ? db.projects.delete(world.project) : undefined
    default:
      return (
        task &&
        label &&
        db.transaction((tx) => {
          const made = tx.labels.create({ projectId: world.project, name: `label ${Math.floor(random() * 6)}` })
          tx.taskLabels.create({ taskId: task.id, labelId: made.id })
          if (random() < 0.3) tx.labels.delete(made.id)
          tx.taskLabels.create({ taskId: task.id, labelId: label.id })
          tx.tasks.update(task.id, { votes: { add: 1 } })
        })
      )
  }
}

const mulberry = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
