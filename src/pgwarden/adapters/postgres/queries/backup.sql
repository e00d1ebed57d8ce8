-- What a backup and a restore of the control database send, besides COPY. Loaded by name (sqlfile.py).

-- name: same_everywhere
-- Text forms that do not depend on whose settings a session starts with.
select set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'postgres', true),
       set_config('timezone', 'UTC', true), set_config('extra_float_digits', '3', true),
       set_config('bytea_output', 'hex', true), set_config('search_path', 'pg_catalog', true),
       set_config('client_encoding', 'UTF8', true)

-- name: tables
-- Every table with the columns that are stored, but for what the migrations themselves write.
select n.nspname, c.relname, array_agg(a.attname::text order by a.attnum)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
where n.nspname in ('pgwarden_control', 'pgwarden_jobs') and c.relkind = 'r'
  and (n.nspname, c.relname) not in (('pgwarden_control', 'migration'), ('pgwarden_control', 'job_schema'))
group by n.nspname, c.relname
order by n.nspname, c.relname

-- name: sequences
select n.nspname, c.relname
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('pgwarden_control', 'pgwarden_jobs') and c.relkind = 'S'
order by n.nspname, c.relname

-- name: references
-- Which table must be filled before which.
select n.nspname, c.relname, fn.nspname, f.relname
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class f on f.oid = k.confrelid
join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
where k.contype = 'f' and n.nspname in ('pgwarden_control', 'pgwarden_jobs') and k.conrelid <> k.confrelid

-- name: triggers
-- Those that would act on what is restored; what they did is restored, too.
select n.nspname, c.relname, t.tgname, t.tgenabled::text
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('pgwarden_control', 'pgwarden_jobs') and not t.tgisinternal and t.tgenabled <> 'D'
order by n.nspname, c.relname, t.tgname

-- name: may_delete
select pg_catalog.has_table_privilege(c.oid, 'delete')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = %(schema)s and c.relname = %(table)s
