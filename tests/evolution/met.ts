/** Two branches that each changed the schema, and met. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { base, cards, Folder } from './folder.js'

/** What a lock file holds, as far as a merge is concerned. */
interface Merged {
  readonly migrations: object
  readonly versions: object
  readonly models: { readonly Task: { readonly fields: object } }
}

/** Two branches that began with the same version and added a field each; ours as it is once theirs was merged into it. */
export const branches = async (ours: string, theirs: string): Promise<{ readonly ours: Folder; readonly theirs: Folder }> => {
  const [one, other] = [await Folder.make(), await Folder.make()]
  for (const each of [one, other]) await each.version(cards([...base, 'notes: text?']))
  expect(await one.version(cards([...base, 'notes: text?', ours]))).toMatchObject({ code: 0 })
  expect(await other.version(cards([...base, 'notes: text?', theirs]), '--stamp', '20260115000000')).toMatchObject({ code: 0 })
  for (const folder of ['migrations', 'versions']) await cp(join(other.path, 'generated', folder), join(one.path, 'generated', folder), { recursive: true })
  const [a, b] = await Promise.all([one, other].map(async (each) => JSON.parse(await each.read('schema.lock.json')) as Merged))
  if (a === undefined || b === undefined) throw new Error('two lock files')
  Object.assign(a.migrations, b.migrations)
  Object.assign(a.versions, b.versions)
  Object.assign(a.models.Task.fields, b.models.Task.fields, { ...a.models.Task.fields })
  await one.write('schema.lock.json', JSON.stringify(a, null, 2))
  return { ours: one, theirs: other }
}
