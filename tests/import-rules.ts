import { posix } from 'node:path'
import ts from 'typescript'

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
  ws: /^runtime\/(server\/(connection|server|platform)\.ts|testing\/.+)$/,
  yaml: /^generator\//,
}

/** Names of the outside world: only adapters may say them, so that the runtime can be simulated. */
const outside = new Set([
  'setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame', 'requestIdleCallback', 'WebSocket', 'EventSource', 'fetch',
  'XMLHttpRequest', 'indexedDB', 'localStorage', 'sessionStorage', 'crypto', 'performance', 'navigator', 'window', 'document', 'BroadcastChannel',
])

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
    const file = specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)).replace(/\.js$/, '.ts') : undefined
    found.push({ specifier, how, file })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const names = node.importClause?.namedBindings
      const typesOnly =
        node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (node.importClause !== undefined && node.importClause.name === undefined && names !== undefined && ts.isNamedImports(names) && names.elements.length > 0 && names.elements.every((name) => name.isTypeOnly))
      add(node.moduleSpecifier.text, typesOnly ? 'type' : 'value')
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, node.isTypeOnly ? 'type' : 'value')
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0] && ts.isStringLiteral(node.arguments[0])) {
      add(node.arguments[0].text, 'lazy')
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      add(node.argument.literal.text, 'type')
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** Who may import whom within the repository. */
const directionOf = (path: string, { file, how, specifier }: Import): readonly string[] => {
  const from = areaOf(path)
  const broken = (rule: string): readonly string[] => [`imports ${specifier}: ${rule}`]
  if (from === 'generated') {
    const sibling = file?.startsWith('generated-example/') ?? false
    const ownType = (file?.startsWith('schemas/') ?? false) && how === 'type'
    return sibling || ownType || /^syncgen\/(client|server|protocol)$/.test(specifier) ? [] : broken('generated code imports syncgen/* and its siblings only')
  }
  if (specifier.startsWith('syncgen/') && from !== 'program') return broken('inside the package, files import each other by path')
  if (file === undefined) return []
  const to = areaOf(file)
  if (posix.basename(file) === 'index.ts' && posix.dirname(file) === posix.dirname(path)) return broken('index.ts is for other folders')
  if (from === to || from === 'program') return []
  if (from === 'generator') {
    const runner = path === 'generator/cli.ts' && file === 'runtime/server/migrations.ts' && how === 'lazy'
    return runner ? [] : broken('the generator names the runtime, it does not import it (cli.ts alone loads migrations, lazily)')
  }
  if (from === 'testing') return to === 'program' || to === 'generated' ? broken('syncgen/testing is part of the package') : []
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
  const lateEnough = name !== 'ts-morph' || how !== 'value' || /^generator\/emit\b/.test(path)
  return allowed?.test(path) && lateEnough ? [] : [`imports ${specifier}: not from here`]
}

const tableOfContents = (path: string, source: ts.SourceFile): readonly string[] =>
  /^runtime\/[^/]+\/index\.ts$/.test(path) && !source.statements.every((statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined)
    ? ['does more than re-export: an index.ts is a table of contents']
    : []

/** Uses of clocks, timers, randomness, sockets and storage that do not come through a port. */
const outsideWorld = (source: ts.SourceFile): readonly string[] => {
  const declared = new Set<string>()
  const used: { readonly name: string; readonly line: number }[] = []
  const use = (name: string, node: ts.Node): void => {
    used.push({ name, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node) || ts.isImportSpecifier(node) || ts.isFunctionDeclaration(node)) && node.name && ts.isIdentifier(node.name)) {
      declared.add(node.name.text)
    }
    if (ts.isPropertyAccessExpression(node)) {
      const written = node.getText()
      if (written === 'Date.now' || written === 'Math.random') use(written, node)
      if (ts.isIdentifier(node.expression) && node.expression.text === 'globalThis' && outside.has(node.name.text)) use(written, node)
      return visit(node.expression)
    }
    if (ts.isPropertyAssignment(node)) return visit(node.initializer)
    if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) use('new Date()', node)
    if (ts.isCallExpression(node) && node.expression.getText() === 'Date') use('Date()', node)
    if (ts.isIdentifier(node) && outside.has(node.text) && !isName(node)) use(node.text, node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return used.filter(({ name }) => !declared.has(name)).map(({ name, line }) => `says ${name} in line ${line}: it belongs in platform.ts, behind a port`)
}

/** Whether an identifier only names a member or a declaration. */
const isName = ({ parent }: ts.Identifier): boolean =>
  ts.isPropertySignature(parent) || ts.isMethodSignature(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isBindingElement(parent) ||
  ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)
