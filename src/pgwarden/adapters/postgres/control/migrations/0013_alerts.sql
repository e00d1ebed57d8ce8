-- What was out of the ordinary, and how long sessions waited for locks when somebody looked.

create table pgwarden_control.alert (
    id         text             primary key,
    number     bigint           generated always as identity,
    measure    text             not null,
    database   text             not null,   -- '' for what belongs to none
    opened_at  timestamptz      not null,
    value      double precision not null,   -- the highest reading
    usual      double precision not null,
    bound      double precision not null,   -- more was out of the ordinary
    closed_at  timestamptz
);

create unique index alert_open on pgwarden_control.alert (measure, database) where closed_at is null;   -- one incident

create table pgwarden_control.lock_wait (
    database  text             not null,
    at        timestamptz      not null,
    seconds   double precision not null,
    primary key (database, at)
);
