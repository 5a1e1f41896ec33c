/** From planned files to text: the only place that knows Handlebars. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import Handlebars from 'handlebars'
import { mark } from './mark.js'
import { packageFile } from './package-root.js'
import type { PlannedFile, TemplateName } from './plan.js'
import { docComment, templateText } from './views/code.js'

/** A file as it will stand in the output folder. */
export interface EmittedFile {
  readonly path: string
  readonly text: string
}

/**
 * First line of every generated TypeScript file, after the slashes. Several schema files are named by their folder: one more
 * changes no file that has nothing of it.
 */
export const header = (sources: readonly string[], command: string): string => {
  const [first, ...others] = sources
  const folders = new Set(sources.map((source) => `${posix.dirname(source)}/`))
  const from = others.length === 0 ? first : [...folders].join(', ')
  return `${mark} from ${from}. Do not edit: change the schema and run \`${command}\`.`
}

/** Fills the templates. Deterministic: the same plan gives the same bytes. */
export const emit = (files: readonly PlannedFile[], firstLine: string): readonly EmittedFile[] =>
  files.map((file) => {
    if ('text' in file) return file
    return { path: file.path, text: `// ${firstLine}\n\n${filled(file.template, file.view)}` }
  })

const filled = (template: TemplateName, view: object): string => `${compiled(template)(view).trim()}\n`

const compiled = (name: TemplateName): Handlebars.TemplateDelegate => {
  const known = templates.get(name)
  if (known !== undefined) return known
  const source = readFileSync(packageFile(`templates/${name}.hbs`), 'utf8')
  const helpers = { knownHelpersOnly: true, knownHelpers: { jsdoc: true, sql: true } }
  const template = engine.compile(source, { noEscape: true, strict: true, ...helpers })
  templates.set(name, template)
  return template
}

const templates = new Map<TemplateName, Handlebars.TemplateDelegate>()

/** Two helpers for text; everything else that a template places is source that the views made. */
const engine = Handlebars.create()

/** A doc comment; the second argument is the column in which it begins. */
engine.registerHelper('jsdoc', (text: string, indent: unknown) => docComment(text, typeof indent === 'number' ? indent : 0))

/** A statement inside a template literal, each line indented. */
engine.registerHelper('sql', (text: string, indent: number) => {
  const lines = text.split('\n').map((line) => `${' '.repeat(indent)}${line}`)
  return templateText(lines.join('\n'))
})
