/**
 * The last look at what was emitted: it parses, and holds nothing but imports, exports and declarations, whatever the schema's
 * texts were. ts-morph takes a third of a second to load, so it is loaded here, when there is something to check.
 */
import type { EmittedFile } from './emit.js'

/** @throws Error naming the file and line: the generator is wrong, not the schema. */
export const checkSyntax = async (files: readonly EmittedFile[]): Promise<void> => {
  const sources = files.filter(({ path }) => path.endsWith('.ts'))
  if (sources.length === 0) return
  const { Node, Project, ts } = await import('ts-morph')
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true,
    skipFileDependencyResolution: true,
    compilerOptions: { noLib: true, noResolve: true, target: ts.ScriptTarget.ES2022 },
  })
  const parsed = sources.map(({ path, text }) => project.createSourceFile(`/${path}`, text))
  for (const source of parsed) {
    const [diagnostic] = project.getProgram().getSyntacticDiagnostics(source)
    if (diagnostic !== undefined) {
      throw new Error(`${source.getFilePath().slice(1)}:${diagnostic.getLineNumber()} does not parse: ${ts.flattenDiagnosticMessageText(diagnostic.compilerObject.messageText, ' ')}`)
    }
    const stray = source.getStatements().find((each) => !(Node.isImportDeclaration(each) || Node.isExportDeclaration(each) || Node.isInterfaceDeclaration(each) || Node.isTypeAliasDeclaration(each) || Node.isClassDeclaration(each) || Node.isVariableStatement(each)))
    if (stray !== undefined) throw new Error(`${source.getFilePath().slice(1)}:${stray.getStartLineNumber()} holds a ${stray.getKindName()}`)
  }
}
