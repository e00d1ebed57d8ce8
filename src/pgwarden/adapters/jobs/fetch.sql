-- Which job a worker takes next: our own body for the library's function of that name.
-- The library's lets a job that is planned for tomorrow hold back every job of the same lock that is due today, and a
-- ticket's expiry must not hold back its execution. Here only jobs that are due stand in the order of a lock.
create or replace function pgwarden_jobs.procrastinate_fetch_job_v2(
    target_queue_names character varying[], p_worker_id bigint
) returns pgwarden_jobs.procrastinate_jobs language plpgsql as $$
declare
    taken pgwarden_jobs.procrastinate_jobs;
begin
    update pgwarden_jobs.procrastinate_jobs set status = 'doing', worker_id = p_worker_id
     where id = (
        select job.id from pgwarden_jobs.procrastinate_jobs job
         where job.status = 'todo'
           and (target_queue_names is null or job.queue_name = any (target_queue_names))
           and (job.scheduled_at is null or job.scheduled_at <= now())
           and (job.lock is null or not exists (
               select from pgwarden_jobs.procrastinate_jobs other
                where other.lock = job.lock and other.id <> job.id
                  and (other.status = 'doing'
                       or other.status = 'todo'
                          and (other.scheduled_at is null or other.scheduled_at <= now())
                          and (other.priority, -other.id) > (job.priority, -job.id))))
         order by job.priority desc, job.id
         limit 1
           for update of job skip locked)
    returning * into taken;
    return taken;
exception when unique_violation then   -- another worker took a job of the same lock at this very moment
    return null;
end
$$;
create index if not exists job_by_lock on pgwarden_jobs.procrastinate_jobs (lock)
 where lock is not null and status in ('todo', 'doing');
