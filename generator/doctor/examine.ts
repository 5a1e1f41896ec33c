/** Looks at a database, and leaves it as it was. */
import { randomBytes } from 'node:crypto'
import type { Schema } from '../model.js'
import type { Asked } from './asked.js'
import { thingsIn } from './catalog.js'
import { type Finding, findingsOf } from './compare.js'
import { missingRights, roleNamed } from './rights.js'
import { placeOf, wantedThings } from './scratch.js'

/** What came of it: findings, drift first; or there is no such role. */
export type Examined = { readonly kind: 'examined'; readonly findings: readonly Finding[] } | { readonly kind: 'no-role' }

/**
 * Compares a database with the schema, both in the words of this PostgreSQL. `role`: whose rights are looked at; null: those of who asks. Needs the right
 * to create schemas, and must run in a transaction that is rolled back: then, and if this process or its connection ends before, nothing stays.
 */
export const examine = async (asked: Asked, schema: Schema, role: string | null): Promise<Examined> => {
  const who = await roleNamed(asked, role)
  if (who === null) return { kind: 'no-role' }
  const place = await placeOf(asked, 'syncgen', schema.models.map(({ table }) => table))
  await asked.command(`set local lock_timeout = '5s'; set local search_path = ${await schemasOf(asked, place.tables.map(({ oid }) => oid))}`)
  const there = await thingsIn(asked, place)
  const rights = await missingRights(asked, place, who)
  const wanted = await wantedThings(asked, schema, `syncgen_doctor_${randomBytes(6).toString('hex')}`)
  const findings = [...findingsOf(wanted, there), ...rights]
  return { kind: 'examined', findings: [...findings.filter(({ severity }) => severity === 'drift'), ...findings.filter(({ severity }) => severity === 'note')] }
}

/** Of the session's path, the schemas that hold these tables: whatever else is in the others is not named in definitions. */
const schemasOf = async ({ rows }: Asked, tables: readonly string[]): Promise<string> => {
  const [found] = await rows(
    `select coalesce(string_agg(quote_ident(s.name), ', ' order by s.at), 'pg_catalog')
     from unnest(current_schemas(true)) with ordinality s(name, at)
     where exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = any($1::oid[]) and n.nspname = s.name)`,
    [tables],
  )
  return String(found?.[0] ?? 'pg_catalog')
}
