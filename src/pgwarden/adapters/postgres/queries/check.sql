-- What `pgwarden db check` looks at. Everything is read from system catalogs that any role may read.

-- name: role
-- The rights that the connected role has beyond reading.
select r.rolname::text, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
       array(
           select g.rolname::text from pg_roles g
           where g.rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files',
                               'pg_write_all_data', 'pg_signal_backend', 'pg_maintain', 'pg_read_all_data',
                               'pg_monitor', 'pg_checkpoint', 'pg_create_subscription')
             and pg_has_role(r.oid, g.oid, 'member') and not r.rolsuper
           order by 1
       ),
       has_database_privilege(current_database(), 'create'),
       pg_is_in_recovery()
from pg_roles r
where r.rolname = current_user

-- name: tables
-- How many tables of users there are, and what the role may do with them.
select count(*),
       count(*) filter (where has_table_privilege(c.oid, 'select') or has_any_column_privilege(c.oid, 'select')),
       count(*) filter (where has_table_privilege(c.oid, 'insert, update, delete, truncate')),
       count(*) filter (where pg_has_role(c.relowner, 'usage')),
       count(*) filter (where c.relrowsecurity)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname not in ('pg_catalog', 'information_schema', 'pgwarden') and n.nspname !~ '^pg_'

-- name: schemas
-- Schemas of users: whether the role may create objects there, and who owns the tables in them.
select n.nspname::text,
       has_schema_privilege(n.oid, 'create'),
       array(
           select distinct pg_get_userbyid(c.relowner)::text from pg_class c
           where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1
       )
from pg_namespace n
where n.nspname not in ('pg_catalog', 'information_schema', 'pgwarden') and n.nspname !~ '^pg_'
order by 1

-- name: reach
-- Extensions through which SQL can leave the database.
select extname::text from pg_extension
where extname in ('dblink', 'postgres_fdw', 'file_fdw', 'plpython3u', 'plperlu', 'pltclu', 'adminpack', 'http', 'pg_cron')
order by 1
