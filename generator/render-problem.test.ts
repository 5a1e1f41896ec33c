import { describe, expect, it } from 'vitest'
import type { Problem } from './problem.js'
import { renderProblem } from './render-problem.js'

const problem: Problem = {
  file: 'schemas/x.yaml', line: 12, column: 14, length: 5,
  code: 'SG104', severity: 'error', message: 'unknown type "strng"', hint: 'did you mean "string"?',
}
const text = `${'\n'.repeat(10)}    fields:\n      title: strng # words\n`

describe('a problem', () => {
  it('is shown with its place, the line before, marks and a hint', () => {
    expect(renderProblem(problem, text, { color: false })).toBe(
      [
        'schemas/x.yaml:12:14 error SG104 unknown type "strng"',
        '   11 |     fields:',
        '>  12 |       title: strng # words',
        '      |              ^^^^^',
        '  hint: did you mean "string"?',
      ].join('\n'),
    )
  })

  it('is shown without a frame when there is no text', () => {
    expect(renderProblem({ ...problem, hint: null }, null, { color: false })).toBe('schemas/x.yaml:12:14 error SG104 unknown type "strng"')
  })

  it('has colours that change nothing else', () => {
    const painted = renderProblem(problem, text, { color: true })
    expect(painted).toContain('\u001b[31m')
    // oxlint-disable-next-line no-control-regex
    expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(renderProblem(problem, text, { color: false }))
  })

  it('[Y18] shows control and format characters as escapes, and marks the same place', () => {
    const hostile = `a\u001b[2J\u202e\u0007: x`
    const shown = renderProblem({ ...problem, line: 1, column: hostile.indexOf('x') + 1, length: 1, message: hostile, hint: hostile }, hostile, { color: false })
    expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}](?<!\n)/u)
    const [, line = '', marks = ''] = shown.split('\n')
    expect(line[marks.indexOf('^')]).toBe('x')
  })
})
