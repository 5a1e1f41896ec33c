import type { Problem } from './problem.js'

export interface RenderOptions {
  /** ANSI colours. */
  readonly color: boolean
}

/**
 * A problem as text for people, without a line end:
 * ```
 * schemas/x.yaml:12:14 error SG104 unknown type "strng"
 *    11 |     fields:
 * >  12 |       title: strng
 *       |              ^^^^^
 *   hint: did you mean "string"?
 * ```
 * `sourceText` is the file's content (null: it could not be read, no frame). Control and format characters of the schema are
 * shown as escapes, so that it cannot steer a terminal.
 */
export const renderProblem = (problem: Problem, sourceText: string | null, { color }: RenderOptions): string => {
  const paint = color ? ansi : plain
  const tint = problem.severity === 'error' ? paint.red : paint.yellow
  const place = `${problem.file}:${problem.line}:${problem.column}`
  return [
    `${paint.bold(visible(place))} ${tint(problem.severity)} ${problem.code} ${visible(problem.message)}`,
    ...(sourceText === null || problem.length === 0 ? [] : frame(problem, sourceText, tint, paint.dim)),
    ...(problem.hint === null ? [] : [`  ${paint.cyan('hint:')} ${visible(problem.hint)}`]),
  ].join('\n')
}

/** Problems as one JSON document, for editors and scripts; see `Problem` for its members. */
export const problemsToJson = (problems: readonly Problem[]): string =>
  JSON.stringify(
    problems.map(({ file, line, column, length, code, severity, message, hint }) => ({ file, line, column, length, code, severity, message, hint })),
    null,
    2,
  )

type Paint = (text: string) => string

/** The line before, the line itself, and marks below it. */
const frame = (problem: Problem, sourceText: string, tint: Paint, dim: Paint): readonly string[] => {
  const lines = sourceText.split(/\r?\n/)
  const first = Math.max(1, problem.line - 1)
  const width = String(problem.line).length + 1
  const shown = lines.slice(first - 1, problem.line).map((text, at) => {
    const number = first + at
    const mark = number === problem.line ? tint('>') : ' '
    return `${mark} ${dim(`${String(number).padStart(width)} |`)} ${visible(text)}`.trimEnd()
  })
  const text = lines[problem.line - 1] ?? ''
  const start = problem.column - 1
  const before = ' '.repeat(visible(text.slice(0, start)).length)
  const marks = '^'.repeat(Math.max(1, visible(text.slice(start, start + problem.length)).length))
  return [...shown, `  ${dim(`${' '.repeat(width)} |`)} ${before}${tint(marks)}`]
}

/** Control, format, line-separating and private characters as `\u{…}`; tabs as one space, so that columns stay true. */
const visible = (text: string): string =>
  text.replaceAll('\t', ' ').replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (each) => `\\u{${each.codePointAt(0)?.toString(16) ?? ''}}`)

const code = (open: number, close: number): Paint => (text) => `\u001b[${open}m${text}\u001b[${close}m`

const ansi = { bold: code(1, 22), dim: code(2, 22), red: code(31, 39), yellow: code(33, 39), cyan: code(36, 39) }

const same: Paint = (text) => text

const plain: typeof ansi = { bold: same, dim: same, red: same, yellow: same, cyan: same }
