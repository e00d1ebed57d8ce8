-- What pgwarden asks of a server once per connection (facts) or once per process (types), and while it reads.
-- Statements with $1 are sent by libpq as they stand; nothing here is built from text.

-- name: facts
-- Once per new connection: who and what answers, and the limits that its administrators set already.
select version(),
       pg_backend_pid(),
       current_user::text,
       r.rolsuper,
       has_parameter_privilege('temp_file_limit', 'SET'), -- if >= 15
       r.rolsuper, -- if < 15
       coalesce((select s.ssl from pg_stat_ssl s where s.pid = pg_backend_pid()), false),
       array(
           select array[name, setting]
           from pg_settings
           where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout',
                          'transaction_timeout', 'work_mem', 'temp_file_limit')
       ),
       (select source not in ('default', 'configuration file', 'environment variable', 'command line')
        from pg_settings where name = 'work_mem')
from pg_roles r
where r.rolname = current_user

-- name: types
-- How values of each type are shown and how wide they can get; for types that came with the server.
select t.oid::bigint, format_type(t.oid, null), t.typlen, t.typtype::text,
       quote_ident(n.nspname) || '.' || quote_ident(p.proname)
from pg_type t
join pg_proc p on p.oid = t.typoutput
join pg_namespace n on n.oid = p.pronamespace
where t.oid < 16384 and t.typtype <> 'c' and t.typelem not in (select oid from pg_type where typtype = 'c')

-- name: types_asked
-- The same for types that a statement returned and that were not known yet.
select t.oid::bigint, format_type(t.oid, null), t.typlen::int8, t.typtype::text,
       quote_ident(n.nspname) || '.' || quote_ident(p.proname)
from pg_type t
join pg_proc p on p.oid = t.typoutput
join pg_namespace n on n.oid = p.pronamespace
where t.oid = any($1::oid[])

-- name: begin_read
-- READ COMMITTED, so that the look at the touched definitions, which comes after the statement was parsed and has
-- locked its tables, sees what is committed by then and not by the start.
begin transaction isolation level read committed, read only

-- name: fences
-- Limits and pinned settings, for this transaction only; the answer is the backend's process id.
select pg_catalog.pg_backend_pid(), pg_catalog.count(pg_catalog.set_config(wanted.name, wanted.value, true))
from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) as wanted (name, value)

-- name: unlock
-- Advisory locks of the session outlive a transaction.
select pg_catalog.pg_advisory_unlock_all()

-- name: stop
-- Ends what one backend of ours runs; sent on the connection that is kept for it.
select pg_catalog.pg_cancel_backend($1::int)

-- name: hypopg_schema
-- Where the extension hypopg keeps its functions, if it is there.
select pg_catalog.quote_ident(n.nspname)
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname = 'hypopg'

-- name: suppose
-- SCHEMA is the quoted schema of the extension. The index is one of this session's imagination; nothing is written.
select indexrelid from SCHEMA.hypopg_create_index($1)

-- name: suppose_nothing
-- Forgets every imagined index of the session.
select SCHEMA.hypopg_reset()

-- name: load
-- The part of the server's connections that are at work. Sessions of others whose state this role may not see count, too.
select (count(*) filter (where state is distinct from 'idle'))::float8 / current_setting('max_connections')::float8
from pg_catalog.pg_stat_activity
where backend_type is not distinct from 'client backend' and pid <> pg_catalog.pg_backend_pid()

-- name: lock_wait
-- How long the session of this database that waits the longest has waited for a lock, in seconds.
select coalesce(max(extract(epoch from pg_catalog.clock_timestamp() - l.waitstart)), 0)::float8
from pg_catalog.pg_locks l
join pg_catalog.pg_stat_activity a on a.pid = l.pid
where not l.granted and a.datname = pg_catalog.current_database()

-- name: statistics_schema
-- Where the extension pg_stat_statements keeps its view, if it is there.
select pg_catalog.quote_ident(n.nspname)
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname = 'pg_stat_statements'

-- name: slowest
-- SCHEMA is the quoted schema of the extension. Statements of others show their text to monitoring roles only.
select s.query, s.calls::int8, s.total_exec_time::float8, s.max_exec_time::float8, s.rows::int8
from SCHEMA.pg_stat_statements s
join pg_catalog.pg_database d on d.oid = s.dbid and d.datname = pg_catalog.current_database()
where s.query <> '<insufficient privilege>'
order by s.total_exec_time desc
limit %(limit)s
