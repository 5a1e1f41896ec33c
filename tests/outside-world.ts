import ts from 'typescript'

/** Names of the outside world: only adapters may say them, so that the runtime can be simulated. */
const outside = new Set([
  'setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame', 'requestIdleCallback',
  'crypto', 'performance', 'navigator', 'window', 'document',
  'WebSocket', 'EventSource', 'fetch', 'XMLHttpRequest', 'BroadcastChannel',
  'indexedDB', 'localStorage', 'sessionStorage',
])

/** Uses of clocks, timers, randomness, sockets and storage that do not come through a port. */
export const outsideWorld = (source: ts.SourceFile): readonly string[] => {
  const declared = new Set<string>()
  const used: { readonly name: string; readonly line: number }[] = []
  const use = (name: string, node: ts.Node): void => {
    used.push({ name, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return
    if (isDeclaration(node) && node.name && ts.isIdentifier(node.name)) declared.add(node.name.text)
    if (ts.isPropertyAccessExpression(node)) {
      const written = node.getText()
      if (written === 'Date.now' || written === 'Math.random') use(written, node)
      if (node.expression.getText() === 'globalThis' && outside.has(node.name.text)) use(written, node)
      return visit(node.expression)
    }
    if (ts.isPropertyAssignment(node)) return visit(node.initializer)
    const calls = ts.isNewExpression(node) || ts.isCallExpression(node) ? node.expression.getText() : ''
    if (calls === 'Date' && ts.isNewExpression(node) && !node.arguments?.length) use('new Date()', node)
    if (calls === 'Date' && ts.isCallExpression(node)) use('Date()', node)
    if (ts.isIdentifier(node) && outside.has(node.text) && !isName(node)) use(node.text, node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  const free = used.filter(({ name }) => !declared.has(name))
  return free.map(({ name, line }) => `says ${name} in line ${line}: it belongs in platform.ts, behind a port`)
}

type Declaration = ts.VariableDeclaration | ts.ParameterDeclaration | ts.BindingElement | ts.ImportSpecifier | ts.FunctionDeclaration

const isDeclaration = (node: ts.Node): node is Declaration =>
  ts.isVariableDeclaration(node) ||
  ts.isParameter(node) ||
  ts.isBindingElement(node) ||
  ts.isImportSpecifier(node) ||
  ts.isFunctionDeclaration(node)

/** Whether an identifier only names a member or a declaration, rather than reads a variable. */
const isName = (node: ts.Identifier): boolean => {
  const parent: ts.Node & { readonly name?: ts.Node; readonly propertyName?: ts.Node } = node.parent
  return (parent.name === node || parent.propertyName === node) && !ts.isShorthandPropertyAssignment(parent)
}
