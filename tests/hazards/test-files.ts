/** Paths of test files, from the root. */
const inFolder =
  (folder: string) =>
  (name: string): string =>
    `${folder}/${name}.test.ts`

export const client = inFolder('runtime/client')
export const protocol = inFolder('runtime/protocol')
export const server = inFolder('tests/server')
export const postgres = inFolder('tests/postgres')
export const endToEnd = inFolder('tests/e2e')
export const security = inFolder('tests/security')
