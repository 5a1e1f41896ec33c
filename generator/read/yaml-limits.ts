import { CST, Lexer } from 'yaml'
import type { Report, Spot } from '../problem.js'

/** Levels of indentation and brackets that a schema file may nest. */
export const maxDepth = 64

/**
 * Looks at the tokens of a YAML text before it is parsed, and reports what a schema does not contain: nesting beyond 64 levels,
 * anchors, aliases, tags, directives, control characters. True if the text can be parsed and understood.
 *
 * The depth must be known beforehand: yaml 2.9 parses recursively, and a text nested 20,000 deep can abort the whole Node
 * process ("RegExpCompiler Allocation failed"), which no `catch` sees. The lexer does not recurse.
 */
export const withinLimits = (text: string, spotAt: (offset: number, length: number) => Spot, report: Report): boolean => {
  const control = controlCharacter.exec(text)
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    report('SG010', spotAt(control.index, 1), `control character U+${code}`, 'remove it, or write it as an escape in double quotes')
    return false
  }
  let readable = true
  let brackets = 0
  let columns: number[] = []
  let lineStart = 0
  let offset = 0
  let wordColumn = 0
  for (const token of new Lexer().lex(text)) {
    const kind = CST.tokenType(token)
    if (kind === 'doc-mode' || kind === 'scalar' || kind === 'flow-error-end') continue
    const column = offset - lineStart
    const refused = kind === null ? undefined : refusals[kind]
    if (refused !== undefined) report(refused.code, spotAt(offset, token.length), refused.message, refused.hint)
    if (kind === 'alias') readable = false
    if (kind === 'flow-map-start' || kind === 'flow-seq-start') brackets++
    if (kind === 'flow-map-end' || kind === 'flow-seq-end') brackets--
    if (brackets === 0 && (kind === 'map-value-ind' || kind === 'seq-item-ind' || kind === 'explicit-key-ind')) {
      const start = kind === 'map-value-ind' ? Math.min(wordColumn, column) : column
      columns = [...columns.filter((each) => each < start), start]
    }
    if (columns.length + brackets > maxDepth) {
      report('SG005', spotAt(offset, token.length), `nested deeper than ${maxDepth} levels`, 'no schema needs that: split the predicate or the default value')
      return false
    }
    if (kind !== 'space' && kind !== 'newline' && kind !== 'map-value-ind') wordColumn = column
    offset += token.length
    const newline = token.lastIndexOf('\n')
    if (newline !== -1) lineStart = offset - token.length + newline + 1
  }
  return readable
}

/** C0 and DEL except tab and line ends: YAML forbids them, and the lexer uses some of them as marks of its own. */
// oxlint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

const refusals: { readonly [kind in CST.TokenType]?: { readonly code: 'SG006' | 'SG007'; readonly message: string; readonly hint: string } } = {
  anchor: { code: 'SG006', message: 'anchors are not part of the schema language', hint: 'write the value out where it is used' },
  alias: { code: 'SG006', message: 'aliases are not part of the schema language', hint: 'write the value out where it is used' },
  tag: { code: 'SG007', message: 'tags are not part of the schema language', hint: 'remove it; quote a value that must be a string' },
  'directive-line': { code: 'SG007', message: 'YAML directives are not part of the schema language', hint: 'remove the line; schemas are YAML 1.2' },
}
