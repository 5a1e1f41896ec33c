/**
 * The last look at what was emitted: it parses, and holds nothing but imports, exports and declarations, whatever the schema's
 * texts were. ts-morph takes a third of a second to load, so it is loaded here, when there is something to check.
 */
import type { ts as compiler } from 'ts-morph'
import type { EmittedFile } from './emit.js'

/** @throws Error naming the file and line: the generator is wrong, not the schema. */
export const checkSyntax = async (files: readonly EmittedFile[]): Promise<void> => {
  const sources = files.filter(({ path }) => path.endsWith('.ts'))
  if (sources.length === 0) return
  const { ts } = await import('ts-morph')
  // Comments are not looked into, parents are not linked: parsing is most of what a large schema costs.
  const how = { languageVersion: ts.ScriptTarget.ES2022, jsDocParsingMode: ts.JSDocParsingMode.ParseNone }
  const declarations = new Set([
    ts.SyntaxKind.ImportDeclaration,
    ts.SyntaxKind.ExportDeclaration,
    ts.SyntaxKind.InterfaceDeclaration,
    ts.SyntaxKind.TypeAliasDeclaration,
    ts.SyntaxKind.ClassDeclaration,
    ts.SyntaxKind.VariableStatement,
  ])
  for (const { path, text } of sources) {
    const source: Parsed = ts.createSourceFile(path, text, how)
    const at = (position: number): string => `${path}:${source.getLineAndCharacterOfPosition(position).line + 1}`
    const [diagnostic] = source.parseDiagnostics ?? []
    if (diagnostic !== undefined) {
      throw new Error(`${at(diagnostic.start)} does not parse: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`)
    }
    const stray = source.statements.find(({ kind }) => !declarations.has(kind))
    if (stray !== undefined) throw new Error(`${at(stray.getStart(source))} holds a ${ts.SyntaxKind[stray.kind]}`)
  }
}

/** What the compiler's types leave out: a program would give it, too, at twice the cost. */
type Parsed = compiler.SourceFile & { readonly parseDiagnostics?: readonly compiler.DiagnosticWithLocation[] }
