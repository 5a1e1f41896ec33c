import type { Model } from '../model.js'
import { dollarQuoted, quoted } from '../sql/text.js'

/**
 * Rows in batches of 5,000 by key, each batch a transaction of its own: no lock is held for long, and what was done stays done
 * when it is run again. Where somebody holds a row, the batch lets all of its rows go soon, and is tried again for about two minutes. `assignments` as after SET. Nobody's edit: `updatedAt`
 * stays, and where a client has edited the same field, the edit is the later one.
 */
export const fillSql = (model: Pick<Model, 'table'>, assignments: string, where: string): string => {
  const table = quoted(model.table)
  return `do ${dollarQuoted(`
declare
  first uuid := '00000000-0000-0000-0000-000000000000';
  last uuid;
  tries int := 0;
begin
  loop
    select b.id into last from (select r.id from ${table} r where r.id >= first order by r.id limit 5000) b order by b.id desc limit 1;
    exit when last is null;
    begin
      perform set_config('lock_timeout', '400ms', true);
      perform set_config('syncgen.edited_at', '1970-01-01 00:00:00Z', true);
      perform set_config('syncgen.keep_updated_at', 'on', true);
      update ${table} set ${assignments} where "id" between first and last and (${where});
      tries := 0;
    exception when lock_not_available then
      tries := tries + 1;
      if tries = 120 then raise; end if;
    end;
    commit;
    if tries > 0 then
      perform pg_sleep(0.5);
      continue;
    end if;
    exit when last = first;
    first := last;
  end loop;
end
`)};`
}
