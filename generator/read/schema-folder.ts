/** Where a schema lies, and what it names beside itself: the same wherever the generator was called. */
import { posix } from 'node:path'
import type { Field, Schema } from '../model.js'

/** The innermost folder that holds all of `files`, by their paths relative to the working directory, with `/`. */
export const folderOf = (files: readonly string[]): string => {
  const [first = '.', ...others] = files.map((file) => posix.dirname(file))
  return others.reduce(shared, first)
}

/** The schema with its exports named relative to `folder`, by which the lock file knows them. */
export const besideSchema = (schema: Schema, folder: string): Schema => {
  const fromThere = <Named extends { readonly file: string }>(named: Named): Named => ({ ...named, file: posix.relative(folder, named.file) })
  const field = (each: Field): Field => ({
    ...each,
    type: each.type.kind === 'json' && each.type.ts !== null ? { ...each.type, ts: fromThere(each.type.ts) } : each.type,
    merge: each.merge === null ? null : fromThere(each.merge),
  })
  return { ...schema, models: schema.models.map((model) => ({ ...model, fields: model.fields.map(field) })) }
}

const shared = (left: string, right: string): string => {
  const way = posix.relative(left, right)
  const up = /^(?:\.\.(?:\/|$))*/.exec(way)?.[0] ?? ''
  return posix.join(left, up).replace(/(?<=.)\/$/, '')
}
