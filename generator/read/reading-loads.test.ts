import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

/** Everything that a file imports at run time, directly and through its siblings. */
const packagesOf = (path: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(path)) return new Set()
  seen.add(path)
  const imports = [...readFileSync(path, 'utf8').matchAll(/(?:^import (?!type )(?:[^'"]*? from )?|\bimport\()['"](.+?)['"]/gm)].map(([, specifier = '']) => specifier)
  return new Set(imports.flatMap((each) => (each.startsWith('.') ? [...packagesOf(join(dirname(path), each.replace(/\.js$/, '.ts')), seen)] : [each])))
}

it('[Y15] reading a schema loads no package but yaml', () => {
  const packages = [...packagesOf('generator/read/read-schema.ts'), ...packagesOf('generator/render-problem.ts')]
  expect(packages.filter((each) => !each.startsWith('node:'))).toEqual(['yaml'])
})
