import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Word } from './document.js'
import type { Report } from '../problem.js'

/** Something that a file beside the schema exports; `file` is relative to where the generator was called until the schema is whole (besideSchema). */
export interface Export {
  readonly file: string
  readonly name: string
}

/** `./json-types.ts#ProjectSettings`: a file in the schema's folder, and the type or function of that name. */
export const readExport = (word: Word, what: 'type' | 'function', report: Report): Export | null => {
  const [, path = '', name = ''] = exported.exec(word.text) ?? []
  if (path === '') {
    report('SG113', word.at, `"${word.text}" does not name a ${what}`, `write a file beside the schema and a ${what} it exports: ${examples[what]}`)
    return null
  }
  const file = join(dirname(word.at.file), path).replaceAll('\\', '/')
  if (!existsSync(file)) {
    report('SG113', word.at, `there is no file ${file}`, `create it, and export the ${what} ${name} from it`)
    return null
  }
  return { file, name }
}

const exported = /^\.\/((?:[A-Za-z0-9_-][A-Za-z0-9_.-]*\/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.[mc]?ts)#([A-Za-z_$][A-Za-z0-9_$]*)$/

const examples = { type: './json-types.ts#ProjectSettings', function: './merge.ts#mergeNotes' } as const
