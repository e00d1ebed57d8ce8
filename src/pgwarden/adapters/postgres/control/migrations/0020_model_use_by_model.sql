-- What each language model took of a day's use. What was counted before is kept under the name '': of a model unknown.

create table pgwarden_control.model_use_by_model (
    day       date            not null,
    identity  text            not null,
    model     text            not null,                -- provider:model
    calls     bigint          not null default 0,
    tokens    bigint          not null default 0,      -- those set aside for calls that are out included
    cost      numeric(18, 9)  not null default 0,      -- US dollars, likewise
    unpriced  bigint          not null default 0,      -- of the tokens: those of models whose price nobody set
    primary key (day, identity, model)
);

insert into pgwarden_control.model_use_by_model (day, identity, model, calls, tokens, cost, unpriced)
select day, identity, '', calls, tokens, cost, unpriced from pgwarden_control.model_use where identity <> '';
