/**
 * The output folder: what stands there, what is ours, and writing. Nothing outside the folder is touched, no symbolic link
 * is followed inside it, and a file that does not say that it is generated is never changed.
 */
import { lstat, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { EmittedFile } from './emit.js'
import { isGenerated } from './mark.js'

/** How the folder differs from what it should hold. Paths relative to it. */
export interface Difference {
  /** To be written: new ones and those with other bytes. */
  readonly changed: readonly EmittedFile[]
  readonly unchanged: readonly string[]
  /** Generated once, belonging to nothing any more. */
  readonly orphans: readonly string[]
  /** In the way, and not ours: files without our mark, symbolic links, folders where a file belongs. */
  readonly foreign: readonly string[]
}

/** Compares bytes and the set of files. Reads only. `gone`: files that are to go, beside what the schema asks for no more. */
export const compareOutput = async (folder: string, files: readonly EmittedFile[], gone: readonly string[]): Promise<Difference> => {
  const states = await eachOf(files, (file) => stateOf(folder, file))
  const are = (...wanted: readonly State[]) => files.filter((_, at) => wanted.some((state) => state === states[at]))
  return {
    changed: are('missing', 'other').toSorted((left, right) => (left.path < right.path ? -1 : 1)),
    unchanged: are('same').map(({ path }) => path),
    orphans: [...(await orphansIn(folder, new Set(files.map(({ path }) => path)))), ...gone],
    foreign: are('foreign').map(({ path }) => path),
  }
}

/** Writes what changed, each file whole or not at all, and removes orphans. */
export const writeOutput = async (folder: string, difference: Pick<Difference, 'changed' | 'orphans'>): Promise<void> => {
  const folders = new Set(difference.changed.map(({ path }) => join(folder, posix.dirname(path))))
  for (const each of folders) await mkdir(each, { recursive: true })
  await eachOf(difference.changed, (file) => writeWhole(folder, file))
  await eachOf(difference.orphans, (path) => rm(join(folder, path), { force: true }))
}

/** Under another name first: whoever reads meanwhile, and a crash, find the old file or the new one. */
const writeWhole = async (folder: string, { path, text }: EmittedFile): Promise<void> => {
  const fresh = join(folder, posix.dirname(path), `.${posix.basename(path)}.syncgen-new`)
  await rm(fresh, { force: true })
  await writeFile(fresh, text, { flag: 'wx' })
  await rename(fresh, join(folder, path))
}

/** The text of a file in the folder; null if there is none. */
export const outputText = async (folder: string, path: string): Promise<string | null> =>
  readFile(join(folder, path), 'utf8').catch((error: unknown) => {
    if (isAbsent(error)) return null
    throw error
  })

type State = 'missing' | 'same' | 'other' | 'foreign'

const stateOf = async (folder: string, { path, text }: EmittedFile): Promise<State> => {
  if (await hasLink(folder, path)) return 'foreign'
  const stats = await lstat(join(folder, path)).catch(absent)
  if (stats === null) return 'missing'
  if (!stats.isFile()) return 'foreign'
  const present = await readFile(join(folder, path), 'utf8')
  return present === text ? 'same' : isGenerated(present) ? 'other' : 'foreign'
}

/** Whether a symbolic link, or something else that is no folder, stands on the way from the folder to the path's last part. */
const hasLink = async (folder: string, path: string): Promise<boolean> => {
  const above = posix.dirname(path)
  if (above === '.') return false
  const stats = await lstat(join(folder, above)).catch(absent)
  return (stats !== null && !stats.isDirectory()) || hasLink(folder, above)
}

/** Generated TypeScript in our folders that the schema does not ask for. Migrations are never orphans by themselves. */
const orphansIn = async (folder: string, expected: ReadonlySet<string>): Promise<readonly string[]> => {
  const paths = await Promise.all(['shared', 'shared/transitions', 'client', 'server'].map((name) => filesIn(folder, name)))
  const candidates = paths.flat().filter((path) => path.endsWith('.ts') && !expected.has(path))
  const ours = await eachOf(candidates, async (path) => isGenerated(await readFile(join(folder, path), 'utf8')))
  return candidates.filter((_, at) => ours[at]).toSorted()
}

const filesIn = async (folder: string, name: string): Promise<readonly string[]> => {
  const stats = await lstat(join(folder, name)).catch(absent)
  if (stats === null || !stats.isDirectory()) return []
  const entries = await readdir(join(folder, name), { withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => `${name}/${entry.name}`)
}

/** Side by side, but never so many that the limit of open files is near. */
const eachOf = async <Item, Result>(items: readonly Item[], run: (item: Item) => Promise<Result>): Promise<readonly Result[]> => {
  const results: Result[] = []
  for (let at = 0; at < items.length; at += 32) results.push(...(await Promise.all(items.slice(at, at + 32).map(run))))
  return results
}

const absent = (error: unknown): null => {
  if (isAbsent(error)) return null
  throw error
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
