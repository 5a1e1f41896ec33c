import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of this package by its path from the root, wherever the code runs from: generator/ or dist/generator/. */
export const packageFile = (path: string): string => join(root, path)

/** The version in package.json. */
export const packageVersion = (): string => {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { readonly version: string }
  return version
}

const rootAbove = (folder: string): string => {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('syncgen cannot find its own package.json: install the package again')
  return rootAbove(parent)
}

const root = rootAbove(dirname(fileURLToPath(import.meta.url)))
