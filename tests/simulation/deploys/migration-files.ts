/** Migrations as a world applies them: in virtual time, and so that the history goes on through them. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Migration } from '../../../runtime/server/migrations.js'
import type { Schema } from '../../../generator/model.js'
import { auditOf } from '../database/template.js'
import { inVirtualTime } from '../database/statements.js'
import type { SimSchema } from '../schema/sim-schema.js'
import { quoted } from '../schema/tables.js'

/**
 * All files of a version, those of earlier versions among them. A file that gives a table another shape also writes its rows into the
 * history, as they are from then on; nobody else writes the table between that and its commit. A new table gets its trigger.
 */
export const migrationFiles = async ({ migrations, ir }: SimSchema): Promise<readonly Migration[]> => {
  const names = (await readdir(migrations)).filter((name) => name.endsWith('.sql')).toSorted()
  return Promise.all(
    names.map(async (name) => {
      const sql = inVirtualTime(await readFile(join(migrations, name), 'utf8'))
      return { name, sql: name.startsWith('0001') || isAlone(sql) ? sql : `${sql}\n${audited(ir, sql)}` }
    }),
  )
}

const isAlone = (sql: string): boolean => /^-- migrate:up transaction:false\s*$/m.test(sql)

const audited = (ir: Schema, sql: string): string =>
  ir.models
    .flatMap(({ name, table }) => {
      if (sql.includes(`create table ${quoted(table)}`)) return [`${auditOf(name, quoted(table))};`]
      if (!new RegExp(`alter table ${quoted(table)}[^;]*\\b(add column|drop column|rename|type)\\b`).test(sql)) return []
      return [`insert into sim.audit (model, op, key, after) select '${name}', 'M', id, to_jsonb(t) from ${quoted(table)} t order by id;`]
    })
    .join('\n')
