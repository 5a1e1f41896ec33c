import { type Field, fieldOf, type Model, type Schema } from '../model.js'
import { shapeHash } from './hashes.js'
import { imageOf, membershipFields } from './images.js'
import { fitted, indented, literal, quoted } from './text.js'

/**
 * Triggers that stamp a table's rows and log its changes, whoever makes them: owner's rights with a fixed search_path, so that
 * a role with plain INSERT is captured; ENABLE ALWAYS, so that session_replication_role = replica is, too.
 */
export const captureSql = (schema: Schema, model: Model): string => {
  const { functionSql, triggersSql } = captureParts(schema, model)
  return `${functionSql}\n\n${triggersSql}`
}

/** The same in parts, for a table that has triggers already. */
export const captureParts = (schema: Schema, model: Model): { readonly name: string; readonly functionSql: string; readonly triggersSql: string } => {
  const own = ownOf(schema, model)
  const statement = model.capture === 'statement'
  return {
    name: own.function,
    functionSql: statement ? statementFunction(own) : rowFunction(own),
    triggersSql: `create trigger syncgen_stamp_insert before insert on ${own.table}
  for each row execute function syncgen.stamp();
create trigger syncgen_stamp_update before update on ${own.table}
  for each row execute function syncgen.${model.timestamps ? 'stamp_updated' : 'stamp'}();
${statement ? statementTriggers(own) : rowTriggers(own)}
alter table ${own.table}
  ${captureTriggers(model).map((name) => `enable always trigger ${name}`).join(',\n  ')};`,
  }
}

/** The triggers of a table, by name. */
export const captureTriggers = ({ capture }: Pick<Model, 'capture'>): readonly string[] =>
  ['stamp_insert', 'stamp_update', ...(capture === 'statement' ? ['insert', 'update', 'delete'] : ['row']), 'truncate'].map((name) => `syncgen_${name}`)

/** What the texts below are filled with. */
interface Own {
  readonly table: string
  readonly model: string
  readonly function: string
  readonly id: string
  readonly shape: string
  readonly image: (row: string) => string
  readonly deleted: (row: string) => string
  readonly fields: readonly Field[]
}

const ownOf = (schema: Schema, model: Model): Own => {
  const fields = membershipFields(schema, model)
  const image = (row: string): string => imageOf(fields, row)
  return {
    table: quoted(model.table),
    model: literal(model.name),
    function: `syncgen.${quoted(fitted(`capture_${model.table}`))}`,
    id: quoted(fieldOf(model, 'id').column),
    shape: literal(shapeHash(schema)),
    image,
    deleted: (row) => (model.deleteConflict === 'edit-wins' ? imageOf(model.fields, row) : image(row)),
    fields: model.fields.filter((field) => field.name !== 'id'),
  }
}

const columns = 'model, key, op, version, fields, before, after, shape, edited_at'

/** When the user made the edit, if the writer knows it; else now. One value for the whole statement. */
const editedAt = `edited timestamptz := coalesce(nullif(current_setting('syncgen.edited_at', true), '')::timestamptz, clock_timestamp());`

/**
 * Floats keep all their digits in images whatever the writer's session says; the setting costs time, so only where there are some. The
 * application's columns may be called `edited`, too.
 */
const header = ({ fields }: Own): string => `returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp${fields.some(({ type }) => type.kind === 'float') ? ' set extra_float_digits = 1' : ''} as $$
#variable_conflict use_variable
declare
  ${editedAt}
begin`

const truncated = ({ model, shape }: Own): string => `insert into syncgen.changes (${columns})
    values (${model}, null, 'T', nextval('syncgen.version'), '{}', null, null, ${shape}, edited);`

/**
 * One row per key and statement. Several updates of one row can share a transition table (two SET NULL columns), so each
 * side is reduced to one row per key first: the oldest old one and the newest new one. A key on one side only was changed: its row is gone, or new.
 */
const statementFunction = (own: Own): string => `create function ${own.function}() ${header(own)}
  case tg_op
  when 'INSERT' then
    insert into syncgen.changes (${columns})
    select ${own.model}, n.${own.id}, 'I', n."version", '{}', null, ${indented(own.image('n'), 6)}, ${own.shape}, edited
    from new_rows n;
  when 'UPDATE' then
    insert into syncgen.changes (${columns})
    select ${own.model}, coalesce(n.${own.id}, o.${own.id}), case when o.${own.id} is null then 'I' when n.${own.id} is null then 'D' else 'U' end,
      coalesce(n."version", o."version"),
      case when o.${own.id} is null or n.${own.id} is null then '{}' else ${indented(changedFields(own, 'o', 'n'), 6)} end,
      i.before, nullif(i.after, i.before), ${own.shape}, edited
    from (select distinct on (r.${own.id}) r.* from old_rows r order by r.${own.id}, r."version") o
    full join (select distinct on (r.${own.id}) r.* from new_rows r order by r.${own.id}, r."version" desc) n on n.${own.id} = o.${own.id}
    cross join lateral (
      select case when n.${own.id} is null then ${indented(own.deleted('o'), 10)} when o.${own.id} is not null then ${indented(own.image('o'), 10)} end as before,
        case when n.${own.id} is not null then ${indented(own.image('n'), 10)} end as after
    ) i;
  when 'DELETE' then
    insert into syncgen.changes (${columns})
    select ${own.model}, o.${own.id}, 'D', o."version", '{}', ${indented(own.deleted('o'), 6)}, null, ${own.shape}, edited
    from old_rows o;
  when 'TRUNCATE' then
    ${truncated(own)}
  end case;
  return null;
end
$$;`

const statementTriggers = ({ table, function: name }: Own): string => `create trigger syncgen_insert after insert on ${table}
  referencing new table as new_rows for each statement execute function ${name}();
create trigger syncgen_update after update on ${table}
  referencing old table as old_rows new table as new_rows for each statement execute function ${name}();
create trigger syncgen_delete after delete on ${table}
  referencing old table as old_rows for each statement execute function ${name}();
create trigger syncgen_truncate after truncate on ${table}
  for each statement execute function ${name}();`

/** For tables that a logical subscription feeds: its workers fire no statement triggers. */
const rowFunction = (own: Own): string => `create function ${own.function}() ${header(own)}
  if tg_op = 'TRUNCATE' then
    ${truncated(own)}
    return null;
  end if;
  if tg_op = 'UPDATE' and new.${own.id} = old.${own.id} then
    insert into syncgen.changes (${columns})
    select ${own.model}, new.${own.id}, 'U', new."version", ${indented(changedFields(own, 'old', 'new'), 6)},
      i.before, nullif(i.after, i.before), ${own.shape}, edited
    from (select ${indented(own.image('old'), 8)} as before, ${indented(own.image('new'), 8)} as after) i;
    return null;
  end if;
  if tg_op <> 'INSERT' then
    insert into syncgen.changes (${columns})
    values (${own.model}, old.${own.id}, 'D', old."version", '{}', ${indented(own.deleted('old'), 6)}, null, ${own.shape}, edited);
  end if;
  if tg_op <> 'DELETE' then
    insert into syncgen.changes (${columns})
    values (${own.model}, new.${own.id}, 'I', new."version", '{}', null, ${indented(own.image('new'), 6)}, ${own.shape}, edited);
  end if;
  return null;
end
$$;`

const rowTriggers = ({ table, function: name }: Own): string => `create trigger syncgen_row after insert or update or delete on ${table}
  for each row execute function ${name}();
create trigger syncgen_truncate after truncate on ${table}
  for each statement execute function ${name}();`

/** Ids of the columns that differ. */
const changedFields = ({ fields }: Own, before: string, after: string): string => {
  const tests = fields.map(({ column, columnId }) => {
    const name = quoted(column)
    return `case when ${before}.${name} is distinct from ${after}.${name} then ${literal(columnId)} end`
  })
  return `array_remove(array[\n  ${tests.join(',\n  ')}\n]::text[], null)`
}
