/** What becomes of the world's schema, drawn from a seed: each version goes through the command's own path, after the one before, and is loaded. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readLock } from '../../../generator/evolve/read-lock.js'
import { generate } from '../../../generator/generate.js'
import type { Schema } from '../../../generator/model.js'
import { Dice } from '../../postgres/random.js'
import { type SimSchema, simSchema } from '../schema/sim-schema.js'
import { worldSchema } from '../schema/world-schema.js'
import { type Change, drawChanges, edited } from './changes.js'

export interface DrawnVersions {
  /** Those after the world's own, oldest first. */
  readonly later: readonly SimSchema[]
  /** What leads to each of them. */
  readonly changes: readonly (readonly Change[])[]
  /** Removes the files. */
  readonly remove: () => Promise<void>
}

/** The same seed gives the same versions. */
export const drawVersions = (seed: number): Promise<DrawnVersions> => versionsOf(seed, drawChanges(new Dice(seed ^ 0x7e51)))

/** The world's schema after each of these steps. @throws if a step leads to none. */
export const versionsOf = async (seed: number, changes: DrawnVersions['changes']): Promise<DrawnVersions> => {
  const folder = await mkdtemp(join(tmpdir(), `syncgen-versions-${seed}-`))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await cp(own('generated'), join(folder, 'generated'), { recursive: true })
    await cp(own('world-merge.ts'), join(folder, 'world-merge.ts'))
    // Node takes a .ts file for a module where its package says so.
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
    let text = await readFile(own('world.yaml'), 'utf8')
    const later: SimSchema[] = []
    for (const [at, step] of changes.entries()) {
      text = step.reduce(edited, text)
      later.push(await load(folder, await generated(folder, text, at + 1), at + 1))
    }
    return { later, changes, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

const own = (path: string): string => fileURLToPath(new URL(`../schema/${path}`, import.meta.url))

/** As the lock file has it. */
const generated = async (folder: string, text: string, at: number): Promise<Schema> => {
  const file = join(folder, 'world.yaml')
  await writeFile(file, text)
  const options = { schemas: [file], output: join(folder, 'generated'), mode: 'write', stamp: `2026010${at}000000` } as const
  const asked = await generate({ ...options, accepted: [] })
  const flags = asked.kind === 'undecided' ? asked.decisions.flatMap(({ accept }) => accept ?? []) : []
  const done = asked.kind === 'undecided' ? await generate({ ...options, accepted: flags }) : asked
  if (done.kind !== 'done') throw new Error(`version ${at} is ${done.kind}: ${JSON.stringify(done).slice(0, 2000)}`)
  const lock = readLock(await readFile(join(options.output, 'schema.lock.json'), 'utf8'))
  if ('fault' in lock) throw new Error(lock.fault.why)
  return lock.schema
}

const load = async (folder: string, ir: Schema, at: number): Promise<SimSchema> => {
  const place = join(folder, `v${at}`)
  await cp(join(folder, 'generated'), place, { recursive: true })
  const url = new URL(`${pathToFileURL(place).href}/`)
  const module = async (path: string): Promise<object> => (await import(new URL(path, url).href)) as object
  const modules = { folder: url, client: await module('client/index.ts'), server: await module('server/index.ts'), shared: await module('shared/schema.ts') }
  const { principals } = worldSchema
  return simSchema(ir, modules, { extraSql: '', principals, seedSql: [] })
}
