import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Figure, median, milliseconds, type Section, timed } from './figures.js'

/** The command as installed: compiled, a fresh process for each run. */
export const generator = async (): Promise<Section> => {
  const figures: Figure[] = []
  for (const models of [10, 100]) {
    figures.push({ name: `${models} models of 20 fields`, ours: await measure(schemaOf(models), 0), bare: '' })
  }
  const broken = schemaOf(100).replace('field1: string', 'field1: strng')
  figures.push({ name: 'the same 100, with one wrong type: until the problem is shown', ours: await measure(broken, 1), bare: '' })
  return { title: 'The generator', how: 'From starting the process to its end, everything written anew; median of 5.', figures }
}

const cli = fileURLToPath(new URL('../dist/generator/cli.js', import.meta.url))

const measure = async (schema: string, exitCode: number): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'syncgen-bench-'))
  try {
    writeFileSync(join(folder, 'schema.yaml'), schema)
    const times: number[] = []
    for (let round = 0; round < 5; round += 1) {
      rmSync(join(folder, 'out'), { recursive: true, force: true })
      const run = promisify(execFile)(process.execPath, [cli, folder, '-o', join(folder, 'out'), '--quiet'])
      const [ms, code] = await timed(() => run.then(() => 0, (error: { readonly code: unknown }) => error.code))
      if (code !== exitCode) throw new Error(`syncgen ended with exit code ${String(code)}, not ${exitCode}`)
      times.push(ms)
    }
    return milliseconds(median(times))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Models in chains of references, each with 20 fields, a scope and access rules. */
const schemaOf = (count: number): string => {
  const types = ['string', 'int', 'boolean?', 'timestamp?', 'decimal(10,2)?', 'text?', 'date?', 'bigint?', 'float?']
  const model = (n: number): string => {
    const own = `{ ownerId: $auth.sub }`
    const parent = n === 1 ? 'ref: Model1?, inverse: next, onDelete: setNull' : `ref: Model${n - 1}, inverse: next${n}, onDelete: cascade`
    const plain = Array.from({ length: 18 }, (_, at) => `field${at + 1}: ${types[at % types.length]}`)
    const fields = ['ownerId: uuid', `parent: { ${parent} }`, ...plain].map((field) => `      ${field}`)
    return [`  Model${n}:`, '    fields:', ...fields, `    access: { read: ${own}, write: ${own} }`].join('\n')
  }
  const numbers = Array.from({ length: count }, (_, at) => at + 1)
  return [
    'syncgen: 1',
    'name: bench',
    'claims: { sub: uuid }',
    'models:',
    ...numbers.map(model),
    'scopes:',
    '  mine:',
    '    tables:',
    ...numbers.map((n) => `      Model${n}: { ownerId: $auth.sub }`),
    '',
  ].join('\n')
}
