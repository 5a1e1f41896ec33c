import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Problem, type ProblemCode, problemCodes } from '../../../generator/problem.js'
import { readSchema } from '../../../generator/read/read-schema.js'
import { problemsToJson, renderProblem } from '../../../generator/render-problem.js'

const here = 'tests/golden/problems'
const codes = Object.keys(problemCodes) as ProblemCode[]

/** Broken schemas that a repository should not contain. */
const made: { readonly [code in ProblemCode]?: (folder: string) => Promise<void> } = {
  SG002: (folder) => writeFile(join(folder, 'schema.yaml'), `syncgen: 1\n${'# far too much\n'.repeat(75_000)}`),
  SG003: (folder) => symlink('/etc/hostname', join(folder, 'schema.yaml')),
}

let temporary = ''

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'syncgen-problems-'))
  for (const [code, make] of Object.entries(made)) {
    await mkdir(join(temporary, code))
    await make(join(temporary, code))
  }
})

afterAll(() => rm(temporary, { recursive: true }))

const folderOf = (code: ProblemCode): string => (made[code] === undefined ? `${here}/${code}` : join(temporary, code))

const problemsOf = async (code: ProblemCode): Promise<readonly Problem[]> => {
  const read = await readSchema([folderOf(code)])
  return read.ok ? read.warnings : read.problems
}

const shown = async (problem: Problem): Promise<string> => {
  const text = await readFile(problem.file, 'utf8').catch(() => null)
  return renderProblem(problem, text, { color: false })
}

describe('problems', () => {
  it('[Y1] every code has a broken schema and its expected output, and there is no other', async () => {
    const folders = (await readdir(here, { withFileTypes: true })).filter((each) => each.isDirectory()).map((each) => each.name)
    expect(folders.toSorted()).toEqual(codes.toSorted())
    expect(codes.filter((code) => !existsSync(`${here}/${code}/expected.txt`))).toEqual([])
  })

  it.for(codes)('[Y1] %s is what its schema shows, and nothing else', async (code) => {
    const problems = await problemsOf(code)
    expect([...new Set(problems.map((each) => each.code))]).toEqual([code])
    const output = (await Promise.all(problems.map(shown))).join('\n\n')
    const path = made[code] === undefined ? output : output.replaceAll(relative(process.cwd(), temporary), here)
    await expect(`${path}\n`).toMatchFileSnapshot(`./${code}/expected.txt`)
  })

  it.for(codes)('[Y2] %s names a place in its file, and says what to do', async (code) => {
    for (const problem of await problemsOf(code)) {
      expect(problem).toMatchObject({ line: expect.any(Number), column: expect.any(Number), message: expect.stringMatching(/./) })
      expect(problem.hint).toMatch(/./)
      expect(problem.severity).toBe(code.startsWith('SG6') ? 'warning' : 'error')
      const text = problem.length === 0 ? null : await readFile(problem.file, 'utf8')
      if (text !== null) expect(text.split('\n')[problem.line - 1]?.length ?? 0).toBeGreaterThanOrEqual(problem.column - 1)
    }
  })

  it('[Y3] all problems are told at once, in reading order', async () => {
    const read = await readSchema((['SG104', 'SG101', 'SG103', 'SG102'] as const).map(folderOf))
    const problems = read.ok ? [] : read.problems
    expect([...new Set(problems.map((each) => each.code))]).toEqual(expect.arrayContaining(['SG101', 'SG102', 'SG103', 'SG106', 'SG204']))
    const places = problems.map((each) => `${each.file}:${String(each.line).padStart(5)}:${String(each.column).padStart(5)}`)
    expect(places).toEqual(places.toSorted())
  })

  it('[Y4] the JSON form has the same members for every problem', async () => {
    const problems = (await Promise.all(codes.map(problemsOf))).flat()
    const parsed = JSON.parse(problemsToJson(problems)) as readonly object[]
    expect(parsed).toHaveLength(problems.length)
    for (const each of parsed) expect(Object.keys(each)).toEqual(['file', 'line', 'column', 'length', 'code', 'severity', 'message', 'hint'])
  })
})
