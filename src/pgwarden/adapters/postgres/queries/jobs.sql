-- Everything that pgwarden itself sends to the queue of jobs; the worker's library (procrastinate) sends its own.
-- Loaded by name (sqlfile.py); values are parameters, always.

-- name: job_schema_exists
-- From the catalog's tables: to_regclass() may not know yet what another starter just committed.
select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname = 'pgwarden_control' and c.relname = 'job_schema')

-- name: job_schema_state
-- What is recorded counts only while the tables are there: a backup may have been restored without them.
select library, last_migration from pgwarden_control.job_schema
 where exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'pgwarden_jobs' and c.relname = 'procrastinate_jobs')

-- name: create_jobs_schema
create schema if not exists pgwarden_jobs;
revoke all on schema pgwarden_jobs from public

-- name: enter_jobs_schema
-- For this transaction: the library's statements name no schema.
set local search_path = pgwarden_jobs

-- name: leave_jobs_schema
set local search_path to default

-- name: jobs_functions
-- Each function of the library, to be bound to its schema, so that it works from any search_path and from no other.
select p.oid::pg_catalog.regprocedure::text from pg_catalog.pg_proc p
 where p.pronamespace = 'pgwarden_jobs'::pg_catalog.regnamespace

-- name: record_job_schema
insert into pgwarden_control.job_schema (library, last_migration) values (%(library)s, %(last)s)
on conflict (id) do update set library = excluded.library, last_migration = excluded.last_migration, applied_at = now()

-- name: defer_jobs
-- In the order given; a queueing lock that is waiting already leaves its job out.
insert into pgwarden_jobs.procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
select given.task, given.task, nullif(given.lock, ''), nullif(given.queueing_lock, ''), given.args::jsonb, given.at
  from unnest(%(tasks)s::text[], %(locks)s::text[], %(queueing_locks)s::text[], %(args)s::text[], %(at)s::timestamptz[])
       with ordinality as given (task, lock, queueing_lock, args, at, place)
 order by given.place
on conflict (queueing_lock) where status = 'todo' do nothing

-- name: revive_stalled_jobs
-- The jobs of workers that are gone or silent: again in the queue, later each time they were left lying.
-- One statement: two sweepers cannot take the same job twice.
update pgwarden_jobs.procrastinate_jobs job
   set status = 'todo', worker_id = null, attempts = attempts + 1, abort_requested = false,
       scheduled_at = now() + least(power(2, least(job.attempts, 9)) - 1, 300) * interval '1 second'
 where job.id in (
       select lying.id from pgwarden_jobs.procrastinate_jobs lying
         left join pgwarden_jobs.procrastinate_workers worker on worker.id = lying.worker_id
        where lying.status = 'doing'
          and (worker.id is null or worker.last_heartbeat < now() - %(seconds)s * interval '1 second')
          for update of lying skip locked)
returning job.id, job.task_name

-- name: forget_silent_workers
delete from pgwarden_jobs.procrastinate_workers where last_heartbeat < now() - %(seconds)s * interval '1 second'

-- name: forget_old_jobs
-- Succeeded and cancelled ones; failed jobs stay until a person retries or drops them.
delete from pgwarden_jobs.procrastinate_jobs job
 where job.status in ('succeeded', 'cancelled', 'aborted')
   and not exists (select from pgwarden_jobs.procrastinate_events event
                    where event.job_id = job.id and event.at > now() - %(hours)s * interval '1 hour')

-- name: count_due_jobs
select count(*) from pgwarden_jobs.procrastinate_jobs job
 where job.status = 'todo' and job.queue_name = any (%(tasks)s::text[]) and coalesce(job.scheduled_at, now()) <= now()

-- name: jobs
-- What waits, runs or failed; the newest first.
select job.id, job.task_name, job.args::text, job.status::text, job.scheduled_at, job.attempts
  from pgwarden_jobs.procrastinate_jobs job
 where job.status::text = any (%(statuses)s::text[])
 order by job.id desc limit %(limit)s

-- name: retry_failed_job
update pgwarden_jobs.procrastinate_jobs job set status = 'todo', scheduled_at = now(), worker_id = null
 where job.id = %(id)s and job.status = 'failed'
   and not exists (select from pgwarden_jobs.procrastinate_jobs other
                    where other.status = 'todo' and other.queueing_lock = job.queueing_lock)

-- name: discard_failed_job
update pgwarden_jobs.procrastinate_jobs job set status = 'cancelled', worker_id = null
 where job.id = %(id)s and job.status = 'failed'

-- name: queue_state
-- A job without a moment of its own is due since its last event: since it was put there, or put there again.
select count(*) filter (where job.status = 'todo'), count(*) filter (where job.status = 'doing'),
       count(*) filter (where job.status = 'failed'),
       (select count(*) from pgwarden_jobs.procrastinate_workers worker
         where worker.last_heartbeat > now() - interval '1 minute'),
       min(coalesce(job.scheduled_at, (select max(event.at) from pgwarden_jobs.procrastinate_events event
                                        where event.job_id = job.id)))
           filter (where job.status = 'todo' and coalesce(job.scheduled_at, now()) <= now())
  from pgwarden_jobs.procrastinate_jobs job
 where job.status in ('todo', 'doing', 'failed')

-- name: lock_periodic_jobs
-- Until the end of the transaction: whoever looks whether periodic work is due sees what others have queued, even where
-- a worker took it up in the meantime and its queueing lock is free again.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('pgwarden periodic jobs', 0))

-- name: defer_periodic_job
-- By the server's clock, once in each period, whichever worker is first; nothing while the last one is still about.
insert into pgwarden_jobs.procrastinate_jobs (queue_name, task_name, queueing_lock)
select %(task)s::text, %(task)s::text, 'periodic ' || %(task)s::text
 where not exists (
       select from pgwarden_jobs.procrastinate_jobs job
        where job.task_name = %(task)s::text and job.queueing_lock = 'periodic ' || %(task)s::text
          and (job.status in ('todo', 'doing')
               or exists (select from pgwarden_jobs.procrastinate_events event
                           where event.job_id = job.id and event.type = 'deferred'
                             and event.at > now() - %(seconds)s * interval '1 second')))
on conflict (queueing_lock) where status = 'todo' do nothing

-- name: server_process
select pg_catalog.pg_backend_pid()
