import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import ts from 'typescript'

/** Every package that a compiled module needs, through all the modules beside it that it imports, statically or not. */
export const packagesOf = (entry: string): readonly string[] => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles) {
      if (fileName.startsWith('.')) visit(resolve(dirname(file), fileName))
      else if (!fileName.startsWith('node:')) packages.add(fileName)
    }
  }
  visit(entry)
  return [...packages].toSorted()
}
