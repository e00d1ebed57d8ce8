-- What is counted of the control database's own facts, and what was out of the ordinary. Loaded by name (sqlfile.py);
-- values are parameters, always.

-- name: verbs
select action, outcome, coalesce(details->>'error', '') as error, count(*)
  from pgwarden_control.audit_entry
 where at >= %(since)s and at < %(until)s and (%(database)s = '' or database = %(database)s)
 group by 1, 2, 3
 order by 4 desc, 1, 2, 3

-- name: reads
select count(*) filter (where details->>'rows' is not null), count(*) filter (where details->>'cached' = 'true'),
       coalesce(sum((details->>'rows')::bigint), 0)::bigint,
       coalesce(sum((details->>'milliseconds')::float8), 0)::float8
  from pgwarden_control.audit_entry
 where action = 'read.run' and at >= %(since)s and at < %(until)s and (%(database)s = '' or database = %(database)s)

-- name: executions
-- Counts are by table, then by what was done to its rows.
select count(*), coalesce(sum(written.rows), 0)::bigint, coalesce(sum((e.details->>'milliseconds')::float8), 0)::float8
  from pgwarden_control.audit_entry e
  left join lateral (
      select sum(c.value::bigint) as rows
        from json_each(e.details->'counts') t, json_each_text(t.value) c
       where c.key in ('inserted', 'updated', 'deleted')) written on true
 where e.action in ('execution.committed', 'execution.undone')
   and e.at >= %(since)s and e.at < %(until)s and (%(database)s = '' or e.database = %(database)s)

-- name: tickets
select status, count(*) from pgwarden_control.ticket
 where %(database)s = '' or database = %(database)s group by 1 order by 1

-- name: jobs
select task_name, status::text, count(*) from pgwarden_jobs.procrastinate_jobs group by 1, 2 order by 1, 2

-- name: oldest_due
select coalesce(extract(epoch from clock_timestamp() - min(coalesce(j.scheduled_at, e.at))), 0)::float8
  from pgwarden_jobs.procrastinate_jobs j
  left join lateral (select min(at) as at from pgwarden_jobs.procrastinate_events where job_id = j.id) e on true
 where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= clock_timestamp())

-- name: deliveries
select status, count(*) from pgwarden_control.delivery group by 1 order by 1

-- name: given_up
select (select count(*) from pgwarden_jobs.procrastinate_jobs where status = 'failed')
     + (select count(*) from pgwarden_control.delivery where status = 'dead')

-- name: open_alerts
select count(*) from pgwarden_control.alert
 where closed_at is null and (%(database)s = '' or database in ('', %(database)s))

-- name: rows_written
-- By window, 0 being the one that ends now; only of the spans that hold windows which are compared.
select e.database, floor(extract(epoch from %(now)s - e.at) / %(seconds)s)::int4 as ago,
       coalesce(sum(c.value::bigint), 0)::float8
  from unnest(%(after)s::timestamptz[], %(until)s::timestamptz[]) span(after, until)
 cross join lateral (
      select * from pgwarden_control.audit_entry
       where at > span.after and at <= span.until and action in ('execution.committed', 'execution.undone')
      offset 0) e,  -- span by span through the index
       json_each(e.details->'counts') t, json_each_text(t.value) c
 where c.key in ('inserted', 'updated', 'deleted')
 group by 1, 2

-- name: refusals
select e.database, floor(extract(epoch from %(now)s - e.at) / %(seconds)s)::int4 as ago, count(*)::float8
  from unnest(%(after)s::timestamptz[], %(until)s::timestamptz[]) span(after, until)
 cross join lateral (
      select at, database from pgwarden_control.audit_entry
       where at > span.after and at <= span.until and outcome = 'refused'
      offset 0) e
 group by 1, 2

-- name: lock_waits
select w.database, floor(extract(epoch from %(now)s - w.at) / %(seconds)s)::int4 as ago, max(w.seconds)
  from unnest(%(after)s::timestamptz[], %(until)s::timestamptz[]) span(after, until)
  join pgwarden_control.lock_wait w on w.at > span.after and w.at <= span.until
 group by 1, 2

-- name: history_began
select min(at) from pgwarden_control.audit_entry where at > %(since)s

-- name: note_lock_wait
insert into pgwarden_control.lock_wait (database, at, seconds) values (%(database)s, %(at)s, %(seconds)s)
on conflict do nothing

-- name: forget_lock_waits
delete from pgwarden_control.lock_wait where at < %(before)s

-- name: open_alert
insert into pgwarden_control.alert (id, measure, database, opened_at, value, usual, bound)
values (%(id)s, %(measure)s, %(database)s, %(opened_at)s, %(value)s, %(usual)s, %(limit)s)
on conflict do nothing

-- name: raise_alert
update pgwarden_control.alert set value = %(value)s where id = %(id)s and closed_at is null and value < %(value)s

-- name: close_alert
update pgwarden_control.alert set closed_at = %(at)s where id = %(id)s and closed_at is null

-- name: alert
select id, measure, database, opened_at, value, usual, bound, closed_at from pgwarden_control.alert where id = %(id)s

-- name: alerts
select id, measure, database, opened_at, value, usual, bound, closed_at from pgwarden_control.alert
 where (not %(open)s or closed_at is null) and (%(database)s = '' or database = %(database)s)
 order by number desc limit %(limit)s
