-- What impact analysis asks about the server and about the other sessions of the database, beside counting rows.

-- name: server
-- Whether the write-ahead log is kept outside the server, so that going back to a moment is possible.
select current_setting('archive_mode') as archive_mode, current_setting('wal_level') as wal_level,
       (select a.last_failed_time > coalesce(a.last_archived_time, '-infinity') from pg_catalog.pg_stat_archiver a) as archiving_fails,
       exists (select from pg_catalog.pg_stat_activity s where s.backend_type = 'walsender') as streamed

-- name: lock_holders
-- Other sessions that hold or wait for locks on these tables and their partitions now, by application and role.
select x.root, coalesce(nullif(a.application_name, ''), a.backend_type, '') as application, a.usename::text as role,
       count(distinct coalesce(a.leader_pid, a.pid))::int4 as sessions,
       array_agg(distinct l.mode order by l.mode) filter (where l.granted) as held,
       count(distinct a.pid) filter (where not l.granted)::int4 as waiting,
       extract(epoch from pg_catalog.clock_timestamp() - min(a.xact_start))::float8 as seconds
  from unnest(%(oids)s::oid[], %(roots)s::oid[]) as x (oid, root)
  join pg_catalog.pg_locks l on l.relation = x.oid and l.locktype = 'relation'
   and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
  join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.pid <> pg_catalog.pg_backend_pid()
 group by 1, 2, 3
 order by 1, 2, 3

-- name: recent_statements
-- What the sessions of this database run or ran last, where this role may see it and where a table may be meant.
select coalesce(nullif(a.application_name, ''), '') as application, a.usename::text as role, a.query as statement,
       count(*)::int4 as sessions
  from pg_catalog.pg_stat_activity a
 where a.datname = current_database() and a.pid <> pg_catalog.pg_backend_pid() and a.backend_type = 'client backend'
   and lower(a.query) like any (%(words)s::text[])
 group by 1, 2, 3

-- name: statistics_view
-- Where the extension pg_stat_statements keeps its view, if it is there.
select pg_catalog.quote_ident(n.nspname) as schema
  from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
 where e.extname = 'pg_stat_statements'

-- name: slots
-- Logical replication slots of this database: whoever reads them receives changes, with a publication or without.
select s.slot_name::text as name, s.plugin::text as plugin, s.active
  from pg_catalog.pg_replication_slots s
 where s.slot_type = 'logical' and s.database = current_database() and not s.temporary
 order by 1

-- name: check_options
-- Those of these views that refuse rows which they would not show.
select c.oid::int8 as oid
  from pg_catalog.pg_class c
 where c.oid = any(%(oids)s::oid[])
   and exists (select from unnest(c.reloptions) o (option) where o.option like 'check_option=%%')
