import type { Document, Word } from '../document.js'
import type { Report } from '../problem.js'

/** Reports what is declared twice across the files of a schema, and what none of them declares. */
export const checkDeclarations = (documents: readonly Document[], report: Report): void => {
  const names = documents.flatMap((each) => each.name ?? [])
  const first = documents[0]
  if (names.length === 0 && first !== undefined) {
    report('SG103', first.at, 'the schema has no name', 'write `name: tracker` in one of its files: it gives openTracker and createTrackerServer')
  }
  for (const name of names.slice(1)) report('SG106', name.at, `the schema is named "${names[0]?.text ?? ''}" already`, 'name it in one file only')
  const models = documents.flatMap((each) => each.models)
  if (models.length === 0 && first !== undefined) {
    report('SG103', first.at, 'the schema has no models', 'declare one: models: { Task: { fields: { title: string }, access: { … } } }')
  }
  once(documents.flatMap((each) => each.claims).map((each) => each.name), 'claim', 'SG106', report)
  once(documents.flatMap((each) => each.scopes).map((each) => each.name), 'scope', 'SG106', report)
  const enums = documents.flatMap((each) => each.enums)
  once([...models, ...enums].map((each) => each.name), 'model or enum', 'SG204', report)
  for (const each of enums) once(each.values.map((value) => value.name), `value of ${each.name.text}`, 'SG204', report)
  for (const { name, join, fields } of models) {
    once([...(join?.sides ?? []), ...fields].map((each) => each.name), `field or reference of ${name.text}`, 'SG204', report)
  }
}

/** Reports each word that stood before. */
const once = (words: readonly Word[], what: string, code: 'SG106' | 'SG204', report: Report): void => {
  const seen = new Map<string, Word>()
  for (const word of words) {
    const before = seen.get(word.text)
    if (before === undefined) seen.set(word.text, word)
    else report(code, word.at, `${what} "${word.text}" was declared before`, `it stands in ${before.at.file}:${before.at.line}; merge or rename one`)
  }
}
