/** `syncgen init`: a small schema to begin with. */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { packageFile } from './package-root.js'
import { type ExitCode, type Terminal, exitCodes } from './terminal.js'

/** Writes `<folder>/app.yaml`, unless the folder holds a schema already, and says what to run next. */
export const initCommand = async (folder: string, terminal: Terminal): Promise<ExitCode> => {
  await mkdir(folder, { recursive: true })
  const present = (await readdir(folder)).find((name) => /\.ya?ml$/.test(name))
  if (present !== undefined) {
    terminal.error(`syncgen: ${folder} holds ${present} already; nothing was written.`)
    return exitCodes.invalid
  }
  const target = join(folder, 'app.yaml')
  const schema = await readFile(packageFile('templates/app.yaml'), 'utf8')
  await writeFile(target, `# yaml-language-server: $schema=${languageSchema(folder)}\n${schema}`, { flag: 'wx' })
  terminal.out(`Wrote ${target}. Next: npx syncgen ${folder}`)
  return exitCodes.ok
}

/** Where an editor finds the JSON Schema of the language, from the schema's folder. */
const languageSchema = (folder: string): string => {
  const path = relative(folder, 'node_modules/syncgen/schema.json').split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}
