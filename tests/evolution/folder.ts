/** A folder in which a small schema lives and changes. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Ended, syncgen } from '../golden/command.js'

/** A schema with one model of these fields (`notes: text?`), and what else a version has. */
export const cards = (fields: readonly string[], more: { readonly model?: string; readonly enums?: string; readonly models?: string } = {}): string => `syncgen: 1
name: cards
claims: { sub: uuid }
enums: { State: ${more.enums ?? '[todo, done]'} }
models:
  ${more.model ?? 'Task'}:
    fields:
${fields.map((each) => `      ${each}`).join('\n')}
    access: { read: { ownerId: $auth.sub }, write: { ownerId: $auth.sub } }
${more.models ?? ''}
scopes: { mine: { tables: { ${/^\w+/.exec(more.model ?? 'Task')?.[0] ?? ''}: { ownerId: $auth.sub } } } }
`

/** The fields that every version of `cards` has. */
export const base = ['ownerId: { type: uuid, immutable: true }', 'title: string'] as const

/** Where `syncgen` runs; gone after the test. */
export class Folder {
  readonly path: string
  #day = 0

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<Folder> {
    const path = await mkdtemp(join(tmpdir(), 'syncgen-evolution-'))
    onTestFinished(() => rm(path, { recursive: true, force: true }))
    await mkdir(join(path, 'schemas'))
    return new Folder(path)
  }

  /** Writes a version and generates, on the next day. */
  async version(schema: string, ...args: readonly string[]): Promise<Ended> {
    await writeFile(join(this.path, 'schemas/cards.yaml'), schema)
    this.#day += 1
    return this.run('--stamp', `202601${String(this.#day).padStart(2, '0')}000000`, ...args)
  }

  run(...args: readonly string[]): Promise<Ended> {
    return syncgen(['schemas/', '--quiet', ...args], this.path)
  }

  get migrations(): string {
    return join(this.path, 'generated/migrations')
  }

  /** Names of the SQL files, in order. */
  async files(): Promise<readonly string[]> {
    return (await readdir(this.migrations)).filter((name) => name.endsWith('.sql')).toSorted()
  }

  read(path: string): Promise<string> {
    return readFile(join(this.path, 'generated', path), 'utf8')
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(join(this.path, 'generated', path), text)
  }
}
