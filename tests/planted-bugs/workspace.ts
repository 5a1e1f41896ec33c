import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { planted } from './patch.js'
import type { PlantedBug } from './planted-bug.js'

/** A copy of the repository with one bug in it. */
export interface Workspace {
  readonly folder: string
  /** Removes it. */
  remove(): void
}

export const root = fileURLToPath(new URL('../../', import.meta.url))

const run = promisify(execFile)

/** Copies what git knows of, as it stands, plants the bug (null: none), and generates anew what the generator now writes differently. */
export const workspaceWith = async (bug: PlantedBug | null): Promise<Workspace> => {
  const folder = mkdtempSync(join(tmpdir(), 'syncgen-planted-'))
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root, maxBuffer: 2 ** 26 })
  for (const file of stdout.split('\0')) {
    if (file === '') continue
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(root, file), join(folder, file), { force: true, errorOnExist: false })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  if (bug !== null) await plant(bug, folder)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

const plant = async (bug: PlantedBug, folder: string): Promise<void> => {
  const texts = planted(bug, (file) => readFileSync(join(folder, file), 'utf8'))
  for (const [file, text] of texts) writeFileSync(join(folder, file), text)
  if (![...texts.keys()].some((file) => file.startsWith('generator/'))) return
  for (const [schema, output] of outputs) {
    await run('npx', ['tsx', 'generator/cli.ts', schema, '-o', output, '--accept', 'rewrite:initial'], { cwd: folder })
  }
}

const outputs = [
  ['tests/simulation/schema/world.yaml', 'tests/simulation/schema/generated'],
  ['schemas/', 'generated-example'],
  ['tests/security/vault/vault.yaml', 'tests/security/vault/generated'],
] as const
