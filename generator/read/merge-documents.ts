import { idName } from './build-reference.js'
import type { DeclaredEnum, DeclaredField, DeclaredModel, DeclaredScope, DeclaredValue, Document, Word } from './document.js'
import type { Node } from './parse.js'
import type { Report } from '../problem.js'

/** What the files of a schema declare together; each name once. */
export interface Declared {
  readonly files: readonly string[]
  readonly name: Word | null
  readonly versions: Node | null
  readonly claims: readonly DeclaredValue[]
  readonly enums: readonly DeclaredEnum[]
  readonly models: readonly DeclaredModel[]
  readonly scopes: readonly DeclaredScope[]
}

/** Joins the files of a schema. What is declared twice is reported, and its first declaration kept. */
export const mergeDocuments = (documents: readonly Document[], report: Report): Declared => {
  const models = documents.flatMap((each) => each.models)
  const enums = documents.flatMap((each) => each.enums)
  const types = new Set<DeclaredModel | DeclaredEnum>(once([...models, ...enums], 'model or enum', 'SG204', report))
  const declared: Declared = {
    files: documents.map((each) => each.file),
    name: nameOf(documents, report),
    versions: versionsOf(documents, report),
    claims: once(documents.flatMap((each) => each.claims), 'claim', 'SG106', report),
    enums: enums.filter((each) => types.has(each)).map((each) => onceEach(each, report)),
    models: models.filter((each) => types.has(each)).map((each) => onceEachField(each, report)),
    scopes: once(documents.flatMap((each) => each.scopes), 'scope', 'SG106', report),
  }
  const first = documents[0]
  if (declared.models.length === 0 && first !== undefined) {
    report('SG103', first.at, 'the schema has no models', 'declare one: models: { Task: { fields: { title: string }, access: { … } } }')
  }
  return declared
}

const nameOf = (documents: readonly Document[], report: Report): Word | null => {
  const [name, ...others] = documents.flatMap((each) => each.name ?? [])
  const first = documents[0]
  if (name === undefined && first !== undefined) {
    report('SG103', first.at, 'the schema has no name', 'write `name: tracker` in one of its files: it gives openTracker and createTrackerServer')
  }
  for (const each of others) report('SG106', each.at, `the schema is named "${name?.text ?? ''}" already`, 'name it in one file only')
  return name ?? null
}

const versionsOf = (documents: readonly Document[], report: Report): Node | null => {
  const [versions, ...others] = documents.flatMap((each) => each.versions ?? [])
  for (const each of others) report('SG106', each.at, '"versions" was said already', 'say it in one file only')
  return versions ?? null
}

const onceEach = (declared: DeclaredEnum, report: Report): DeclaredEnum => ({
  ...declared,
  ...onceDropped(once<EnumEntry>([...declared.values, ...declared.dropped], `value of ${declared.name.text}`, 'SG204', report)),
})

type EnumEntry = DeclaredEnum['values'][number] | DeclaredEnum['dropped'][number]

const onceDropped = (entries: readonly EnumEntry[]): Pick<DeclaredEnum, 'values' | 'dropped'> => ({
  values: entries.flatMap((each) => ('was' in each ? each : [])),
  dropped: entries.flatMap((each) => ('to' in each ? each : [])),
})

const onceEachField = (model: DeclaredModel, report: Report): DeclaredModel => {
  const sides = model.join?.sides ?? []
  const kept = new Set(once<DeclaredField>([...sides, ...model.fields], `field or reference of ${model.name.text}`, 'SG204', report, namesOf))
  return { ...model, fields: model.fields.filter((each) => kept.has(each)) }
}

/** A reference `project` is also the field `projectId`. */
const namesOf = (field: { readonly name: Word; readonly kind?: DeclaredField['kind'] }): readonly string[] =>
  field.kind === 'reference' ? [field.name.text, idName(field.name.text)] : [field.name.text]

/** Those whose names did not stand before; the others are reported. */
const once = <Thing extends { readonly name: Word }>(
  things: readonly Thing[],
  what: string,
  code: 'SG106' | 'SG204',
  report: Report,
  names: (thing: Thing) => readonly string[] = (thing) => [thing.name.text],
): readonly Thing[] => {
  const seen = new Map<string, Word>()
  return things.filter((thing) => {
    const taken = names(thing).find((each) => seen.has(each))
    const before = taken === undefined ? undefined : seen.get(taken)
    for (const each of names(thing)) seen.set(each, before ?? thing.name)
    if (before === undefined) return true
    report(code, thing.name.at, `${what} "${taken ?? ''}" was declared before`, `it stands in ${before.at.file}:${before.at.line}; merge or rename one`)
    return false
  })
}
