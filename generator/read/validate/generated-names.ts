import type { Schema } from '../../model.js'
import { camelCase, pascalCase, pluralOf } from '../../names.js'
import type { Report, Spot } from '../../problem.js'
import { reservedFor } from '../reserved.js'
import type { Declarations } from '../validate.js'
import { symbols } from '../../views/symbols.js'

/** Reports names of caches and TypeScript declarations that two parts of a schema, or a part and the runtime, would both have. */
export const checkGeneratedNames = ({ declared, models, scopes }: Declarations, schema: Schema, report: Report): void => {
  const caches = new Map<string, string>()
  const names = new Map<string, string>(Object.keys(symbols).map((each) => [each, 'the runtime']))
  const told = new Set<string>()
  const claim = (taken: Map<string, string>, name: string, owner: string, at: Spot | undefined, kind: string): void => {
    const other = taken.get(name)
    taken.set(name, other ?? owner)
    if (other === undefined || other === owner || at === undefined || told.has(`${owner} ${other}`)) return
    told.add(`${owner} ${other}`)
    report('SG206', at, `${owner} gives the ${kind} "${name}", and so does ${other}`, 'rename one, or give a model another plural:')
  }
  for (const name of namesOfApp(schema.name)) claim(names, name, `the schema's name`, declared.name?.at, 'declaration')
  for (const each of declared.enums) {
    for (const name of [each.name.text, pluralOf(camelCase(each.name.text))]) claim(names, name, `enum ${each.name.text}`, each.name.at, 'declaration')
  }
  for (const { name, plural } of schema.models) {
    const model = models.get(name)
    const at = model?.plural?.at ?? model?.name.at
    const reason = model?.plural === null ? reservedFor('cache', plural) : null
    if (reason !== null && at !== undefined) report('SG202', at, `${name} gives the cache "${plural}", which ${reason}`, 'give the model another plural:')
    claim(caches, plural, `model ${name}`, at, 'cache')
    for (const each of namesOfModel(name)) claim(names, each, `model ${name}`, model?.name.at, 'declaration')
  }
  for (const { name } of schema.scopes) {
    for (const each of [`${pascalCase(name)}Params`, `${camelCase(name)}Scope`]) claim(names, each, `scope ${name}`, scopes.get(name)?.name.at, 'declaration')
  }
}

/** What generated code declares for a model (see generator/views). */
const namesOfModel = (name: string): readonly string[] => {
  const value = camelCase(name)
  return [
    name, `New${name}`, `${name}Patch`, `${name}Model`, `${name}Event`, `${name}Cache`,
    `${name}Record`, `New${name}Record`, `${name}RecordPatch`, `${name}ServerEvent`, `${name}ServerTypes`, `${name}Hooks`,
    `${value}Fields`, `${value}ServerFields`, `${value}Descriptor`, `${value}Model`,
  ]
}

/** What generated code declares once. */
const namesOfApp = (schema: string): readonly string[] => {
  const name = pascalCase(schema)
  const value = camelCase(schema)
  return [
    name, `${name}Claims`, `${name}Models`, `${name}Transaction`, `${name}Event`, `${name}Scopes`, `open${name}`,
    `${name}Server`, `${name}ServerTypes`, `${name}ServerTransaction`, `${name}ServerEvent`, `${name}ServerOptions`, `${name}Hooks`,
    `create${name}Server`, `${value}Claims`, `${value}Scopes`, `${value}ServerSchema`, 'schema', 'scopes',
  ]
}
