-- Everything that pgwarden reads to know a database's structure. All of it reads system catalogs that any role may
-- read; nothing takes a lock beyond ACCESS SHARE on catalogs. Run inside one REPEATABLE READ, READ ONLY transaction.
-- pg_get_* functions run only for the few objects whose text cannot be put together from plain columns.
-- Objects below oid 16384 came with the server: %(first)s and %(last)s ask for them and for users' objects apart.
-- Results of many rows come as one row of arrays, a column of the result in each, which costs both sides half as much;
-- texts of any length stay out of them. An xmin goes into the digests of the relations (see touched).

-- name: session
-- Who reads, where. Before the search_path is narrowed.
select current_database()::text,
       (select oid from pg_database where datname = current_database()),
       current_user::text,
       current_schemas(true)::text[],
       (select rolsuper from pg_roles where rolname = current_user)

-- name: settle
-- A search_path of pg_catalog only, so that definitions come out fully qualified; no JIT for many short queries.
select set_config('search_path', 'pg_catalog', true),
       set_config('jit', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true)

-- name: builtin_key
-- Changes whenever something that came with the server was replaced, dropped or granted.
select bit_xor(hashtextextended(xmin::text, (seed << 40) + oid::bigint)), count(*)
from (
    select 1::bigint as seed, oid, xmin from pg_proc where oid < 16384
    union all select 2, oid, xmin from pg_type where oid < 16384
    union all select 3, oid, xmin from pg_operator where oid < 16384
    union all select 4, oid, xmin from pg_cast where oid < 16384
    union all select 5, oid, xmin from pg_rewrite where oid < 16384
    union all select 6, oid, xmin from pg_namespace where oid < 16384
) as row_versions

-- name: namespaces
select n.oid,
       n.nspname::text,
       obj_description(n.oid, 'pg_namespace'),
       has_schema_privilege(n.oid, 'USAGE')
from pg_namespace as n
where n.nspname !~ '^pg_(toast_)?temp_' or n.oid = pg_my_temp_schema()
order by n.oid

-- name: roles
select oid, rolname::text from pg_roles order by oid

-- name: relations
-- Rights, estimates and versions come last: they are no part of the structure.
select c.oid,
       c.relname::text,
       c.relnamespace,
       c.relkind::text,
       c.relowner,
       c.relpersistence::text,
       c.relrowsecurity,
       c.relforcerowsecurity,
       c.relispartition,
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
       case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
       coalesce(c.relkind = 'v' and c.reloptions && array[
           'security_invoker=true', 'security_invoker=on', 'security_invoker=yes', 'security_invoker=1'
       ], false),
       %(superuser)s or has_table_privilege(c.oid, 'SELECT'),
       %(superuser)s or has_table_privilege(c.oid, 'INSERT'),
       %(superuser)s or has_table_privilege(c.oid, 'UPDATE'),
       %(superuser)s or has_table_privilege(c.oid, 'DELETE'),
       c.reltuples,
       c.relpages,
       c.xmin
from pg_class as c
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
  and not (c.relpersistence = 't' and pg_is_other_temp_schema(c.relnamespace))
order by c.oid

-- name: columns
-- Plain columns of one catalog, in arrays; type names, defaults and comments come apart, since few differ. Sorted by
-- the reader.
select array_agg(a.attrelid),
       array_agg(a.attnum),
       array_agg(a.attname),
       array_agg(a.atttypid),
       array_agg(a.atttypmod),
       array_agg(a.attnotnull),
       array_agg(a.attgenerated::text),
       array_agg(a.attidentity::text),
       array_agg(a.attcollation),
       array_agg(case when a.attacl is not null then has_column_privilege(a.attrelid, a.attnum, 'SELECT') end),
       array_agg(a.xmin)
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
where a.attnum > 0
  and not a.attisdropped
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
  and not (c.relpersistence = 't' and pg_is_other_temp_schema(c.relnamespace))

-- name: column_types
-- Each type and modifier in use is named once; asked when the columns are there.
select oid, modifier, format_type(oid, modifier)
from rows from (unnest(%(types)s::oid[]), unnest(%(modifiers)s::int4[])) as used (oid, modifier)

-- name: defaults
-- Defaults and generation expressions. One that names no column is written without opening its table.
select adrelid, adnum, pg_get_expr(adbin, case when strpos(adbin::text, '{VAR ') > 0 then adrelid else 0 end), xmin
from pg_attrdef
order by 1, 2

-- name: comments
select objoid, objsubid, description
from pg_description
where classoid = 'pg_class'::regclass and objoid >= 16384
order by 1, 2

-- name: constraints
-- In arrays. Sorted by the reader.
select array_agg(oid),
       array_agg(conname),
       array_agg(contype),
       array_agg(conrelid),
       array_agg(conkey::text),
       array_agg(confrelid),
       array_agg(confkey::text),
       array_agg(confdeltype),
       array_agg(confupdtype),
       array_agg(confdelsetcols::text), -- if >= 15
       array_agg(null::text), -- if < 15
       array_agg(confmatchtype),
       array_agg(condeferrable),
       array_agg(condeferred),
       array_agg(convalidated),
       array_agg(conindid),
       array_agg(conparentid),
       array_agg(conenforced), -- if >= 18
       array_agg(true), -- if < 18
       array_agg(conperiod), -- if >= 18
       array_agg(false), -- if < 18
       array_agg(xmin)
from pg_constraint
where conrelid <> 0

-- name: constraint_definitions
select con.oid,
       con.conrelid,
       case con.contype
           when 'x' then pg_get_constraintdef(con.oid)
           when 'c' then 'CHECK (' || pg_get_expr(con.conbin, con.conrelid) || ')'
               || case when con.connoinherit then ' NO INHERIT' else '' end
               || case when not con.conenforced then ' NOT ENFORCED' else '' end -- if >= 18
               || case when not con.convalidated and con.conenforced then ' NOT VALID' else '' end -- if >= 18
               || case when not con.convalidated then ' NOT VALID' else '' end -- if < 18
       end
from pg_constraint as con
where con.conrelid <> 0 and con.contype in ('c', 'x')
order by con.oid

-- name: indexes
-- In arrays. Sorted by the reader. Tables that hold long values (pg_toast) are no relations that anyone may use.
-- The last but one tells all from the plain ones (whole columns, default operator classes, no predicate …), which
-- pgwarden writes by itself.
with plain as materialized (
    select indclass, indcollation
    from (select distinct indclass, indcollation from pg_index) as used
    where indcollation::oid[] <@ array[0, 100]::oid[]
      and not exists (
          select from unnest(indclass::oid[]) as class (oid) join pg_opclass as o using (oid) where not o.opcdefault
      )
)
select array_agg(i.indexrelid),
       array_agg(c.relname),
       array_agg(i.indrelid),
       array_agg(i.indkey::text),
       array_agg(i.indnkeyatts),
       array_agg(i.indisunique),
       array_agg(i.indisprimary),
       array_agg(i.indisvalid),
       array_agg(am.amname),
       array_agg(i.indnullsnotdistinct), -- if >= 15
       array_agg(false), -- if < 15
       array_agg(
           i.indexprs is not null
           or i.indpred is not null
           or i.indnkeyatts <> i.indnatts
           or i.indnullsnotdistinct -- if >= 15
           or c.reloptions is not null
           or c.relkind = 'I'
           or 0 <> any (i.indoption::int2[])
           or (i.indclass, i.indcollation) not in (select indclass, indcollation from plain)
       ),
       array_agg(i.xmin)
from pg_index as i
join pg_class as c on c.oid = i.indexrelid
join pg_am as am on am.oid = c.relam
where c.relnamespace <> 'pg_toast'::regnamespace
  and not (c.relpersistence = 't' and pg_is_other_temp_schema(c.relnamespace))

-- name: index_definitions
-- Of those that are not plain; asked when the indexes are there.
select indexrelid, pg_get_expr(indpred, indrelid), pg_get_indexdef(indexrelid)
from pg_index
where indexrelid = any(%(indexes)s::oid[])
order by indexrelid

-- name: triggers
select oid,
       tgname::text,
       tgrelid,
       tgfoid,
       tgtype,
       tgenabled::text,
       tgconstraint,
       tgdeferrable,
       tginitdeferred,
       pg_get_triggerdef(oid),
       tgoldtable::text,
       tgnewtable::text
from pg_trigger
where not tgisinternal
order by oid

-- name: rules
select oid,
       rulename::text,
       ev_class,
       case ev_type when '1' then 'SELECT' when '2' then 'UPDATE' when '3' then 'INSERT' else 'DELETE' end,
       is_instead,
       ev_enabled::text,
       pg_get_ruledef(oid)
from pg_rewrite
where rulename <> '_RETURN'
order by oid

-- name: views
-- What a view reads comes from its stored query tree, since dependencies on system tables are not recorded.
select c.oid,
       pg_get_viewdef(c.oid),
       array(
           select distinct split_part(piece.text, ' ', 1)::oid
           from string_to_table(r.ev_action::text, ':relid ') with ordinality as piece (text, position)
           where piece.position > 1 and split_part(piece.text, ' ', 1)::oid not in (0, c.oid)
           order by 1
       )
from pg_class as c
join pg_rewrite as r on r.ev_class = c.oid and r.rulename = '_RETURN'
where c.relkind in ('v', 'm') and c.oid between %(first)s and %(last)s
order by c.oid

-- name: policies
select p.oid,
       p.polname::text,
       p.polrelid,
       p.polcmd::text,
       p.polpermissive,
       pg_get_expr(p.polqual, p.polrelid),
       pg_get_expr(p.polwithcheck, p.polrelid),
       array(select coalesce(r.rolname::text, 'public')
             from unnest(p.polroles) as member (oid) left join pg_roles as r on r.oid = member.oid
             order by 1)
from pg_policy as p
order by p.oid

-- name: inheritance
select inhrelid, inhparent from pg_inherits order by inhrelid, inhseqno

-- name: foreign_tables
select t.ftrelid, s.srvname::text
from pg_foreign_table as t join pg_foreign_server as s on s.oid = t.ftserver
order by 1

-- name: extension_members
select d.classid = 'pg_proc'::regclass, d.objid, e.extname::text
from pg_depend as d join pg_extension as e on e.oid = d.refobjid
where d.refclassid = 'pg_extension'::regclass
  and d.deptype = 'e'
  and d.classid in ('pg_class'::regclass, 'pg_proc'::regclass)
order by 1, 2

-- name: publications
-- Which relation, or which schema, or (both null) every table a publication carries.
select p.pubname::text, r.prrelid, null::oid
from pg_publication as p join pg_publication_rel as r on r.prpubid = p.oid
union all
select p.pubname::text, null, s.pnnspid -- if >= 15
from pg_publication as p join pg_publication_namespace as s on s.pnpubid = p.oid -- if >= 15
union all -- if >= 15
select p.pubname::text, null, null from pg_publication as p where p.puballtables
order by 1, 2, 3

-- name: types
-- In arrays.
select array_agg(t.oid),
       array_agg(t.typname),
       array_agg(t.typnamespace),
       array_agg(t.typtype),
       array_agg(t.typcategory),
       array_agg(t.typispreferred),
       array_agg(
           case when t.typsubscript = 'array_subscript_handler'::regproc and t.typlen = -1 then t.typelem else 0 end
       ),
       array_agg(t.typbasetype),
       array_agg(t.typrelid),
       array_agg(t.typarray),
       array_agg(t.typinput::oid),
       array_agg(t.typoutput::oid)
from (
    select * from pg_type
    where oid between %(first)s and %(last)s and not pg_is_other_temp_schema(typnamespace)
    order by oid
) as t

-- name: ranges
select rngtypid, rngmultitypid, rngsubtype from pg_range order by 1

-- name: enums
select enumtypid, array_agg(enumlabel::text order by enumsortorder) from pg_enum group by enumtypid order by 1

-- name: domain_checks
select contypid, array_agg(pg_get_expr(conbin, 0) order by conname)
from pg_constraint
where contypid in (select oid from pg_type where typtype = 'd') and contype = 'c'
group by contypid
order by 1

-- name: functions
-- Bodies of users' functions (of those in LANGUAGE internal the name of a built-in one); pg_get_functiondef only for SQL-standard bodies, which exist nowhere as text.
select p.oid,
       p.proname::text,
       p.pronamespace,
       p.prokind::text,
       l.lanname::text,
       p.provolatile::text,
       p.proargtypes::oid[],
       p.pronargdefaults,
       p.provariadic,
       p.prorettype,
       p.proretset,
       p.proisstrict,
       p.prosecdef,
       case when l.lanname <> 'c' and p.prosqlbody is null and p.prokind <> 'a'
             and not (p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace)
            then p.prosrc end,
       case when p.prosqlbody is not null and not (p.oid < 16384 and p.pronamespace = 'pg_catalog'::regnamespace)
            then pg_get_functiondef(p.oid) end,
       p.proargnames,
       p.proargmodes::text[],
       p.proallargtypes,
       p.proconfig,
       p.proowner,
       case when p.pronargdefaults > 0 and p.oid >= 16384 then pg_get_expr(p.proargdefaults, 0) end,
       p.proacl is null or %(superuser)s or has_function_privilege(p.oid, 'EXECUTE'),
       to_hex(hashtextextended(p.xmin::text, (9::bigint << 40) + p.oid::bigint))
from pg_proc as p
join pg_language as l on l.oid = p.prolang
where p.oid between %(first)s and %(last)s
order by p.oid

-- name: aggregates
select aggfnoid::oid,
       array[aggtransfn::oid, aggfinalfn::oid, aggcombinefn::oid, aggserialfn::oid, aggdeserialfn::oid,
             aggmtransfn::oid, aggminvtransfn::oid, aggmfinalfn::oid]
from pg_aggregate
where aggfnoid::oid between %(first)s and %(last)s
order by 1

-- name: opclass_support
-- Functions that users' operator classes run when values of a type are sorted or hashed.
select c.opcintype, array_agg(distinct a.amproc::oid order by a.amproc::oid)
from pg_opclass as c
join pg_amproc as a on a.amprocfamily = c.opcfamily and c.opcintype in (a.amproclefttype, a.amprocrighttype)
where c.oid >= 16384
group by c.opcintype
order by 1

-- name: statistics_expressions
select s.stxrelid, array_agg(e.expression order by s.oid, e.place)
from pg_statistic_ext as s
cross join unnest(pg_get_statisticsobjdef_expressions(s.oid)) with ordinality as e (expression, place)
where s.stxexprs is not null
group by s.stxrelid
order by 1

-- name: operators
select oid, oprname::text, oprnamespace, oprleft, oprright, oprresult, oprcode::oid
from pg_operator
where oid between %(first)s and %(last)s
order by oid

-- name: casts
select castsource, casttarget, castfunc, castcontext::text, castmethod::text
from pg_cast
where oid between %(first)s and %(last)s
order by castsource, casttarget

-- name: touched
-- A digest of the versions of all catalog rows that make up a relation: a hash over their xmins. Whoever changes one
-- after a reader looked leaves an xmin that no row had then, or takes rows away, so that the list is another one.
-- Internal triggers are in it, so that a new foreign key changes the table that it points at, too.
select 'r', relation::bigint, left(encode(sha256(string_agg(xidsend(version), '' order by seed, id)), 'hex'), 16)
from (
    select 1 as seed, oid as relation, 0::bigint as id, xmin as version
    from pg_class where oid = any(%(relations)s::oid[])
    union all
    select 2, attrelid, attnum, xmin
    from pg_attribute where attrelid = any(%(relations)s::oid[]) and attnum > 0 and not attisdropped
    union all select 3, conrelid, oid, xmin from pg_constraint where conrelid = any(%(relations)s::oid[])
    union all select 4, indrelid, indexrelid, xmin from pg_index where indrelid = any(%(relations)s::oid[])
    union all select 5, adrelid, adnum, xmin from pg_attrdef where adrelid = any(%(relations)s::oid[])
    union all select 6, tgrelid, oid, xmin from pg_trigger where tgrelid = any(%(relations)s::oid[])
    union all select 7, ev_class, oid, xmin from pg_rewrite where ev_class = any(%(relations)s::oid[])
    union all select 8, polrelid, oid, xmin from pg_policy where polrelid = any(%(relations)s::oid[])
    union all select 9, inhrelid, inhparent, xmin from pg_inherits where inhrelid = any(%(relations)s::oid[])
    union all select 10, inhparent, inhrelid, xmin from pg_inherits where inhparent = any(%(relations)s::oid[])
) as row_versions
group by relation

-- name: versions
-- In arrays: the rows that count in touched and that no other query brings. Sorted by the reader.
select array_agg(seed), array_agg(relation), array_agg(id), array_agg(version)
from (
    select 6 as seed, tgrelid as relation, oid as id, xmin as version from pg_trigger
    union all select 7, ev_class, oid, xmin from pg_rewrite
    union all select 8, polrelid, oid, xmin from pg_policy
    union all select 9, inhrelid, inhparent, xmin from pg_inherits
    union all select 10, inhparent, inhrelid, xmin from pg_inherits
) as row_versions

-- name: touched_functions
select 'f', oid::bigint, to_hex(hashtextextended(xmin::text, (9::bigint << 40) + oid::bigint))
from pg_proc
where oid = any(%(functions)s::oid[])

-- name: fingerprint
-- One hash over the versions of all rows that describe users' objects, our own schema left out. It says 'may have
-- changed': rewriting a catalog changes it too. ANALYZE and VACUUM write in place and leave it as it is.
with theirs as materialized (
    select c.oid, c.xmin
    from pg_class as c
    where c.oid >= 16384
      and c.relpersistence <> 't'
      and c.relnamespace not in (select oid from pg_namespace where nspname in ('pgwarden', 'pg_toast'))
)
select to_hex(bit_xor(hashtextextended(version::text, (seed << 40) + owner * 2048 + id))), count(*)
from (
    select 1::bigint as seed, oid::bigint as owner, 0::bigint as id, xmin as version from theirs
    union all select 2, attrelid::bigint, attnum::bigint, a.xmin from pg_attribute as a join theirs on oid = attrelid where attnum > 0
    union all select 3, 0, con.oid::bigint, con.xmin
        from pg_constraint as con where conrelid = 0 or conrelid in (select oid from theirs)
    union all select 4, 0, t.oid::bigint, t.xmin from pg_trigger as t join theirs on theirs.oid = tgrelid
    union all select 5, 0, indexrelid::bigint, i.xmin from pg_index as i join theirs on oid = indrelid
    union all select 6, 0, d.oid::bigint, d.xmin from pg_attrdef as d join theirs on theirs.oid = adrelid
    union all select 7, 0, r.oid::bigint, r.xmin from pg_rewrite as r join theirs on theirs.oid = ev_class
    union all select 8, 0, oid::bigint, xmin from pg_policy
    union all select 9, 0, oid::bigint, xmin from pg_proc
        where pronamespace not in (select oid from pg_namespace where nspname = 'pgwarden')
    union all select 10, 0, inhrelid::bigint * 65536 + inhparent::bigint, xmin from pg_inherits
    union all select 11, 0, oid::bigint, xmin from pg_type
        where typnamespace not in (select oid from pg_namespace where nspname in ('pgwarden', 'pg_toast'))
          and not pg_is_other_temp_schema(typnamespace) and typnamespace <> pg_my_temp_schema()
    union all select 12, 0, oid::bigint, xmin from pg_enum
    union all select 13, 0, oid::bigint, xmin from pg_namespace
        where nspname not in ('pgwarden', 'pg_toast') and nspname !~ '^pg_(toast_)?temp_'
    union all select 14, 0, hashint8(roleid::bigint * 65536 + member::bigint), xmin from pg_auth_members
    union all select 15, objoid::bigint, objsubid, xmin from pg_description where objoid >= 16384
    union all select 16, 0, oid::bigint, xmin from pg_operator where oid >= 16384
    union all select 17, 0, oid::bigint, xmin from pg_cast where oid >= 16384
    union all select 18, 0, oid::bigint, xmin from pg_extension
    union all select 19, 0, oid::bigint, xmin from pg_publication
    union all select 20, 0, oid::bigint, xmin from pg_publication_rel
    union all select 21, 0, oid::bigint, xmin from pg_publication_namespace -- if >= 15
    union all select 22, ftrelid::bigint, 0, xmin from pg_foreign_table
) as row_versions
