import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import type { Report, Spot } from '../problem.js'

/** A schema file as text. `file` is relative to the working directory, with `/`. */
export interface SchemaFile {
  readonly file: string
  readonly path: string
  readonly text: string
}

const maxBytes = 1024 * 1024

/**
 * The schema files that `paths` name, in order of their names: files as they are, folders by their `*.yaml` and `*.yml` (not
 * those of subfolders). A symbolic link, a file over 1 MiB or one that is not UTF-8 is reported and left out.
 */
export const readSchemaFiles = async (paths: readonly string[], report: Report): Promise<readonly SchemaFile[]> => {
  const found = await Promise.all(paths.map((path) => filesAt(path, report)))
  const unique = [...new Set(found.flat())].sort()
  const files = await Promise.all(unique.map((path) => readOne(path, report)))
  return files.filter((each) => each !== null)
}

/** `path` as messages and generated headers name it: relative to the working directory, with `/`. */
export const shownPath = (path: string): string => relative(process.cwd(), resolve(path)).split(sep).join('/') || '.'

const filesAt = async (path: string, report: Report): Promise<readonly string[]> => {
  const stats = await lstat(path).catch(() => null)
  if (stats === null) {
    report('SG001', wholeFile(path), `cannot find ${shownPath(path)}`, 'name a folder with *.yaml files, or a schema file')
    return []
  }
  if (stats.isSymbolicLink()) {
    report('SG003', wholeFile(path), `${shownPath(path)} is a symbolic link`, 'name the folder or file that it points to')
    return []
  }
  if (!stats.isDirectory()) return [resolve(path)]
  const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/.test(name))
  if (names.length === 0) {
    report('SG001', wholeFile(path), `no *.yaml file in ${shownPath(path)}`, 'run `npx syncgen init` for a first schema')
  }
  return names.map((name) => resolve(join(path, name)))
}

const readOne = async (path: string, report: Report): Promise<SchemaFile | null> => {
  const stats = await lstat(path)
  const at = wholeFile(path)
  if (stats.isSymbolicLink()) {
    report('SG003', at, `${at.file} is a symbolic link`, 'a schema is read from its own folder only: put the file itself there')
    return null
  }
  if (!stats.isFile()) {
    report('SG001', at, `${at.file} is not a file`, 'a schema is read from regular files')
    return null
  }
  if (stats.size > maxBytes) {
    report('SG002', at, `${at.file} has ${stats.size} bytes, more than ${maxBytes}`, 'split the schema into several files of one folder')
    return null
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
    return { file: at.file, path, text }
  } catch {
    report('SG010', at, `${at.file} is not UTF-8`, 'save the file as UTF-8')
    return null
  }
}

const wholeFile = (path: string): Spot => ({ file: shownPath(path), line: 1, column: 1, length: 0 })
