import { posix } from 'node:path'
import ts from 'typescript'
import { outsideWorld } from './outside-world.js'

/** One import or export specifier of a file. */
interface Import {
  readonly specifier: string
  /** `type` leaves nothing behind when compiled, `lazy` is `import()`. */
  readonly how: 'value' | 'type' | 'lazy'
  /** Path from the repository's root with the extension of the source, or undefined for a package. */
  readonly file: string | undefined
}

/**
 * Which files a package may be imported from. Everything else in generator/ and runtime/ may not; a package that is not listed
 * may be imported from nowhere there.
 */
const packages: Readonly<Record<string, RegExp>> = {
  ajv: /^generator\//,
  dexie: /^runtime\/client\/dexie-storage\.ts$/,
  'fake-indexeddb': /^runtime\/testing\//,
  handlebars: /^generator\//,
  pg: /^runtime\/(server\/(transaction|changelog|migrations)\.ts|testing\/.+)$/,
  'ts-morph': /^generator\//,
  uuidv7: /^runtime\/(client|server)\/platform\.ts$/,
  ws: /^runtime\/(server\/(connection|server|platform)\.ts|client\/platform\.ts|testing\/.+)$/,
  yaml: /^generator\//,
}

/** The files that adapt the runtime to a browser or to Node. */
const adapters = /^runtime\/(client\/(platform|dexie-storage|connection|tabs)|server\/platform)\.ts$/

/** Rules of docs/architecture.md that this file breaks, as sentences. `path` is from the repository's root, with slashes. */
export const violations = (path: string, text: string): readonly string[] => {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  const imports = importsOf(source, path)
  return [
    ...imports.flatMap((one) => directionOf(path, one)),
    ...imports.flatMap((one) => packageRule(path, one)),
    ...tableOfContents(path, source),
    ...(/^runtime\/(client|server|protocol)\//.test(path) && !adapters.test(path) ? outsideWorld(source) : []),
  ].map((broken) => `${path} ${broken}`)
}

const importsOf = (source: ts.SourceFile, path: string): readonly Import[] => {
  const found: Import[] = []
  const add = (specifier: string, how: Import['how']): void => {
    const file = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts') : undefined
    found.push({ specifier, how, file })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(textOf(node.moduleSpecifier), namesTypesOnly(node.importClause) ? 'type' : 'value')
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(textOf(node.moduleSpecifier), node.isTypeOnly ? 'type' : 'value')
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(textOf(node.arguments[0]), 'lazy')
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(textOf(node.argument.literal), 'type')
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const textOf = (node: ts.Node | undefined): string => (node && ts.isStringLiteralLike(node) ? node.text : '')

const namesTypesOnly = (clause: ts.ImportClause | undefined): boolean => {
  if (clause === undefined) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const names = clause.namedBindings
  if (clause.name !== undefined || names === undefined || !ts.isNamedImports(names)) return false
  return names.elements.length > 0 && names.elements.every((name) => name.isTypeOnly)
}

/** Who may import whom within the repository. */
const directionOf = (path: string, { file, how, specifier }: Import): readonly string[] => {
  const from = areaOf(path)
  const broken = (rule: string): readonly string[] => [`imports ${specifier}: ${rule}`]
  if (from === 'generated') {
    const sibling = file?.startsWith('generated-example/') ?? false
    const ownType = (file?.startsWith('schemas/') ?? false) && how === 'type'
    const ours = /^syncgen\/(client|server|protocol)$/.test(specifier)
    return ours || sibling || ownType ? [] : broken('generated code imports syncgen/* and its siblings only')
  }
  if (specifier.startsWith('syncgen/') && from !== 'program') return broken('inside the package, files import each other by path')
  if (file === undefined) return []
  const to = areaOf(file)
  if (file === posix.join(posix.dirname(path), 'index.ts')) return broken('index.ts is for other folders')
  if (from === to || from === 'program') return []
  if (from === 'generator') {
    const runner = path === 'generator/cli.ts' && file === 'runtime/server/migrations.ts' && how === 'lazy'
    return runner ? [] : broken('the generator names the runtime, it does not import it (cli.ts alone loads migrations, lazily)')
  }
  const outsidePackage = to === 'program' || to === 'generated'
  if (from === 'testing') return outsidePackage ? broken('syncgen/testing is part of the package') : []
  if (to === 'protocol' && from !== 'protocol') return []
  return broken(from === 'protocol' ? 'protocol imports nothing of ours' : `${from} imports protocol and itself, never ${to}`)
}

const areaOf = (path: string): 'generator' | 'client' | 'server' | 'protocol' | 'testing' | 'generated' | 'program' => {
  if (path.startsWith('generated-example/')) return 'generated'
  if (path.startsWith('generator/')) return 'generator'
  const side = /^runtime\/(client|server|protocol|testing)\//.exec(path)?.[1]
  return side === 'client' || side === 'server' || side === 'protocol' || side === 'testing' ? side : 'program'
}

const packageRule = (path: string, { file, specifier, how }: Import): readonly string[] => {
  if (file !== undefined || !/^(generator|runtime)\//.test(path)) return []
  if (specifier.startsWith('node:')) {
    return /^runtime\/(client|protocol)\//.test(path) ? [`imports ${specifier}: the client and the protocol run in browsers`] : []
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (name === 'syncgen') return [] // directionOf tells.
  const allowed = Object.hasOwn(packages, name) ? packages[name] : undefined
  const late = name === 'ts-morph' || (name === 'ws' && path.startsWith('runtime/client/'))
  return allowed?.test(path) && !(late && how === 'value') ? [] : [`imports ${specifier}: not from here`]
}

const tableOfContents = (path: string, source: ts.SourceFile): readonly string[] => {
  if (!/^(runtime|generator)\/(.+\/)?index\.ts$/.test(path)) return []
  const reExports = (statement: ts.Statement): boolean => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined
  return source.statements.every(reExports) ? [] : ['does more than re-export: an index.ts is a table of contents']
}
