-- What retention, erasure and removal ask of a target.

-- name: schema
-- Whether the schema is there with a ledger in it, and whether this role is its owner.
select n.oid is not null as present, coalesce(pg_catalog.pg_has_role(n.nspowner, 'MEMBER'), false) as owned,
       exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'execution') as ledger
  from (values (true)) as one (row)
  left join pg_catalog.pg_namespace n on n.nspname = 'pgwarden'

-- name: kept
-- Executions whose images are here, oldest first, with the room that they take.
select e.id::text as id, e.finished_at as made_at, e.undone_by is null as in_force,
       pg_catalog.array_agg(distinct (t.value ->> 'schema') || '.' || (t.value ->> 'name')) as tables,
       coalesce((select sum(pg_catalog.pg_total_relation_size(c.oid))
                   from pg_catalog.pg_class c
                  where c.relnamespace = 'pgwarden'::regnamespace and c.relkind = 'r'
                    and c.relname like 'x' || pg_catalog.replace(e.id::text, '-', '') || '\_%%'), 0)::int8 as bytes,
       pg_catalog.bool_and(coalesce(t.value ->> 'gone', '') = '') as whole
  from pgwarden.execution e cross join lateral pg_catalog.jsonb_array_elements(e.tables) t
 where e.finished_at is not null and coalesce(t.value ->> 'file', '') = ''
 group by e.id
having pg_catalog.bool_or(coalesce(t.value ->> 'gone', '') not like 'dropped%%')
 order by e.finished_at

-- name: snapshots
-- Copies of tables that were made on purpose; their comment tells when and of what.
select c.relname::text as name, pg_catalog.obj_description(c.oid, 'pg_class') as note,
       pg_catalog.pg_total_relation_size(c.oid)::int8 as bytes
  from pg_catalog.pg_class c
 where c.relnamespace = pg_catalog.to_regnamespace('pgwarden') and c.relkind = 'r' and c.relname ~ '^b[0-9a-f]{32}_\d+$'
 order by c.relname

-- name: mark_gone
-- Why the images of an execution, or of one table of it, can no longer be used.
update pgwarden.execution e
   set tables = (select coalesce(pg_catalog.jsonb_agg(
                            case when %(relation)s::int8 is null or (t.value ->> 'relation')::int8 = %(relation)s::int8
                                 then t.value || pg_catalog.jsonb_build_object('gone', %(why)s::text)
                                 else t.value end order by t.position), '[]')
                   from pg_catalog.jsonb_array_elements(e.tables) with ordinality t (value, position))
 where e.id = %(id)s

-- name: touching
-- Executions that kept images of a table here, oldest first.
select e.id::text as id, t.value as images
  from pgwarden.execution e cross join lateral pg_catalog.jsonb_array_elements(e.tables) t
 where e.finished_at is not null and t.value ->> 'schema' = %(schema)s and t.value ->> 'name' = %(name)s
   and coalesce(t.value ->> 'gone', '') not like 'dropped%%' and coalesce(t.value ->> 'file', '') = ''
 order by e.finished_at

-- name: size
select coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::int8 as bytes
  from pg_catalog.pg_class c
 where c.relnamespace = pg_catalog.to_regnamespace('pgwarden') and c.relkind in ('r', 'm')

-- name: counts
select count(*) as executions,
       count(*) filter (where undone_by is null and tables <> '[]'
                          and not exists (select from pg_catalog.jsonb_array_elements(tables) t
                                           where coalesce(t.value ->> 'gone', '') <> '')) as undoable
  from pgwarden.execution where finished_at is not null
