import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { symbols } from '../../generator/views/symbols.js'

const folder = fileURLToPath(new URL('.', import.meta.url))
const root = join(folder, '../..')

/** Everything of this folder and the doors of the runtime, with the strictest flags we know: those of the repository. */
const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
const doorFiles = ['client', 'server', 'protocol'].map((side) => join(root, `runtime/${side}/index.ts`))
const own = ['client-program.ts', 'server-program.ts', 'client-mistakes.ts', 'server-mistakes.ts', 'env.d.ts']
const program = ts.createProgram([...doorFiles, ...own.map((name) => join(folder, name))], options)

/** Errors in files whose path, from the root, matches. */
const errorsIn = (paths: RegExp): readonly string[] =>
  program
    .getSourceFiles()
    .filter(({ fileName }) => paths.test(fileName.slice(root.length)))
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(({ file, start, messageText }) => {
      const message = ts.flattenDiagnosticMessageText(messageText, ' ')
      if (file === undefined || start === undefined) return message
      return `${file.fileName.slice(root.length)}:${file.getLineAndCharacterOfPosition(start).line + 1} ${message}`
    })

describe('generated types', { timeout: 60_000 }, () => {
  it('[G8] let the README’s programs be written as they stand', () => {
    expect(errorsIn(/^\/?(?:tests\/types\/\w+-program\.ts|generated-example\/)/)).toEqual([])
  })

  it('are looked at', () => {
    const files = program.getSourceFiles().map(({ fileName }) => fileName.slice(root.length))
    expect(files.filter((name) => /^\/?generated-example\//.test(name)).length).toBeGreaterThan(15)
    expect(files.filter((name) => /^\/?tests\/types\//.test(name)).length).toBe(own.length)
  })

  it('[G9] refuse every listed mistake: no directive is unneeded', () => {
    for (const name of ['client-mistakes.ts', 'server-mistakes.ts']) {
      expect(readFileSync(join(folder, name), 'utf8').match(/@ts-expect-error/g)?.length).toBeGreaterThan(5)
    }
    expect(errorsIn(/^\/?tests\/types\/\w+-mistakes\.ts/)).toEqual([])
  })
})

describe('names of the runtime', { timeout: 60_000 }, () => {
  const doors = [...new Set(Object.values(symbols).map(([from]) => from))]

  it.each(doors)('[G13] %s exports every name that generated code takes from it, types as types', (door) => {
    const file = ts.resolveModuleName(door, join(folder, 'x.ts'), options, ts.sys).resolvedModule?.resolvedFileName ?? ''
    const checker = program.getTypeChecker()
    const source = program.getSourceFile(file)
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
    const exported = new Map((module === undefined ? [] : checker.getExportsOfModule(module)).map((each) => [each.name, each]))
    for (const [name, [from, kind]] of Object.entries(symbols)) {
      if (from !== door) continue
      const found = exported.get(name)
      expect(found, `${door} exports no ${name}`).toBeDefined()
      if (found === undefined) continue
      const target = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found
      const isValue = (target.flags & ts.SymbolFlags.Value) !== 0
      expect(isValue, `${name} is ${isValue ? 'a value' : 'a type'}`).toBe(kind === 'value')
    }
  })
})
