/** The schema as it should be, built beside the real one: in two schemas of their own, within a transaction that is never committed. */
import { initialMigration } from '../migrate.js'
import type { Schema } from '../model.js'
import { quoted } from '../sql/text.js'
import type { Asked } from './asked.js'
import { type Place, type Thing, thingsIn } from './catalog.js'

/**
 * The things of a database to which all migrations of this schema were applied. Runs in the transaction of the caller, who rolls it
 * back; locks nothing that others use. `name`: lower case, not taken in the database; its two schemas begin with it.
 */
export const wantedThings = async (asked: Asked, schema: Schema, name: string): Promise<readonly Thing[]> => {
  const tables = `${name}_tables`
  await asked.command(`create schema ${tables}; set local search_path = ${tables}`)
  await asked.command(initialMigration(schema).replace(/^create schema syncgen;$/m, `create schema ${name};`).replaceAll(/\bsyncgen\./g, `${name}.`))
  const place = await placeOf(asked, name, schema.models.map(({ table }) => table))
  return thingsIn(asked, place)
}

/** Tables that the search_path of the session leads to; others are left out. */
export const placeOf = async ({ rows }: Asked, own: string, names: readonly string[]): Promise<Place> => {
  const found = await rows(`select to_regclass(q.name)::oid::text from unnest($1::text[]) with ordinality q(name, at) order by q.at`, [names.map(quoted)])
  return { own, tables: names.flatMap((name, at) => { const oid = found[at]?.[0]; return typeof oid === 'string' ? [{ name, oid }] : [] }) }
}
