import { initialName, migrationNumber } from '../migrated.js'

/** The schema `syncgen`, the same for every generated database: log, clients, epoch, and the functions that read the log. */
export const syncgenSchema = `create schema syncgen;

-- Versions of rows, drawn by trigger. Not in commit order: never a cutoff.
create sequence syncgen.version cache 1;

-- One row per changed row and statement. Within a transaction the order of a key's rows is that of (version, op = 'D');
-- seq is the order of logging, which nested triggers turn round.
create table syncgen.changes (
  seq bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  model text not null,
  -- Null only for 'T', TRUNCATE: no position before it can be used for this model.
  key uuid,
  op "char" not null check (op in ('I', 'U', 'D', 'T')),
  -- Of the row after an insert or update; of a deleted row the last one it had.
  version bigint not null,
  -- Ids of the columns that an update changed.
  fields text[] not null default '{}',
  -- Columns that decide membership, before and after; null: no such row. An update that changed none of them has no "after".
  -- The delete of a row whose model says edit-wins has the whole row in "before".
  before jsonb,
  after jsonb,
  -- Of the trigger that wrote this: names the columns that the images have.
  shape text not null,
  edited_at timestamptz not null,
  -- The model again where membership can have changed. A column of its own, because between two indexes that begin alike the
  -- planner takes the one that holds every change.
  moved text generated always as (case when op <> 'U' or after is not null then model end) stored,
  check ((key is null) = (op = 'T'))
);
create index changes_window on syncgen.changes (model, xid);
create index changes_moves on syncgen.changes (moved, xid) where moved is not null;
-- Begins with the key, so that no plan reads a model's whole history by it.
create index changes_history on syncgen.changes (key, version);

-- Devices. Never purged: a client id that is not here may only start at seq 1.
create table syncgen.clients (
  id uuid primary key,
  principal text not null,
  last_seq bigint not null default 0,
  session text,
  seen_at timestamptz not null default clock_timestamp()
);

-- What became of each mutation, for clients that did not hear it.
create table syncgen.outcomes (
  client uuid not null references syncgen.clients (id) on delete cascade,
  seq bigint not null,
  outcome jsonb not null,
  at timestamptz not null default clock_timestamp(),
  primary key (client, seq)
);
create index outcomes_age on syncgen.outcomes (at);

-- One row: what the epoch is made of, as it was when the uuid was drawn, the floor below which the log is purged, and which
-- migrations the database has: the exclusive or of a number for each, 32 bits.
create table syncgen.meta (
  only_row boolean primary key default true check (only_row),
  uuid uuid not null,
  system_identifier bigint not null,
  timeline text not null,
  database oid not null,
  meta oid not null,
  floor xid8 not null default '0',
  migrated bigint not null default 0
);

-- Snapshots taken by purge, so that the next one knows what was finished a horizon ago.
create table syncgen.horizons (
  taken_at timestamptz primary key default clock_timestamp(),
  finished_below xid8 not null default pg_snapshot_xmin(pg_current_snapshot()),
  -- The last version drawn until then. A backup that has this line draws none below it again.
  version bigint
);

-- The parts of the epoch as they are now. Fails on a standby, whose snapshots omit running transactions.
create function syncgen.epoch_parts(out system_identifier bigint, out timeline text, out database oid, out meta oid)
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select c.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), d.oid, 'syncgen.meta'::regclass::oid
  from pg_control_system() c, pg_database d
  where d.datname = current_database()
$$;

insert into syncgen.meta (uuid, system_identifier, timeline, database, meta, migrated)
select gen_random_uuid(), p.*, ${migrationNumber(initialName)} from syncgen.epoch_parts() p;

-- 32 hex digits that change whenever positions taken before mean nothing any more: another cluster, another timeline after a
-- failover or a restore to a point in time, a copy of the database.
create function syncgen.epoch() returns text
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select left(encode(sha256(convert_to(concat_ws('/', p.system_identifier, p.timeline, p.database, p.meta, m.uuid), 'UTF8')), 'hex'), 32)
  from syncgen.epoch_parts() p, syncgen.meta m
$$;

-- The position of whoever asks: what devices that have seen as much are told.
create function syncgen.position() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select syncgen.epoch() || '-' || lpad(to_hex(m.migrated), 8, '0') || '/' || pg_current_snapshot() from syncgen.meta m
$$;

-- To be called at start. If a part of the epoch is not what it was (or if forced, after a restore below PostgreSQL): new uuid, empty
-- log, versions far above all that clients may have seen, also for what was written since the restore: those versions were given
-- out before. How far is chance: whoever restores one backup twice would give the same versions to other rows. It was written after the last horizon that the backup has; nobody knows that of a forced one, and all that is in the
-- log gets new versions. Waits for transactions that write. Returns whether it did so.
create function syncgen.renew_epoch(forced boolean default false) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  synced regclass[];
  one regclass;
  known bigint;
begin
  update syncgen.meta m
  set uuid = gen_random_uuid(), system_identifier = p.system_identifier, timeline = p.timeline, database = p.database, meta = p.meta,
    floor = '0'
  from syncgen.epoch_parts() p
  where forced or (m.system_identifier, m.timeline, m.database, m.meta) is distinct from (p.system_identifier, p.timeline, p.database, p.meta);
  if not found then return false; end if;
  synced := array(
    select distinct t.tgrelid::regclass from pg_trigger t where t.tgfoid in ('syncgen.stamp'::regproc, 'syncgen.stamp_updated'::regproc)
    order by 1);
  foreach one in array synced loop
    execute format('lock table %s in share row exclusive mode', one);
  end loop;
  select coalesce(case when not forced then max(h.version) end, (select min(c.version) from syncgen.changes c where c.op in ('I', 'U')))
  into known from syncgen.horizons h;
  perform setval('syncgen.version', nextval('syncgen.version') + 1000000000 + (random() * 1e12)::bigint);
  perform set_config('syncgen.keep_updated_at', 'on', true);
  foreach one in array synced loop
    execute format('update %s set version = version where version >= $1', one) using known;
  end loop;
  perform set_config('syncgen.keep_updated_at', '', true);
  delete from syncgen.changes;
  delete from syncgen.horizons;
  return true;
end
$$;

-- Forgets what was finished at least \`horizon\` ago, and raises the floor with it. To be called now and then; returns the
-- number of log rows deleted. A position is usable only if its xmin is not below the floor.
create function syncgen.purge(horizon interval) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  finished xid8;
  deleted bigint;
begin
  -- After a restore, no horizon before the renewal: it would take what was written since for known.
  perform syncgen.renew_epoch();
  insert into syncgen.horizons (version) select v.last_value from syncgen.version v;
  select h.finished_below into finished from syncgen.horizons h
  where h.taken_at <= clock_timestamp() - horizon order by h.finished_below desc limit 1;
  if finished is null then return 0; end if;
  update syncgen.meta m set floor = greatest(m.floor, finished);
  delete from syncgen.changes c where c.xid < finished;
  get diagnostics deleted = row_count;
  -- The others stay: a client that asks again for an outcome that is not here is told 'applied', and must be told the truth. So does
  -- the last of each run of a client, by which the numbers that it drew are told from those that were drawn a second time.
  delete from syncgen.outcomes o using syncgen.clients c
  where o.at <= clock_timestamp() - horizon and o.outcome ->> 'kind' = 'applied' and c.id = o.client and o.seq < c.last_seq
    and o.outcome ->> 'run' = (
      select n.outcome ->> 'run' from syncgen.outcomes n where n.client = o.client and n.seq > o.seq order by n.seq limit 1
    );
  delete from syncgen.horizons h where h.finished_below < finished;
  return deleted;
end
$$;

-- Of each key of model m that changed since s, its image at s; null: it did not exist. With cols: only keys that were born,
-- died, or had one of these columns changed. With match: only keys that had these column values at some time since s, which
-- spares the caller a look at every row that changed elsewhere; the image is then exact for keys that matched at s, and for
-- others it does not match. An index scan for what began since s and one for each transaction that was running then, fenced by
-- offset 0. Not \`xid = any (array)\`: after a bulk load the planner takes that for all rows of the model, and reads them.
create function syncgen.first_images(s pg_snapshot, m text, cols text[] default null, match jsonb default null)
returns table (key uuid, before jsonb)
language plpgsql stable rows 200 security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan set jit = off as $$
begin
  if cols is null then
    return query
    select distinct on (w.key) w.key, w.before
    from (
      select c.key, c.version, c.op, c.before, c.after from syncgen.changes c
      where c.model = m and c.xid >= pg_snapshot_xmax(s)
      union all
      select c.* from pg_snapshot_xip(s) running cross join lateral (
        select c.key, c.version, c.op, c.before, c.after from syncgen.changes c where c.model = m and c.xid = running offset 0) c
      offset 0
    ) w
    where w.op <> 'T' and (match is null or w.before @> match or w.after @> match)
    order by w.key, w.version, w.op = 'D';
  else
    return query
    select distinct on (w.key) w.key, w.before
    from (
      select c.key, c.version, c.op, c.before, c.after from syncgen.changes c
      where c.moved = m and c.xid >= pg_snapshot_xmax(s) and (c.op <> 'U' or c.fields && cols)
      union all
      select c.* from pg_snapshot_xip(s) running cross join lateral (
        select c.key, c.version, c.op, c.before, c.after from syncgen.changes c
        where c.moved = m and c.xid = running and (c.op <> 'U' or c.fields && cols) offset 0) c
      offset 0
    ) w
    where w.op <> 'T' and (match is null or w.before @> match or w.after @> match)
    order by w.key, w.version, w.op = 'D';
  end if;
end
$$;

-- A uuid v7 (RFC 9562): 48 bits of milliseconds, version, random bits. For writers that give no id of their own.
create function syncgen.uuid_v7() returns uuid
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- Stamps a row's version, whatever the writer supplied. Runs with the owner's rights, so that writers need none on the sequence; each
-- name in it is qualified, which spares the cost of a search_path of its own on every row.
create function syncgen.stamp() returns trigger language plpgsql security definer as $$
begin
  new.version := pg_catalog.nextval('syncgen.version'::pg_catalog.regclass);
  return new;
end
$$;

-- The same for an update of a row with timestamps. What a migration fills is nobody's edit.
create function syncgen.stamp_updated() returns trigger language plpgsql security definer as $$
begin
  new.version := pg_catalog.nextval('syncgen.version'::pg_catalog.regclass);
  if pg_catalog.current_setting('syncgen.keep_updated_at', true) is distinct from 'on' then
    new.updated_at := pg_catalog.clock_timestamp();
  end if;
  return new;
end
$$;`
