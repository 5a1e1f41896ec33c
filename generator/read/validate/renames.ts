import type { Word } from '../document.js'
import type { Declared } from '../merge-documents.js'
import type { Report } from '../../problem.js'

interface Renamed {
  readonly name: Word
  readonly was: Word | null
}

/** Reports a `was:` that names something which is still there, or which two things claim to have been. */
export const checkRenames = ({ models, enums }: Declared, report: Report): void => {
  check(models, 'model', report)
  for (const { name, join, fields } of models) check([...(join?.sides ?? []), ...fields], `field of ${name.text}`, report)
  for (const { name, values } of enums) check(values, `value of ${name.text}`, report)
}

const check = (things: readonly Renamed[], what: string, report: Report): void => {
  const names = new Set(things.map((each) => each.name.text))
  const claimed = new Set<string>()
  for (const { was } of things) {
    if (was === null) continue
    if (names.has(was.text)) report('SG112', was.at, `"${was.text}" is still a ${what}`, 'a rename leaves nothing under the old name: remove one of the two')
    else if (claimed.has(was.text)) report('SG112', was.at, `two of them say that they were "${was.text}"`, 'only one can have been it')
    claimed.add(was.text)
  }
}
