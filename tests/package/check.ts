/**
 * What a user gets: packs the package, installs the tarball into an empty folder, generates code there, compiles it as a plain
 * TypeScript app, runs that on Node against PostgreSQL, and builds its page with Vite. Needs the npm registry (or npm's cache of it)
 * for the package's own dependencies.
 */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testDatabase } from '../../runtime/testing/database.js'
import { bundle } from './bundle.js'
import { packagesOf } from './packages-of.js'
import { run } from './run.js'

/** The most that a page with the tracker's client may weigh after gzip, bytes. */
const budget = 74_000

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'syncgen-package-'))
const app = join(folder, 'app')
const installed = join(app, 'node_modules', 'syncgen')
const syncgen = (...args: readonly string[]): Promise<string> => run('npx', ['--no-install', 'syncgen', ...args], { cwd: app })

const check = async (title: string, work: () => Promise<string | void> | string | void): Promise<void> => {
  const began = performance.now()
  const found = await work()
  console.log(`ok  ${title}${found ? `: ${found}` : ''} (${Math.round(performance.now() - began)} ms)`)
}

try {
  await check('packs a fresh build', async () => {
    mkdirSync(app)
    await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root })
  })

  await check('installs into an empty folder', async () => {
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? assert.fail('npm pack left no tarball')
    writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent', join(folder, tarball)], { cwd: app })
  })

  await check('carries templates and the JSON Schema, and no sources, tests or tools of ours', () => {
    assert.ok(readdirSync(join(installed, 'templates')).some((name) => name.endsWith('.hbs')))
    assert.equal(typeof JSON.parse(readFileSync(join(installed, 'schema.json'), 'utf8')), 'object')
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('node_modules'))
    assert.deepEqual(files.filter((name) => /(?<!\.d)\.ts$|\.test\.|fixtures/.test(name)), [])
    for (const tool of ['tsx', 'vitest', 'vite', 'typescript']) {
      assert.ok(!existsSync(join(app, 'node_modules', tool)), `${tool} was installed`)
    }
  })

  await check('generates the code that this repository has', async () => {
    cpSync(join(root, 'schemas'), join(app, 'schemas'), { recursive: true })
    await syncgen('schemas/', '-o', 'generated-example')
    await syncgen('schemas/', '-o', 'generated-example', '--check')
    assert.deepEqual(contents(join(app, 'generated-example')), contents(join(root, 'generated-example')))
  })

  await check('compiles in a plain TypeScript app, with no types but its own and Node’s', async () => {
    cpSync(fileURLToPath(new URL('./fixtures/app', import.meta.url)), app, { recursive: true })
    rmSync(join(app, 'generated-example'), { recursive: true })
    await syncgen('schemas/', '-o', 'src/generated')
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    await run(process.execPath, [tsc, '-p', app, '--typeRoots', join(root, 'node_modules', '@types')], { cwd: app })
  })

  await check('runs on Node', async () => {
    const database = await testDatabase()
    try {
      await syncgen('migrate', '--database', database.url, '-o', 'src/generated')
      const said = await run(process.execPath, ['out/src/main.js'], { cwd: app, env: { DATABASE_URL: database.url } })
      assert.deepEqual(JSON.parse(said), { outcome: 'applied', title: 'Engine' })
    } finally {
      await database.drop()
    }
  })

  await check('keeps the packages of one side out of the other', () => {
    const packages = (entry: string): readonly string[] => packagesOf(join(installed, 'dist', 'runtime', entry, 'index.js'))
    assert.deepEqual(packages('protocol'), [])
    assert.deepEqual(packages('client'), ['dexie', 'uuidv7', 'ws']) // ws only where there is no WebSocket, loaded then
    assert.deepEqual(packages('server'), ['pg', 'uuidv7', 'ws'])
  })

  await check('builds a page with Vite, within its budget', async () => {
    const { size, gzipped, modules, code } = await bundle(app)
    const ours = /node_modules\/(syncgen\/dist\/runtime\/(client|protocol)\/|dexie\/|uuidv7\/|ws\/browser\.js)/
    const foreign = modules.filter((name) => name.includes('node_modules') && !ours.test(name))
    assert.deepEqual(foreign, [], 'modules that do not belong into a browser')
    assert.ok(!code.includes('node:'), 'the bundle asks for a module of Node')
    assert.ok(gzipped <= budget, `the page weighs ${gzipped} bytes after gzip; its budget is ${budget}`)
    return `${size} bytes minified, ${gzipped} after gzip of ${budget} allowed`
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Every file of a folder by its path. */
function contents(of: string): Readonly<Record<string, string>> {
  const files = readdirSync(of, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(paths.map((path) => [path.slice(of.length), readFileSync(path, 'utf8')]))
}
