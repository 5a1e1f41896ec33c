import { mark } from './mark.js'
import type { Schema } from './model.js'
import { captureSql } from './sql/capture.js'
import { syncgenSchema } from './sql/syncgen-schema.js'
import { tablesSql } from './sql/tables.js'

/**
 * The first migration: everything an empty database needs, as plain SQL that any runner can apply in one transaction. The
 * owner of the database suffices; nothing in it asks for a superuser, a replication slot or an extension.
 */
export const initialMigration = (schema: Schema): string => {
  const captures = schema.models.map((model) => captureSql(schema, model))
  return `${[header(schema), syncgenSchema, tablesSql(schema), ...captures].join('\n\n')}\n`
}

/** The second line is for dbmate and its like. */
const header = ({ sources }: Schema): string =>
  `-- ${mark} from ${sources.join(', ')}. Databases remember its checksum: do not edit it once it is applied.\n-- migrate:up`
