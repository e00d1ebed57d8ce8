-- Reads that are allowed, one a line, over the tables of test_verdict.py.
select 1
select * from people where name like '%a%' order by salary desc nulls last limit 10
select p.name, t.name from people p join teams t on t.id = p.team_id and t.name ~ 'x'
select * from people natural join teams
select id, name from people join teams using (id, name)
select (p).name, p.shadowed, shadowed(p), name(p) from people p
with recursive up(n) as (values (1) union all select n + 1 from up where n < 5) table up
with recursive t(n) as (select 1 union all select n + 1 from t) cycle n set again using path select * from t
with a as (select 1 x), b as (select x from a) select * from b
select sum(salary) over w, rank() over (partition by team_id order by born) from people window w as (order by id)
select team_id, grouping(team_id), count(*) filter (where salary > 1) from people group by rollup (team_id, name)
select percentile_cont(0.5) within group (order by salary), mode() within group (order by name) from people
select * from generate_series(1, 3) with ordinality g(n, o), unnest(array[1, 2], array['a', 'b']) u(a, b)
select * from rows from (generate_series(1, 2), json_to_recordset('[]') as (a int, b text)) r
select * from people p, lateral (select count(*) from teams t where t.lead_id = p.id) x
select * from json_table('[]', '$[*]' columns (id for ordinality, a int path '$.a' default 1 on empty)) j
select json_object('a': 1, 'b': name), json_arrayagg(id order by id), json_value(extra, '$.a' returning int) from people group by name, extra
select extra -> 'a' ->> 'b', extra['a'], jsonb_path_query(extra, '$.x') from people
select int4range(1, 5) * int4range(2, 9), multirange(int4range(1, 2)), '{[1,2]}'::int4multirange @> 1
select to_tsvector('english', name) @@ to_tsquery('a & b'), point(1, 2) <-> point '(0,0)' from people
select * from people tablesample bernoulli (10) repeatable (1)
select array(select id from people), exists (select from teams), id in (select id from teams), id = any (array[1]) from people
select case id when 1 then 'a' else name end, coalesce(name, 'x'), nullif(id, 2), greatest(id, 3) from people
select row(1, 'a') = row(2, 'b'), (1, 2) < (3, 4), row(p.*) from people p
select name collate "C", id::text::int, cast(born as text), interval '1 day' * 2, date '2020-01-01' + 1 from people
select extract(year from born), born at time zone 'utc', substring(name from 1 for 2), trim(both 'x' from name) from people
(select id from people union select id from teams) except all select 3 order by id limit 1
values (1, 'a'), (2, null)
table teams
select adds(1, 2), plain(1), plain(1, b => 3), plain(b => 1, a => 2), even(4), atomic(2), helper(1), calls_helper(1)
select good_sum(id), 1 <+> 2 from people
select who, pay from team_people(3)
select secret_mail(1)
select * from rich
select * from headcount
select 3::odd, '3'::odd
select * from parts
select $1::int + 2, $2 where $3 = 'x'
select current_date, now(), current_user, current_setting('TimeZone'), version(), random(), gen_random_uuid()
select relname, reltuples from pg_class join pg_namespace n on n.oid = relnamespace where nspname = 'public'
select rolname from pg_authid
select table_name, column_name from information_schema.columns
explain select * from people
explain (analyze, costs off, format json) select count(*) from people
explain delete from people where id = 1
show work_mem
show timezone
select pg_input_is_valid('1', 'int4'), pg_size_pretty(pg_total_relation_size('people'))
select xmin, ctid, tableoid::regclass from people
select rolname from hashes
select over_(1), (p).x from points
explain insert into numbered default values
explain update numbered set id = 2
