-- How people like answers: one row for each preference that somebody set. What is not set is as usual.

create table pgwarden_control.user_preference (
    identity  text        not null,
    name      text        not null,
    value     text        not null,
    at        timestamptz not null,
    primary key (identity, name)
);
