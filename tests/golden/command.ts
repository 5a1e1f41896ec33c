import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { run } from '../../generator/command-line.js'

/** How a run of the command ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

/** Runs `syncgen` in this folder: all of the command but the start of a process. One at a time: there is one working directory. */
export const syncgen = async (args: readonly string[], cwd: string): Promise<Ended> => {
  const texts = { out: '', error: '' }
  const before = process.cwd()
  process.chdir(cwd)
  try {
    const code = await run(args, {
      out: (text) => void (texts.out += `${text}\n`),
      error: (text) => void (texts.error += `${text}\n`),
      color: false,
      migrations: () => Promise.reject(new Error('no test of this folder applies migrations')),
    })
    return { code, ...texts }
  } finally {
    process.chdir(before)
  }
}

/** Runs `syncgen` as a process of its own, as a shell does. */
export const syncgenProcess = (args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  end(start(args, cwd, env))

/** The same with nobody at the other end of what it writes to stdout. */
export const syncgenUnread = (args: readonly string[], cwd: string): Promise<Ended> => {
  const child = start(args, cwd, {})
  child.stdout.destroy()
  return end(child)
}

const end = (child: ReturnType<typeof start>): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const texts = { out: '', error: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (texts.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (texts.error += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...texts }))
  })

const start = (args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) =>
  spawn(process.execPath, ['--import', import.meta.resolve('tsx'), command, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

const command = fileURLToPath(new URL('../../generator/cli.ts', import.meta.url))

/** A fresh folder with a copy of a golden case's schemas, gone after the test. */
export const folderWith = async (schemas: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'syncgen-golden-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await cp(schemas, join(folder, 'schemas'), { recursive: true })
  return folder
}

/** Every file below a folder, by its path from there with `/`. */
export const filesBelow = async (folder: string): Promise<ReadonlyMap<string, string>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  const nameOf = (path: string): string => path.slice(folder.length + 1).split(sep).join('/')
  const texts = await Promise.all(paths.toSorted().map(async (path) => [nameOf(path), await readFile(path, 'utf8')] as const))
  return new Map(texts)
}
