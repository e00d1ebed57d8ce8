-- The queue of jobs lives in a schema of its own, made by the library that reads it (procrastinate, from its own files,
-- see adapters/jobs/schema.py). Here stands how far that went; the queue itself holds names and ids, never a value.

create table pgwarden_control.job_schema (
    id              boolean      primary key default true check (id),   -- one row
    library         text         not null,   -- the library's version that was looked at last
    last_migration  text         not null,   -- the newest of the library's files that the schema contains
    applied_at      timestamptz  not null default now()
);
