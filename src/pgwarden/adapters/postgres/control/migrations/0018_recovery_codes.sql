-- Hashes of the recovery codes that are left, keyed with the secret of the second factor. They end with it.

alter table pgwarden_control.credential
    add column recovery_codes text[] not null default '{}' check (cardinality(recovery_codes) <= 10),
    add check (totp_secret <> '' or recovery_codes = '{}');
