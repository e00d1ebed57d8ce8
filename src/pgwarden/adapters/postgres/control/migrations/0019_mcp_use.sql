-- What callers of the MCP servers used, by minute, so that all processes and a restarted one keep one hourly budget.
-- Counts only; rows go two hours after their minute.

create table pgwarden_control.mcp_use (
    account  text             not null,               -- the token's id, or the identity's name
    minute   timestamptz      not null,
    calls    bigint           not null,
    rows     bigint           not null,
    bytes    bigint           not null,
    seconds  double precision not null,
    primary key (account, minute)
);

create index mcp_use_by_minute on pgwarden_control.mcp_use (minute);
