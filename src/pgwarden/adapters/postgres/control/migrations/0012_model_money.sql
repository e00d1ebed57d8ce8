-- Budgets in money are kept exactly, calls without a known price are counted apart, and a model that fails rests in
-- every process at once. Counts and the last failure's own words only; no question, no answer.

alter table pgwarden_control.model_use
    alter column cost type numeric(18, 9),             -- US dollars, those set aside for calls that are out included
    add column unpriced bigint not null default 0;     -- of the tokens: those of models whose price nobody set

create table pgwarden_control.model_circuit (
    model      text        not null primary key,       -- provider:model
    failures   integer     not null,                   -- in a row
    opened_at  timestamptz,                             -- since when it rests; null while it is called
    said       text        not null default ''         -- the last failure
);
