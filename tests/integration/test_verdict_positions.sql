-- Statements that cover the grammar of expressions, one a line; only judged, never run.
select 1, a, 'x', 2.5, true, null, $1 from t
select a + 1, -a, not true, a is null, (a = 1) is true, a is distinct from 2, a isnull from t
select a between 1 and 2, a not between symmetric 3 and 4, a in (5, a), a not in (6), b like 'x' escape 'y' from t
select b ilike 'x', b similar to 'x' escape 'z', b !~* 'q', a operator(pg_catalog.+) 3, b || 'x' from t
select a = any (array[1, a]), a > all (c), a = any (select 3), 4 in (select a from u), (a, b) = (1, 'x') from t
select (a, 2) in (select a, k from u), row(a, 3) < row(4, a), (1, a) in ((2, 3), (a, 4)) from t
select exists (select a from u where k = 1), (select k from u where u.a = t.a limit 1), array(select a + 1 from u) from t
select case a when 1 then 'p' else b end, case when a = 2 then 3 when true then 4 else 5 end from t
select coalesce(a, 1), nullif(a, 2), greatest(a, 3), least(4, a) from t
select a::text, cast(b as varchar(20)), 'x'::text, int '3', date '2020-01-01', a::numeric(10, 2), c::text[] from t
select array[1, a], array[[1, 2], [a, 4]], c[1], c[a:2], c[:3], (array[a])[1], j['k'], j['k']['l'] from t
select row(1, a), (row(1, a)).f1, (p).x, (ps[1]).y, ps[1].x, (h.p).y from h, t
select f(1), f(a, 2), f(b => 3, a => 4), concat('a', 1, b), format('%s', variadic array[b]) from t
select count(*), sum(a), count(distinct b), string_agg(b, ',' order by a desc, b), array_agg(a order by a using <) from t
select sum(a) filter (where a > 1), percentile_cont(0.5) within group (order by a), rank(3) within group (order by a) from t
select sum(a) over (partition by b, a + 1 order by d rows between 1 preceding and 2 following) from t
select sum(a) over w, lag(a, 1, 2) over (w rows 3 preceding), ntile(4) over w from t window w as (partition by b order by a)
select sum(a) over (order by a range between 1 preceding and unbounded following exclude ties) from t
select a, b from t where a > 1 and (b = 'x' or not a < 2) or d >= '2020-01-01'
select a, count(*) from t group by a, b || 'x' having count(*) > 1 and max(b) < 'y'
select a, b, grouping(a, b) from t group by grouping sets ((a), (b), ()), cube (d, r), rollup (j)
select distinct a from t
select distinct on (a, b || 'x') a, d from t order by a, b || 'x', d desc nulls last
select a from t order by a + 1, b collate "C", d using > limit 3 offset 1
select a from t order by 1 limit 2 + 3 offset $1
select a from t order by a fetch first 5 rows with ties
select * from t join u on t.a = u.a and k > 1 left join u v on v.k = t.a + 2 cross join h
select * from t natural join u full join h on id = k
select * from t, lateral (select k + t.a from u where u.a = t.a) s (z), lateral generate_series(1, t.a) g
select * from generate_series(1, 2, 3) with ordinality as g (n, o) where n > 1
select * from rows from (generate_series(1, 2), unnest(array[1, 2])) as r (a, b), unnest(array[1], array['x']) q
select * from json_to_recordset('[]') as x (a int, b text), jsonb_to_record('{}'::jsonb) as y (c text)
select * from t tablesample bernoulli (10) repeatable (3), u tablesample system (a)
select * from (values (1, 'a'), (2, 'b')) v (n, s) where n = 1
values (1, 'x', 2 + 3), (4, null, 5) order by 1 limit 1
select a from t union select k from u where k = 1 intersect all select 3 except (select 4 limit 1) order by 1 limit 2
with w as (select a + 1 as z from t), v (q) as materialized (select z from w where z > 2) select q + 3 from v
with recursive s (n) as (select 1 union all select n + 1 from s where n < 10) select n from s where n > 2
with recursive s (n) as (select 1 union select n + 2 from s) search depth first by n set o select n, o from s
with recursive s (n) as (select 1 union all select n + 2 from s) cycle n set m to 'y' default 'n' using path select * from s
select extract(year from d), position('x' in b), substring(b from 1 for 2), overlay(b placing 'x' from 1), trim(leading 'x' from b) from t
select d at time zone 'utc', (d, d) overlaps (d, d), b is normalized, normalize(b), d::timestamp at local from t
select interval '1 day' * 2, current_timestamp(2), localtime, interval '3' hour from t
select xmlelement(name q, xmlattributes(b as z), 'c', a), xmlforest(a as f, b), xmlconcat(xmlcomment('x')), xmlpi(name p, 'x') from t
select xmlparse(document b), xmlroot(xmlparse(content b), version '1.0'), xmlserialize(content xmlparse(content b) as text) from t
select * from xmltable('/r' passing xmlparse(document '<r/>') columns n for ordinality, a int path 'p' default 3, b text not null)
select b is document, xmlexists('//x' passing by value xmlparse(content b)) from t
select json_object('a': 1, 'b': a), json_array(1, b null on null), json_array(select a from u), json_object(b value a) from t
select json_objectagg(b: a), json_arrayagg(a order by b returning jsonb), json_arrayagg(a) filter (where a > 1) from t
select json_value(j, '$.a' passing a as x returning int default 1 on empty default 2 on error), json_exists(j, '$.b') from t
select json_query(j, '$.c' passing 'x' as q, 3 as z with wrapper), json(b), json_scalar(a), json_serialize(j) from t
select * from t, json_table(j, '$[*]' passing a as x columns (i for ordinality, q int path '$.q' default 4 on empty, e int exists path '$.e', nested path '$.n[*]' columns (z text path '$.z' default 'y' on error))) jt
select j is json, j is json object with unique keys, j -> 'a' ->> 'b', j #> '{a,b}', j @> '{"a": 1}', j ? 'k' from t
select a from t where (a, b) in (values (1, 'x'), (2, 'y')) and a = (select max(k) from u having max(k) > 1)
select (select (select (select a + 1)))::int, ((((2)))) from t
select a from t where exists (select from u where exists (select from h where id = u.k and id = t.a + 1))
select b collate "C", b < 'x' collate "POSIX", (a + 1)::text collate "C" from t order by b collate "C"
select t, t.*, (t).a, (t).*, count(t) over () from t where t is not null
select grouping(a), a from t group by distinct rollup (a, b), cube (a)
explain select a + 1 from t where b = 'x'
explain (analyze, verbose, format json) select a, 2 from t order by 3 - a
explain update t set a = 1, (b, r) = ('x', 2.5), c[1] = 3 from u where u.a = t.a and k = 4 returning a + 5
explain insert into t (a, b) select k, 'x' from u where k > 1 returning a, b || 'y'
insert into t (a, b) values (1, 'x'), (2, default) on conflict do nothing returning a + 3
insert into t (a) select 2 from u where k = 1
update t set a = a + 1, (b, r) = (select 'x', 2.5 from u where k = 3), c[2] = 4 where a = 5 returning old.a + 6, new.b
update t set (a, b) = row(1, 'x') from u join h on id = 2 where t.a = u.a
delete from t using u where t.a = u.a and k = 1 returning b || 'x'
merge into t using (select a, k from u where k > 1) s on t.a = s.a and s.k = 2 when matched and t.a = 3 then update set b = 'x', r = s.k + 4 when matched then delete when not matched and s.k = 5 then insert (a, b) values (s.a + 6, 'y')
with d as (delete from t where a = 1 returning b), i as (insert into u select 2, 3 returning k) select b, 4 from d, i
