/** Parts of docs/reliability.md that are written by scripts: between `<!-- name -->` and `<!-- /name -->`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const file = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url))

/** What stands there now. @throws Error if the page has no such part. */
export const partOf = (name: string): string => {
  const [before, inside] = readFileSync(file, 'utf8').split(`<!-- ${name} -->\n`)
  const end = inside?.indexOf(`<!-- /${name} -->`) ?? -1
  if (before === undefined || inside === undefined || end < 0) throw new Error(`docs/reliability.md has no part ${name}`)
  return inside.slice(0, end)
}

/** Writes it anew. */
export const writePart = (name: string, text: string): void => {
  const page = readFileSync(file, 'utf8')
  writeFileSync(file, page.replace(`<!-- ${name} -->\n${partOf(name)}`, () => `<!-- ${name} -->\n${text}`))
}
