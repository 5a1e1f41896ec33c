/** What another version of syncgen makes otherwise, and exactly that. */
import type { Schema } from '../model.js'
import { captureParts } from '../sql/capture.js'
import { type OwnObjects, ownHashes } from '../sql/own-objects.js'
import { literal, quoted } from '../sql/text.js'
import { meanwhileTrigger } from './emit-meanwhile.js'
import type { Planned } from './phases.js'

/** Hashes of what databases have, by name; null: of a syncgen that did not remember them. */
export type KnownObjects = Readonly<Record<string, string>> | null

/**
 * Statements that lead databases from the objects that the lock file remembers to those of now. Before all others of a migration: capture
 * functions may need them. What is needed no more goes last, when servers of before are gone.
 */
export const ownStatements = (known: KnownObjects, own: OwnObjects): readonly Planned[] => {
  const now = ownHashes(own)
  const isOther = (name: string): boolean => known?.[name] !== now[name]
  const upgrades = own.upgrades.filter(({ name }) => isOther(`upgrade ${name}`))
  const functions = own.objects.filter(({ name }) => name.startsWith('function ') && isOther(name))
  const gone = Object.keys(known ?? {}).filter((name) => name.startsWith('function ') && !(name in now))
  return [
    ...upgrades.map(({ why, sql }): Planned => ({ phase: 'expand', why, sql })),
    ...functions.map(({ name, sql }): Planned => ({ phase: 'expand', why: `${name.replace('function ', '')}: as this version of syncgen makes it.`, sql: sql.replace(/^create function/m, 'create or replace function') })),
    ...gone.map((name): Planned => ({ phase: 'finish', why: 'A function that no server of this version calls.', sql: `drop ${name.replace('function ', 'function if exists ')};` })),
  ]
}

/** Capture functions and triggers of all tables, where syncgen makes them otherwise now; those that the migration makes anyway are left out. */
export const ownCaptures = (known: KnownObjects, own: OwnObjects, schema: Schema, planned: readonly Planned[]): readonly Planned[] => {
  const now = ownHashes(own)
  const isOther = (name: string): boolean => known?.[name] !== now[name]
  return schema.models.flatMap((model): readonly Planned[] => {
    const { functionSql, triggersSql } = captureParts(schema, model)
    const isMade = (sql: string): boolean => planned.some((each) => each.sql.includes(sql))
    const body = functionSql.replace(/^create function/, 'function')
    const why = `${model.table}: changes are captured as this version of syncgen does it.`
    return [
      ...(isOther('capture functions') && !isMade(body) ? [{ phase: 'expand', why, sql: `create or replace ${body}` } as const] : []),
      ...(isOther('capture triggers') && !isMade(triggersSql) ? [{ phase: 'expand', why, sql: `${withoutTriggers(model.table)}\n\n${triggersSql}` } as const] : []),
    ]
  })
}

/** Under whatever names an earlier version made them. */
const withoutTriggers = (table: string): string => `do $$
declare
  name text;
begin
  for name in
    select g.tgname from pg_trigger g join pg_proc p on p.oid = g.tgfoid
    where g.tgrelid = ${literal(quoted(table))}::regclass and not g.tgisinternal and p.pronamespace = 'syncgen'::regnamespace and g.tgname <> '${meanwhileTrigger}'
  loop
    execute format('drop trigger %I on ${quoted(table).replaceAll("'", "''").replaceAll('%', '%%')}', name);
  end loop;
end
$$;`
