import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))
const root = join(folder, '../..')

/** Errors of the strictest flags we know, those of the repository, in these files and in the generated code they use. */
const errorsIn = (names: readonly string[]): readonly string[] => {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
  const program = ts.createProgram([...names.map((name) => join(folder, name)), join(folder, 'env.d.ts')], options)
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file === undefined || /\/(?:tests\/types|generated-example)\//.test(file.fileName))
    .map(({ file, start, messageText }) => {
      const line = file === undefined || start === undefined ? '' : `${file.fileName.slice(root.length)}:${file.getLineAndCharacterOfPosition(start).line + 1} `
      return `${line}${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
}

describe('generated types', { timeout: 60_000 }, () => {
  it('[G8] let the README’s programs be written as they stand', () => {
    expect(errorsIn(['client-program.ts', 'server-program.ts'])).toEqual([])
  })

  it('[G9] refuse every listed mistake: no directive is unneeded', () => {
    for (const name of ['client-mistakes.ts', 'server-mistakes.ts']) {
      expect(readFileSync(join(folder, name), 'utf8').match(/@ts-expect-error/g)?.length).toBeGreaterThan(5)
    }
    expect(errorsIn(['client-mistakes.ts', 'server-mistakes.ts'])).toEqual([])
  })
})
