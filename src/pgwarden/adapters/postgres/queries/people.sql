-- What the stores of people and logins send to the control database. Values are parameters, always.

-- name: person
select name, kind, full_name, roles, level, groups, email, phone, slack, zone, backup, active, owner
from pgwarden_control.person
where name = %(name)s

-- name: person_by_contact
-- Mail addresses regardless of their case; exactly one of the two is given.
select name, kind, full_name, roles, level, groups, email, phone, slack, zone, backup, active, owner
from pgwarden_control.person
where (%(email)s <> '' and lower(email) = lower(%(email)s)) or (%(slack)s <> '' and slack = %(slack)s)

-- name: people
select name, kind, full_name, roles, level, groups, email, phone, slack, zone, backup, active, owner
from pgwarden_control.person
order by name collate "C"

-- name: add_person
insert into pgwarden_control.person
    (name, kind, full_name, roles, level, groups, email, phone, slack, zone, backup, active, owner)
values (%(name)s, %(kind)s, %(full_name)s, %(roles)s::text[], %(level)s, %(groups)s::text[], %(email)s, %(phone)s,
        %(slack)s, %(zone)s, %(backup)s, %(active)s, %(owner)s)
on conflict (name) do nothing

-- name: lock_people
-- Changes of people happen one after the other, so that two of them together cannot take the last administrator away.
lock table pgwarden_control.person in share row exclusive mode

-- name: replace_person
update pgwarden_control.person
set kind = %(kind)s, full_name = %(full_name)s, roles = %(roles)s::text[], level = %(level)s,
    groups = %(groups)s::text[], email = %(email)s, phone = %(phone)s, slack = %(slack)s, zone = %(zone)s,
    backup = %(backup)s, active = %(active)s, owner = %(owner)s
where name = %(name)s

-- name: administrators
select count(*) from pgwarden_control.person where active and 'admin' = any (roles)

-- name: end_delegations_of
update pgwarden_control.delegation
set ends = greatest(starts, %(at)s)
where (giver = %(name)s or deputy = %(name)s) and ends > %(at)s

-- name: delegations
-- Those that hold at a moment, or without one all of them.
select giver, deputy, starts, ends, reason
from pgwarden_control.delegation
where %(at)s::timestamptz is null or (starts <= %(at)s and ends > %(at)s)
order by starts, giver collate "C", deputy collate "C"

-- name: add_delegation
insert into pgwarden_control.delegation (giver, deputy, starts, ends, reason)
values (%(giver)s, %(deputy)s, %(starts)s, %(ends)s, %(reason)s)
on conflict (giver, deputy, starts) do nothing

-- name: end_delegation
update pgwarden_control.delegation
set ends = greatest(starts, %(at)s)
where giver = %(giver)s and deputy = %(deputy)s and ends > %(at)s

-- name: credential
select person, password_hash, must_change, changed_at, totp_secret, totp_step, recovery_codes
from pgwarden_control.credential
where person = %(name)s

-- name: set_password
insert into pgwarden_control.credential (person, password_hash, must_change, changed_at, totp_secret, totp_step)
values (%(name)s, %(password_hash)s, %(must_change)s, %(at)s, '', 0)
on conflict (person) do update
set password_hash = excluded.password_hash, must_change = excluded.must_change, changed_at = excluded.changed_at

-- name: set_second_factor
insert into pgwarden_control.credential
    (person, password_hash, must_change, changed_at, totp_secret, totp_step, recovery_codes)
values (%(name)s, '', false, %(at)s, %(secret)s, %(step)s, %(codes)s::text[])
on conflict (person) do update
set totp_secret = excluded.totp_secret, totp_step = excluded.totp_step, recovery_codes = excluded.recovery_codes

-- name: set_recovery_codes
update pgwarden_control.credential set recovery_codes = %(codes)s::text[]
where person = %(name)s and totp_secret <> '' and recovery_codes = %(before)s::text[]

-- name: use_recovery_code
-- One transaction wins each code: whoever waited for the row finds it gone.
update pgwarden_control.credential set recovery_codes = array_remove(recovery_codes, %(code)s)
where person = %(name)s and %(code)s = any (recovery_codes)

-- name: second_factors
select person, totp_secret from pgwarden_control.credential where totp_secret <> '' order by person for update

-- name: keep_second_factor
update pgwarden_control.credential set totp_secret = %(secret)s where person = %(name)s

-- name: drop_second_factor
update pgwarden_control.credential set totp_secret = '', recovery_codes = '{}' where person = %(name)s

-- name: use_code
-- One transaction wins each step of the clock.
update pgwarden_control.credential set totp_step = %(step)s
where person = %(name)s and totp_secret <> '' and totp_step < %(step)s

-- name: drop_credential
delete from pgwarden_control.credential where person = %(name)s

-- name: forget_attempts
delete from pgwarden_control.login_attempt where last_at < %(before)s and coalesce(locked_until < %(at)s, true)

-- name: attempt
-- Counts the attempt before the password is looked at, so that many at once cannot all be the first.
-- No row comes back while the name is locked.
insert into pgwarden_control.login_attempt as known (name, failures, last_at)
values (%(name)s, 1, %(at)s)
on conflict (name) do update
set failures = known.failures + 1, last_at = excluded.last_at, locked_until = null
where known.locked_until is null or known.locked_until <= excluded.last_at
returning failures

-- name: lock_name
update pgwarden_control.login_attempt set locked_until = %(until)s where name = %(name)s

-- name: locked_until
select failures, locked_until from pgwarden_control.login_attempt where name = %(name)s

-- name: clear_attempts
delete from pgwarden_control.login_attempt where name = %(name)s

-- name: open_login
insert into pgwarden_control.login (id, secret_hash, person, method, source, created_at, expires_at)
values (%(id)s, %(secret_hash)s, %(person)s, %(method)s, %(source)s, %(created_at)s, %(expires_at)s)

-- name: login
select id, person, method, source, created_at, expires_at, ended_at
from pgwarden_control.login
where secret_hash = %(secret_hash)s

-- name: holder
-- A login with the account that it belongs to, and whether that must set another password.
select l.id, l.person, l.method, l.source, l.created_at, l.expires_at, l.ended_at,
    coalesce(c.must_change, false),
    p.name, p.kind, p.full_name, p.roles, p.level, p.groups, p.email, p.phone, p.slack, p.zone, p.backup, p.active,
    p.owner
from pgwarden_control.login l
    join pgwarden_control.person p on p.name = l.person
    left join pgwarden_control.credential c on c.person = l.person
where l.secret_hash = %(secret_hash)s

-- name: open_logins
select id, person, method, source, created_at, expires_at, ended_at
from pgwarden_control.login
where person = %(name)s and ended_at is null and created_at <= %(at)s and expires_at > %(at)s
order by created_at desc, id

-- name: end_login
update pgwarden_control.login set ended_at = %(at)s where id = %(id)s and ended_at is null

-- name: end_logins_of
update pgwarden_control.login set ended_at = %(at)s where person = %(name)s and ended_at is null and id <> %(keep)s

-- name: add_token
insert into pgwarden_control.api_token
    (id, secret_hash, person, label, scopes, databases, created_at, expires_at)
values (%(id)s, %(secret_hash)s, %(person)s, %(label)s, %(scopes)s::text[], %(databases)s::text[], %(created_at)s,
        %(expires_at)s)

-- name: bearer
select t.id, t.person, t.label, t.scopes, t.databases, t.created_at, t.expires_at, t.revoked_at,
    p.name, p.kind, p.full_name, p.roles, p.level, p.groups, p.email, p.phone, p.slack, p.zone, p.backup, p.active,
    p.owner
from pgwarden_control.api_token t
    join pgwarden_control.person p on p.name = t.person
where t.secret_hash = %(secret_hash)s

-- name: tokens
select id, person, label, scopes, databases, created_at, expires_at, revoked_at
from pgwarden_control.api_token
where %(person)s::text is null or person = %(person)s
order by created_at, id collate "C"

-- name: revoke_token
update pgwarden_control.api_token set revoked_at = %(at)s where id = %(id)s and revoked_at is null

-- name: revoke_tokens_of
update pgwarden_control.api_token set revoked_at = %(at)s where person = %(name)s and revoked_at is null

-- name: linked
select person from pgwarden_control.provider_subject where issuer = %(issuer)s and subject = %(subject)s

-- name: link
insert into pgwarden_control.provider_subject (issuer, subject, person)
values (%(issuer)s, %(subject)s, %(person)s)
on conflict (issuer, subject) do nothing

-- name: unlink
delete from pgwarden_control.provider_subject where person = %(name)s

-- name: is_claimed
-- Whether anyone ever logged in or had a token made: until then the installation is its starter's own.
select exists (select from pgwarden_control.login) or exists (select from pgwarden_control.api_token)
