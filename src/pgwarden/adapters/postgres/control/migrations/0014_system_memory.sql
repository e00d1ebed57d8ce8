-- Statements that were slow or failed: their form without values, how often, and what helped.

create table pgwarden_control.trouble (
    database   text             not null,
    code       text             not null,               -- 'slow', or the code of the error
    pattern    text             not null,
    question   text             not null default '',    -- a hash; '' for SQL that somebody wrote
    form       text             not null,
    times      bigint           not null default 1,
    first_at   timestamptz      not null,
    last_at    timestamptz      not null,
    worst_ms   double precision not null default 0,
    what       text             not null default '',
    helped     text             not null default '',
    helped_at  timestamptz,
    primary key (database, pattern, code, question)
);

create index trouble_by_question on pgwarden_control.trouble (database, question) where question <> '';
create index trouble_by_age on pgwarden_control.trouble (last_at);
