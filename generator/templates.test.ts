import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { packageFile } from './package-root.js'

/** Templates that do what none may, for the law to be seen to fail. */
const broken: readonly (readonly [what: string, template: string])[] = [
  ['a value in single quotes', `const a = '{{name}}'`],
  ['a value in double quotes', `const a = "x{{name}}"`],
  ['a value in a comment', `/** {{doc}} */`],
  ['a value in a line comment', `// {{doc}}`],
  ['a value in a template literal', 'const a = `{{text}}`'],
  ['a text as source', `{{doc}}`],
  ['a triple stash', `{{{name}}}`],
  ['a partial', `{{> other}}`],
  ['a decision', `{{#if (eq a b)}}x{{/if}}`],
]

describe('templates', () => {
  const names = readdirSync(packageFile('templates')).filter((name) => name.endsWith('.hbs'))

  it('are found', () => {
    expect(names.length).toBeGreaterThan(8)
  })

  it.each(names)('[G6] %s places nothing raw where text could end a string, a comment or a statement', (name) => {
    expect(faultsIn(readFileSync(packageFile(`templates/${name}`), 'utf8'))).toEqual([])
  })

  it.each(broken)('[G6] would refuse %s', (_, template) => {
    expect(faultsIn(template)).not.toEqual([])
  })
})

/** What stands inside quotes, a comment or a template literal, and tags that decide more than whether there is something. */
const faultsIn = (template: string): readonly string[] => {
  // A statement's text is the one thing that stands in a template literal, by its helper alone.
  const others = template.replaceAll(/`\n\{\{sql \w+ \d\}\}`/g, '``')
  const quoted = [...others.matchAll(/'[^'\n]*'|"[^"\n]*"|`[^`]*`|\/\*[^]*?\*\/|\/\/.*/g)].map(([text]) => text)
  const inside = quoted.filter((text) => text.includes('{{'))
  const tags = [...template.matchAll(/\{\{+[^}]*\}\}+/g)].map(([tag]) => tag)
  return [...inside, ...tags.filter((tag) => !allowed.test(tag))]
}

/**
 * `{{name}}` alone is source that a view made, never a text (`doc`, `…Doc`, `text`): these go through `jsdoc` and `sql`. Blocks
 * ask only whether there is something.
 */
const allowed = /^\{\{(?:(?![\w.]*[dD]oc\}|text\})[\w./]+|(?:jsdoc|sql) \w+(?: \d)?|#(?:each|if) [\w.]+|\/(?:each|if)|else)\}\}$/
