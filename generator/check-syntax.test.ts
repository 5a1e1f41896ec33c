import { describe, expect, it } from 'vitest'
import { checkSyntax } from './check-syntax.js'

const file = (text: string) => ({ path: 'client/task.ts', text })

describe('checkSyntax', () => {
  it('[G15] passes imports, exports and declarations', async () => {
    await expect(
      checkSyntax([
        file(`import { a } from './a.js'\nexport { a }\nexport interface B {}\nexport type C = B\nexport class D {}\nexport const e = 1\n`),
        { path: 'schema.lock.json', text: 'not TypeScript' },
      ]),
    ).resolves.toBeUndefined()
  })

  it.each([
    ['what does not parse', `export const a = 'x\n`, /client\/task\.ts:1 does not parse: Unterminated string literal/],
    ['a statement that runs', `export const a = 1\nprocess.exit()\n`, /client\/task\.ts:2 holds a ExpressionStatement/],
    ['a function', `export function a() {}\n`, /holds a FunctionDeclaration/],
  ])('[G15] stops at %s, naming file and line', async (_, text, message) => {
    await expect(checkSyntax([file(text)])).rejects.toThrow(message)
  })
})
