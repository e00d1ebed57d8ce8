-- Everything static that impact analysis, execution and undo send to a target. What depends on the tables in reach
-- (image tables, capture triggers, counting and restoring) is written by pgwarden.undo and pgwarden.sql.

-- name: identity
-- Which database, as whom, and whether a protected execution can work here at all.
select (select system_identifier from pg_catalog.pg_control_system())::text as system_identifier,
       d.oid::int8 as oid,
       d.datname::text as name,
       current_user::text as role,
       current_setting('search_path') as search_path,
       current_setting('track_counts') = 'on' as counting,
       current_setting('session_replication_role') as replication_role,
       pg_catalog.pg_is_in_recovery() as recovering,
       current_setting('server_version_num')::int4 as version
  from pg_catalog.pg_database d
 where d.datname = current_database()

-- name: store
-- The schema that holds ledger and images: who owns it, and whether a publication would send it away.
select n.oid is not null as present,
       coalesce(pg_catalog.pg_has_role(n.nspowner, 'MEMBER'), true) as owned,
       exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'execution') as ledger,
       exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'execution_undoes') as indexed,
       coalesce((select string_agg(p.pubname, ', ' order by p.pubname)
                   from pg_catalog.pg_publication p
                  where p.puballtables
                     or exists (select from pg_catalog.pg_publication_namespace s where s.pnpubid = p.oid and s.pnnspid = n.oid) -- if >= 15
                ), '') as publications,
       pg_catalog.has_database_privilege(current_database(), 'CREATE') as may_create
  from (values (true)) as one (row)
  left join pg_catalog.pg_namespace n on n.nspname = 'pgwarden'

-- name: create_store
-- Made once, under a lock so that two first executions do not collide. Images hold rows that others may not see.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('pgwarden store', 0));
create schema if not exists pgwarden;
revoke all on schema pgwarden from public;
create table if not exists pgwarden.execution (
    id uuid primary key,
    kind text not null check (kind in ('execute', 'undo')),
    statement text not null,
    parameters jsonb not null,
    seal text not null,
    requested_by text not null,
    approved_by text not null,
    role text not null,
    isolation text not null,
    started_at timestamptz not null default pg_catalog.clock_timestamp(),
    finished_at timestamptz,
    transaction xid8 not null default pg_catalog.pg_current_xact_id(),
    undoes uuid,
    undone_by uuid,
    tables jsonb not null default '[]',
    sequences jsonb not null default '{}',
    skipped int8 not null default 0,
    milliseconds float8 not null default 0
) using heap;
create index if not exists execution_undoes on pgwarden.execution (undoes) where undoes is not null;
revoke all on pgwarden.execution from public;

-- name: index_store
-- Ledgers that were made before there was an index get it when nobody writes them: it is quick to make, and worth
-- waiting for nothing.
set local lock_timeout = '50ms';
create index if not exists execution_undoes on pgwarden.execution (undoes) where undoes is not null

-- name: readable_ledger
-- Whether there is a ledger in the database that this role may read.
select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'pgwarden' and c.relname = 'execution'
                  and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                  and pg_catalog.has_table_privilege(c.oid, 'SELECT')) as readable

-- name: temporary
-- Whether images can at least be gathered in temporary tables, which no publication carries.
select pg_catalog.has_database_privilege(current_database(), 'TEMPORARY') as may_create

-- name: claim_outside
-- Where no ledger row can be written, this makes a second transaction with the same id wait.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('pgwarden execution ' || %(id)s, 0))

-- name: witness
-- The number of this transaction, by which its outcome is found later, on the timeline where it runs.
select pg_catalog.pg_current_xact_id()::text::int8 as transaction, pg_catalog.clock_timestamp() as at,
       (pg_catalog.pg_control_checkpoint()).timeline_id as timeline

-- name: flush
-- A commit that wrote something waits until the whole log before it is on disk. Subscribers do not see the message.
begin;
set local synchronous_commit = on;
select pg_catalog.pg_logical_emit_message(true, 'pgwarden', '');
commit

-- name: witness_now
-- Which numbers the server knows now.
select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 as next,
       (pg_catalog.pg_control_checkpoint()).timeline_id as timeline

-- name: strangers
-- Roles to which default privileges gave something on the schema when it was made.
select distinct grantee::regrole::text as role
  from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
 where n.nspname = 'pgwarden' and a.grantee <> n.nspowner and a.grantee <> 0

-- name: claim
-- The ledger row comes first: its primary key makes a concurrent duplicate wait, and then fail.
insert into pgwarden.execution (id, kind, statement, parameters, seal, requested_by, approved_by, role, isolation, undoes)
values (%(id)s, %(kind)s, %(statement)s, %(parameters)s, %(seal)s, %(requested_by)s, %(approved_by)s, %(role)s,
        %(isolation)s, %(undoes)s)

-- name: settle
-- Take an id that is free, so that a process which is still on its way to it comes too late. Waits for one that is
-- ending. Without effect where the id was used.
insert into pgwarden.execution (id, kind, statement, parameters, seal, requested_by, approved_by, role, isolation)
values (%(id)s, 'execute', '', '[]', '', '', '', current_user, '')
on conflict (id) do nothing

-- name: settled
select finished_at is not null as ran from pgwarden.execution where id = %(id)s

-- name: finish
update pgwarden.execution
   set finished_at = pg_catalog.clock_timestamp(),
       milliseconds = extract(epoch from pg_catalog.clock_timestamp() - started_at) * 1000,
       tables = %(tables)s, sequences = %(sequences)s, skipped = %(skipped)s
 where id = %(id)s
returning *

-- name: executions
-- Newest first; with an id only that one. A row that was never finished is an id that may not be used any more.
select * from pgwarden.execution
 where (%(id)s::uuid is null or id = %(id)s::uuid) and finished_at is not null
 order by started_at desc, id
 limit %(rows)s

-- name: find_executions
-- Newest first, those that a filter leaves; (at, id) is the last one of the page before.
select * from pgwarden.execution
 where finished_at is not null
   and (%(state)s <> 'in force' or undone_by is null)
   and (%(state)s <> 'undone' or undone_by is not null)
   and (%(state)s <> 'undo' or kind = 'undo')
   and (%(who)s = '' or requested_by = %(who)s
        or %(who)s = any(pg_catalog.regexp_split_to_array(approved_by, '[ ,()]+')))
   and (%(since)s::timestamptz is null or started_at >= %(since)s)
   and (%(at)s::timestamptz is null or (started_at, id) < (%(at)s, %(id)s::uuid))
 order by started_at desc, id desc
 limit %(rows)s

-- name: lock_execution
select * from pgwarden.execution where id = %(id)s and finished_at is not null for update

-- name: mark_undone
-- The undo of this execution that is itself in force, if any.
update pgwarden.execution e
   set undone_by = (select u.id from pgwarden.execution u
                     where u.undoes = e.id and u.undone_by is null order by u.started_at desc limit 1)
 where e.id = %(id)s

-- name: undos
-- Every undo of this ledger with what it took back, the newest first.
select id::text as id, undoes::text as undoes from pgwarden.execution
 where undoes is not null and finished_at is not null
 order by started_at desc

-- name: roots
-- Names of the tables with these oids, each partition's under its root, in oid order.
with recursive up as (
    select o.oid from unnest(%(oids)s::oid[]) o (oid)
    union
    select i.inhparent from up join pg_catalog.pg_class c on c.oid = up.oid and c.relispartition
      join pg_catalog.pg_inherits i on i.inhrelid = c.oid
)
select c.oid::int8 as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind
  from up join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where not c.relispartition
 order by c.oid

-- name: returnable
-- Whether RETURNING gives every row of a table, and nobody watches the table that keeps them: no row-level security,
-- and the right to read it.
select not c.relrowsecurity and pg_catalog.has_table_privilege(c.oid, 'SELECT') and not exists (
-- include: watchers
       ) as returnable
  from pg_catalog.pg_class c
 where c.oid = %(oid)s

-- name: image_relations
-- What image tables consist of: themselves and the parts that hold images in bulk. What depends on others comes first.
select i.name as images, case when n.nspname = 'pgwarden' then n.nspname else 'pg_temp' end as space, c.relname::text as name,
       c.relkind::text as kind, pg_catalog.pg_total_relation_size(c.oid)::int8 as bytes
  from unnest(%(names)s::text[]) i (name)
 cross join unnest(array['', '_i', '_o', '_n', '_d', '_p']) s (suffix)
  join pg_catalog.pg_class c on c.relname = i.name || s.suffix and c.relkind in ('r', 'v')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and (n.nspname = 'pgwarden' or n.oid = pg_catalog.pg_my_temp_schema())
 order by 1, c.relkind = 'v' desc, length(c.relname) desc

-- name: shapes
-- Facts of the tables with these oids, each partition widened to its whole tree and reported under its root.
with recursive up as (
    select o.oid from unnest(%(oids)s::oid[]) o (oid)
    union
    select i.inhparent from up join pg_catalog.pg_class c on c.oid = up.oid and c.relispartition
      join pg_catalog.pg_inherits i on i.inhrelid = c.oid
), tree as (
    select c.oid as root, c.oid from up join pg_catalog.pg_class c using (oid) where not c.relispartition
    union all
    select t.root, c.oid from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid
      join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relispartition
), member as (
    select t.root, t.oid, n.nspname, c.relname, c.relkind, c.relpersistence
      from tree t join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
)
select r.oid::int8 as oid, n.nspname::text as schema, r.relname::text as name, r.relkind::text as kind,
       (select jsonb_agg(jsonb_build_array(m.oid::int8, m.nspname, m.relname, m.relkind, m.relpersistence) order by m.oid)
          from member m where m.root = r.oid) as members,
       (select coalesce(jsonb_agg(jsonb_build_array(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                                                    a.attidentity = 'a') order by a.attnum), '[]')
          from pg_catalog.pg_attribute a
         where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       (select coalesce(jsonb_agg(jsonb_build_array(k.columns, k.ready) order by k.ready desc, k.primary_ desc, cardinality(k.columns), k.id), '[]')
          from (select i.indexrelid as id, i.indisprimary as primary_, array_agg(a.attname::text order by p.position) as columns,
                       bool_and(a.attnotnull and a.attgenerated = '') as ready
                  from pg_catalog.pg_index i, unnest(i.indkey::int2[]) with ordinality p (number, position)
                  join pg_catalog.pg_attribute a on a.attnum = p.number
                 where i.indrelid = r.oid and a.attrelid = r.oid and i.indisunique and i.indisvalid
                   and i.indpred is null and i.indexprs is null and p.position <= i.indnkeyatts
                 group by i.indexrelid, i.indisprimary) k) as keys,
       (select coalesce(jsonb_agg(jsonb_build_array(m.nspname, m.relname, t.tgname, t.tgenabled) order by m.oid, t.tgname), '[]')
          from member m join pg_catalog.pg_trigger t on t.tgrelid = m.oid
          join pg_catalog.pg_proc f on f.oid = t.tgfoid join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
         where m.root = r.oid and not t.tgisinternal and t.tgenabled <> 'D' and fn.nspname <> 'pgwarden'
           and fn.oid <> pg_catalog.pg_my_temp_schema()) as triggers,
       (select coalesce(jsonb_agg(jsonb_build_array(m.nspname, m.relname, w.rulename, w.ev_enabled) order by m.oid, w.rulename), '[]')
          from member m join pg_catalog.pg_rewrite w on w.ev_class = m.oid
         where m.root = r.oid and w.ev_enabled <> 'D') as rules,
       (select coalesce(jsonb_agg(jsonb_build_array(f.conname, f.conrelid::int8,
                 (select jsonb_agg(a.attname order by p.position) from unnest(f.conkey) with ordinality p (number, position)
                    join pg_catalog.pg_attribute a on a.attrelid = f.conrelid and a.attnum = p.number),
                 f.confrelid::int8,
                 (select jsonb_agg(a.attname order by p.position) from unnest(f.confkey) with ordinality p (number, position)
                    join pg_catalog.pg_attribute a on a.attrelid = f.confrelid and a.attnum = p.number),
                 f.confdeltype) order by f.oid), '[]')
          from pg_catalog.pg_constraint f
         where f.contype = 'f' and f.conparentid = 0 and r.oid in (f.conrelid, f.confrelid)) as "references",
       exists (select from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
                where r.oid in (i.inhparent, i.inhrelid) and not c.relispartition) as inheritance
  from pg_catalog.pg_class r join pg_catalog.pg_namespace n on n.oid = r.relnamespace
 where r.oid in (select root from tree)
 order by r.oid

-- name: counters
-- Row operations of this transaction so far, in every table of the database (attempts in aborted subtransactions
-- included). The functions are called on pg_class directly: three times faster than the view on a large catalog.
select c.oid::int8, n.nspname::text, c.relname::text, x.ins, x.upd, x.del
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 cross join lateral (select pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) as ins,
                            pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) as upd,
                            pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) as del offset 0) x
 where c.relkind in ('r', 'm') and x.ins + x.upd + x.del > 0

-- name: alterable
-- Those of these tables whose triggers and rules this role may switch.
select c.oid::int8 as oid from pg_catalog.pg_class c
 where c.oid = any(%(oids)s::oid[]) and pg_catalog.pg_has_role(c.relowner, 'USAGE')

-- name: sequences
-- Last values of the sequences that the columns of these tables own.
select s.seqrelid::regclass::text as sequence, pg_catalog.pg_sequence_last_value(s.seqrelid) as last
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.seqrelid
   and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
 where d.refobjid = any(%(oids)s::oid[])
   and pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')
 order by 1

-- name: definitions
-- Every definition that decides what a change of these tables does, as text lines without oids or xmins. Our own
-- triggers are left out: their functions live in our schema, or in this session's temporary one.
with wanted as (select array(select unnest(%(oids)s::oid[])
                              union select p.relid::oid from unnest(%(oids)s::oid[]) o (oid), pg_catalog.pg_partition_tree(o.oid) p) as oids),
reach as (select n.nspname || '.' || c.relname as name, c.* from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
           where c.oid = any((select w.oids from wanted w)::oid[])),
used as (
    select t.tgfoid as oid from pg_catalog.pg_trigger t where t.tgrelid = any((select w.oids from wanted w)::oid[]) and not t.tgisinternal
    union
    select d.refobjid from pg_catalog.pg_depend d
     where d.refclassid = 'pg_catalog.pg_proc'::regclass and (d.classid, d.objid) in (
         select 'pg_catalog.pg_constraint'::regclass, x.oid from pg_catalog.pg_constraint x where x.conrelid = any((select w.oids from wanted w)::oid[])
         union all select 'pg_catalog.pg_attrdef'::regclass, x.oid from pg_catalog.pg_attrdef x where x.adrelid = any((select w.oids from wanted w)::oid[])
         union all select 'pg_catalog.pg_policy'::regclass, x.oid from pg_catalog.pg_policy x where x.polrelid = any((select w.oids from wanted w)::oid[])
         union all select 'pg_catalog.pg_rewrite'::regclass, x.oid from pg_catalog.pg_rewrite x where x.ev_class = any((select w.oids from wanted w)::oid[])
         union all select 'pg_catalog.pg_class'::regclass, x.indexrelid from pg_catalog.pg_index x where x.indrelid = any((select w.oids from wanted w)::oid[]))
)
select concat_ws('|', 'table', name, relkind, relpersistence, relrowsecurity, relforcerowsecurity,
                 pg_catalog.pg_get_userbyid(relowner), pg_catalog.pg_get_partkeydef(oid), pg_catalog.pg_get_expr(relpartbound, oid)) as line
  from reach
union all
select concat_ws('|', 'column', r.name, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                 a.attgenerated, a.attcollation::regcollation, pg_catalog.pg_get_expr(d.adbin, d.adrelid))
  from reach r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
union all
select concat_ws('|', 'constraint', x.conrelid::regclass, x.conname, pg_catalog.pg_get_constraintdef(x.oid), x.convalidated)
  from pg_catalog.pg_constraint x where x.conrelid = any((select w.oids from wanted w)::oid[])
union all
select concat_ws('|', 'constraint', x.conrelid::regclass, x.conname, pg_catalog.pg_get_constraintdef(x.oid), x.convalidated)
  from pg_catalog.pg_constraint x
 where x.oid in (select d.objid from pg_catalog.pg_depend d
                  where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = any((select w.oids from wanted w)::oid[])
                    and d.classid = 'pg_catalog.pg_constraint'::regclass)
   and x.confrelid = any((select w.oids from wanted w)::oid[]) and x.conrelid <> all((select w.oids from wanted w)::oid[])
union all
select concat_ws('|', 'domain', x.contypid::regtype, x.conname, pg_catalog.pg_get_constraintdef(x.oid))
  from pg_catalog.pg_constraint x
 where x.contypid in (select a.atttypid from pg_catalog.pg_attribute a where a.attrelid = any((select w.oids from wanted w)::oid[]) and not a.attisdropped)
union all
select concat_ws('|', 'enum', e.enumtypid::regtype, e.enumsortorder, e.enumlabel)
  from pg_catalog.pg_enum e
 where e.enumtypid in (select a.atttypid from pg_catalog.pg_attribute a where a.attrelid = any((select w.oids from wanted w)::oid[]) and not a.attisdropped)
union all
select concat_ws('|', 'index', r.name, pg_catalog.pg_get_indexdef(i.indexrelid), i.indisvalid)
  from reach r join pg_catalog.pg_index i on i.indrelid = r.oid where i.indisunique or i.indisexclusion
union all
select concat_ws('|', 'trigger', r.name, pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
  from reach r join pg_catalog.pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
  join pg_catalog.pg_proc f on f.oid = t.tgfoid
 where f.pronamespace <> all (array(select oid from pg_catalog.pg_namespace where nspname = 'pgwarden') || pg_catalog.pg_my_temp_schema())
union all
select concat_ws('|', 'rule', r.name, pg_catalog.pg_get_ruledef(w.oid), w.ev_enabled)
  from reach r join pg_catalog.pg_rewrite w on w.ev_class = r.oid
union all
select concat_ws('|', 'policy', r.name, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[],
                 pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
  from reach r join pg_catalog.pg_policy p on p.polrelid = r.oid
union all
select concat_ws('|', 'inherits', i.inhrelid::regclass, i.inhparent::regclass)
  from pg_catalog.pg_inherits i where i.inhrelid = any((select w.oids from wanted w)::oid[]) or i.inhparent = any((select w.oids from wanted w)::oid[])
union all
select concat_ws('|', 'function', p.oid::regprocedure, pg_catalog.pg_get_functiondef(p.oid))
  from pg_catalog.pg_proc p
 where p.oid in (select oid from used) and p.prokind in ('f', 'p')
   and p.pronamespace <> all (array(select oid from pg_catalog.pg_namespace where nspname = 'pgwarden') || pg_catalog.pg_my_temp_schema())
 order by 1

-- name: set_all
-- Settings by name, for this transaction. Whatever the search path is by now.
select pg_catalog.set_config(s.key, s.value, true) from pg_catalog.json_each_text(%(settings)s::pg_catalog.json) s

-- name: watchers
-- Event triggers that watch what is created and dropped: what they write looks like a part of the change. Those of
-- extensions in C, which only log, do not count.
select from pg_catalog.pg_event_trigger e join pg_catalog.pg_proc p on p.oid = e.evtfoid
  join pg_catalog.pg_language l on l.oid = p.prolang
 where e.evtenabled in ('O', 'A') and e.evtevent <> 'login' and l.lanname not in ('c', 'internal')

-- name: announce
-- How others find this backend: the execution's id, and where the write-ahead log stood when it began, in pages. Each
-- report of progress is appended. 63 bytes have room for ten thousand million rows.
-- Captured rows are kept in memory up to work_mem, and written to temporary files and read again beyond it.
-- The commit waits for the disk; where standbys have to apply it first, for these too.
select pg_catalog.set_config('pgwarden.name', pg_catalog.set_config('application_name', %(name)s::text || ' '
           || pg_catalog.to_hex(((pg_catalog.pg_current_wal_insert_lsn() - '0/0') / 8192)::int8), true), true),
       case when pg_catalog.pg_size_bytes(current_setting('work_mem')) < pg_catalog.pg_size_bytes(%(memory)s)
            then pg_catalog.set_config('work_mem', %(memory)s, true) end,
       case when current_setting('synchronous_commit') <> 'remote_apply'
            then pg_catalog.set_config('synchronous_commit', 'on', true) end,
       exists (
-- include: watchers
       ) as watched

-- name: progress
-- The backend of a running execution, what it holds, who waits for it, and what it used so far. What PostgreSQL counts
-- of one backend (pg_stat_get_backend_io and _wal) stands still until its transaction has ended, so it is not asked.
-- Waits are read from the locks: pg_stat_activity hides those of other roles.
with waits as (
    select l.pid, extract(epoch from pg_catalog.clock_timestamp() - min(l.waitstart))::float8 as seconds,
           min(l.locktype) as kind
      from pg_catalog.pg_locks l where not l.granted group by l.pid
)
select a.pid, a.application_name, a.state, a.wait_event_type, a.wait_event,
       extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::float8 as seconds,
       (select w.kind from waits w where w.pid = a.pid) as awaited,
       (select count(*) from pg_catalog.pg_locks l where l.pid = a.pid and l.granted) as locks,
       (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('table', h.name, 'modes', h.modes) order by h.name), '[]')
          from (select n.nspname || '.' || c.relname as name, array_agg(distinct l.mode order by l.mode) as modes
                  from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation
                  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                 where l.pid = a.pid and l.granted and l.locktype = 'relation' and l.database = a.datid
                   and c.relkind in ('r', 'p') and n.nspname not in ('pgwarden', 'pg_catalog') and n.nspname !~ '^pg_'
                 group by 1) h) as held,
       (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                   'pid', w.pid, 'user', w.usename, 'application', w.application_name, 'seconds', s.seconds) order by w.pid), '[]')
          from pg_catalog.pg_stat_activity w join waits s on s.pid = w.pid
         where w.datid = a.datid and a.pid = any(pg_catalog.pg_blocking_pids(w.pid))) as waiting,
       (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                   'pid', b.pid, 'user', s.usename, 'application', s.application_name,
                   'seconds', extract(epoch from pg_catalog.clock_timestamp() - s.xact_start)::float8) order by b.pid), '[]')
          from (select distinct pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid))) b(pid)
          left join pg_catalog.pg_stat_activity s on s.pid = b.pid) as blocking,
       (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::int8 as wal_position,
       pg_catalog.inet_server_addr() is null or pg_catalog.inet_server_addr() <<= '127.0.0.0/8' as local,
       pg_catalog.has_function_privilege('pg_catalog.pg_ls_tmpdir()', 'EXECUTE') as temp_visible,
       pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') as settings_visible
  from pg_catalog.pg_stat_activity a
 where a.datname = current_database() and a.application_name like %(name)s and a.pid <> pg_catalog.pg_backend_pid()

-- name: temp_bytes
-- The temporary files of one backend; only monitoring roles may look.
select coalesce(sum(size), 0)::int8 as bytes from pg_catalog.pg_ls_tmpdir() where name like %(prefix)s

-- name: place
-- Where the server keeps its data, if this may be its own machine and the role may know.
select pg_catalog.pg_backend_pid() as pid,
       case when (pg_catalog.inet_server_addr() is null or pg_catalog.inet_server_addr() <<= '127.0.0.0/8')
                 and pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
            then pg_catalog.current_setting('data_directory') end as path

-- name: sizes
-- Bytes of these tables, over their partitions, and rows when they were last counted; null where they never were.
select o.oid::int8 as oid, sum(pg_catalog.pg_table_size(c.oid))::int8 as bytes,
       sum(c.reltuples) filter (where c.reltuples > 0)::int8 as rows
  from unnest(%(oids)s::oid[]) o (oid)
 cross join lateral (select o.oid as relid union select p.relid from pg_catalog.pg_partition_tree(o.oid) p) t
  join pg_catalog.pg_class c on c.oid = t.relid and c.relkind <> 'p' -- it would count the rows of its partitions again
 group by o.oid

-- name: cancel
-- Stops the statement of a running execution; its transaction rolls back.
select pg_catalog.pg_cancel_backend(a.pid) as cancelled
  from pg_catalog.pg_stat_activity a
 where a.datname = current_database() and a.application_name like %(name)s and a.pid <> pg_catalog.pg_backend_pid()
