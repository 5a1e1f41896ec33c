import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { violations } from './import-rules.js'

const root = fileURLToPath(new URL('..', import.meta.url))

const sources = ['generator', 'runtime', 'generated-example'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path).split(sep).join('/'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts')),
)

describe('imports', () => {
  it('[T5] go in the directions of docs/architecture.md', () => {
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.flatMap((path) => violations(path, readFileSync(join(root, path), 'utf8')))).toEqual([])
  })
})

describe('the rules', () => {
  it.for<readonly [path: string, text: string, broken: string]>([
    ['runtime/protocol/x.ts', `import { a } from '../client/query.js'`, 'protocol imports nothing of ours'],
    ['runtime/client/x.ts', `import type { A } from '../server/session.js'`, 'client imports protocol and itself, never server'],
    ['runtime/server/x.ts', `export { a } from '../client/query.js'`, 'server imports protocol and itself, never client'],
    ['runtime/server/x.ts', `const a = await import('../testing/index.js')`, 'server imports protocol and itself, never testing'],
    ['runtime/client/x.ts', `import { a } from './index.js'`, 'index.ts is for other folders'],
    ['runtime/client/x.ts', `import { a } from 'syncgen/protocol'`, 'inside the package'],
    ['runtime/client/x.ts', `import { readFileSync } from 'node:fs'`, 'run in browsers'],
    ['runtime/client/query.ts', `import { Dexie } from 'dexie'`, 'not from here'],
    ['runtime/server/session.ts', `import pg from 'pg'`, 'not from here'],
    ['runtime/server/session.ts', `import type { Pool } from 'pg'`, 'not from here'],
    ['runtime/server/session.ts', `import { WebSocketServer } from 'ws'`, 'not from here'],
    ['runtime/client/platform.ts', `import { WebSocket } from 'ws'`, 'not from here'],
    ['runtime/server/session.ts', `import lodash from 'lodash/fp'`, 'not from here'],
    ['runtime/client/index.ts', `export { a } from './a.js'\nexport const b = 1`, 'table of contents'],
    ['generator/views.ts', `import type { A } from '../runtime/protocol/descriptor.js'`, 'names the runtime'],
    ['generator/cli.ts', `import { migrate } from '../runtime/server/migrations.js'`, 'lazily'],
    ['generator/plan.ts', `import { Project } from 'ts-morph'`, 'not from here'],
    ['generated-example/client/task.ts', `import { a } from '../../runtime/client/query.js'`, 'siblings only'],
    ['generated-example/client/task.ts', `import pg from 'pg'`, 'siblings only'],
    ['runtime/client/x.ts', `export const at = (): number => Date.now()`, 'says Date.now in line 1'],
    ['runtime/client/x.ts', `\nexport const at = (): Date => new Date()`, 'says new Date() in line 2'],
    ['runtime/protocol/x.ts', `export const r = (): number => Math.random()`, 'says Math.random'],
    ['runtime/server/x.ts', `setTimeout(() => undefined, 1)`, 'says setTimeout'],
    ['runtime/server/x.ts', `globalThis.setInterval(() => undefined, 1)`, 'says globalThis.setInterval'],
    ['runtime/client/x.ts', `export const open = (url: string) => new WebSocket(url)`, 'says WebSocket'],
    ['runtime/client/x.ts', `export const id = () => crypto.randomUUID()`, 'says crypto'],
  ])('%s: %s', ([path, text, broken]) => {
    expect(violations(path, text)).toEqual([expect.stringContaining(broken)])
  })

  it.for<readonly [path: string, text: string]>([
    ['runtime/client/x.ts', `import { readPosition } from '../protocol/position.js'\nimport { Query } from './query.js'`],
    ['runtime/server/transaction.ts', `import pg from 'pg'\nimport { createHash } from 'node:crypto'`],
    ['runtime/client/dexie-storage.ts', `import { Dexie } from 'dexie'\nexport const db = indexedDB`],
    ['runtime/client/platform.ts', `import { uuidv7 } from 'uuidv7'\nexport const now = () => Date.now()`],
    ['runtime/client/platform.ts', `const { WebSocket } = await import('ws')`],
    ['runtime/testing/lab.ts', `import { a } from '../server/index.js'\nimport pg from 'pg'\nsetTimeout(a, Date.now())`],
    ['runtime/client/x.ts', `export const f = ({ timers }: { timers: { setTimeout(): void } }) => timers.setTimeout()`],
    ['runtime/client/x.ts', `export const f = (crypto: Ports, at: string) => [crypto.uuid(), new Date(at)]`],
    ['runtime/client/x.ts', `export interface Socket { readonly performance: WebSocket }`],
    ['generator/cli.ts', `const { migrate } = await import('../runtime/server/migrations.js')`],
    ['generator/emit.ts', `const { Project } = await import('ts-morph')`],
    ['generated-example/client/task.ts', `import { Query } from 'syncgen/client'\nimport { taskDescriptor } from '../shared/task.js'`],
    ['generated-example/shared/project.ts', `import type { ProjectSettings } from '../../schemas/json-types.js'`],
    ['demo/device.ts', `import { openTracker } from '../generated-example/client/index.js'\nimport { s } from 'syncgen/testing'`],
  ])('allow %s: %s', ([path, text]) => {
    expect(violations(path, text)).toEqual([])
  })
})
