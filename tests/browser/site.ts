/** One origin with apps on it, each built by Vite as an app's author would build it, and served from memory. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** What a browser gets from it. */
export interface Site {
  readonly origin: string
  /** Address of a page that runs nothing. */
  readonly blank: string
  /** Builds the app in a folder, and serves it under this path (`/` at both ends), its service worker as it stands there. */
  add(path: string, folder: string): Promise<void>
  close(): Promise<void>
}

/** Serves on a free port of `localhost`, which browsers take for a secure origin: Web Locks and service workers are there. */
export const openSite = async (): Promise<Site> => {
  const files = new Map<string, string | Uint8Array>([['/blank.html', '<!doctype html>']])
  const http = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
    const file = files.get(path)
    if (file === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream', 'cache-control': 'no-store' }).end(file)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const origin = `http://localhost:${(http.address() as AddressInfo).port}`
  return {
    origin,
    blank: `${origin}/blank.html`,
    add: async (path, folder) => {
      for (const [name, content] of await built(path, folder)) files.set(path + name, content)
      const worker = join(folder, 'sw.js')
      if (existsSync(worker)) files.set(`${path}sw.js`, await readFile(worker))
    },
    close: async () => {
      http.close()
      http.closeAllConnections()
      await once(http, 'close')
    },
  }
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

const built = async (base: string, root: string): Promise<readonly (readonly [name: string, content: string | Uint8Array])[]> => {
  const built = await build({
    root,
    base,
    configFile: false,
    logLevel: 'warn',
    resolve: { alias: Object.fromEntries(['client', 'protocol'].map((side) => [`syncgen/${side}`, source(`../../runtime/${side}/index.ts`)])) },
    build: { write: false },
  })
  const outputs = Array.isArray(built) ? built : [built]
  return outputs.flatMap((output) =>
    'output' in output ? output.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source] as const) : [],
  )
}

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
