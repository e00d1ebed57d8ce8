-- What language models took, by day and identity; the row of identity '' is everyone together. Counts only, no text.

create table pgwarden_control.model_use (
    day       date             not null,
    identity  text             not null,
    calls     bigint           not null default 0,
    tokens    bigint           not null default 0,   -- those set aside for calls that are out included
    cost      double precision not null default 0,   -- US dollars
    primary key (day, identity)
);
