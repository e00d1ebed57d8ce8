-- What the look for anomalies counts every minute, found without a walk through the whole audit. Reads, which are most of
-- it, are in neither index.

create index audit_entry_refused on pgwarden_control.audit_entry (at, database) where outcome = 'refused';
create index audit_entry_changed on pgwarden_control.audit_entry (at)
    where action in ('execution.committed', 'execution.undone');
