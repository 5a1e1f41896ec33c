import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'

/** A page as a browser would load it. */
export interface Bundle {
  /** Bytes of minified JavaScript. */
  readonly size: number
  /** Bytes of it after gzip, as a server sends it. */
  readonly gzipped: number
  /** Files that ended up in it. */
  readonly modules: readonly string[]
  readonly code: string
}

/** Builds the page in `root` with Vite's defaults, in memory. */
export const bundle = async (root: string): Promise<Bundle> => {
  const built = await build({ root, configFile: false, logLevel: 'warn', build: { write: false } })
  const outputs = Array.isArray(built) ? built : [built]
  const chunks = outputs
    .flatMap((output) => ('output' in output ? [...output.output] : []))
    .filter((file): file is Rolldown.OutputChunk => file.type === 'chunk')
  const code = chunks.map((chunk) => chunk.code).join('\n')
  return {
    size: Buffer.byteLength(code),
    gzipped: gzipSync(code, { level: 9 }).length,
    modules: chunks.flatMap((chunk) => Object.keys(chunk.modules)),
    code,
  }
}
