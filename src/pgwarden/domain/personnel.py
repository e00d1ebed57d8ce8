"""What must hold for an account, a delegation and a token, whoever keeps them."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from pgwarden.domain.errors import AlreadyExists, InputInvalid, LastAdministrator, UnknownPerson
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.login import EVERY_SCOPE, Scope
from pgwarden.domain.person import ApiToken, Delegation, Person, Role
from pgwarden.domain.storable import require_storable, require_zone

NAME = re.compile(r"[^\s:@,*?()\[\]\x00-\x1f\x7f][^:,*?()\[\]\x00-\x1f\x7f]{0,199}")
"""No wildcard and no colon: rules and rights write ``person:NAME`` and match by patterns. An @ may come later in it.
No parentheses: with them the names of people who are not logged in are marked."""
RESERVED = frozenset({"system"})
"""Names that the audit uses for what no account did."""
EMAIL = re.compile(r"[^\s@<>\"',;]{1,200}@[^\s@<>\"',;]{1,200}")
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
SLACK = re.compile(r"[UW][A-Z0-9]{2,30}")
LONGEST_DELEGATION = timedelta(days=366)
LONGEST_TOKEN = timedelta(days=366)


def require_sound(person: Person) -> None:
    """Refuse an account that could be taken for another one, or that has what its kind cannot have (InputInvalid)."""
    for what, holds in _rules(person):
        if not holds:
            raise _invalid(f"The account {person.name!r} cannot be kept.", f"{what}.")
    for what, text in (("full name", person.full_name), *(("group", group) for group in person.groups)):
        require_storable(what, text, most=200)


def _rules(person: Person) -> tuple[tuple[str, bool], ...]:
    return (
        ("Its name has a character that names cannot have, or none at all", bool(NAME.fullmatch(person.name))),
        ("Its name has a space at its end", person.name == person.name.strip()),
        ("Its name is reserved", person.name.casefold() not in RESERVED),
        ("A level is 0 to 3", 0 <= person.level <= 3),
        ("Only an approver has a level", (person.level > 0) <= (Role.APPROVER in person.roles)),
        ("An approver has a level, 1 to 3", (Role.APPROVER in person.roles) <= (person.level > 0)),
        (
            "Services and agents can neither approve nor administer",
            person.kind is IdentityKind.PERSON or person.roles.isdisjoint({Role.APPROVER, Role.ADMIN}),
        ),
        ("The mail address is malformed", not person.email or bool(EMAIL.fullmatch(person.email))),
        ("The phone number is not like +491701234567", not person.phone or bool(PHONE.fullmatch(person.phone))),
        ("The Slack member id is not like U012AB3CD", not person.slack or bool(SLACK.fullmatch(person.slack))),
        ("Nobody stands in for themselves", person.backup != person.name),
        ("A person answers for themselves", person.kind is not IdentityKind.PERSON or not person.owner),
        ("A group has a name without wildcards and colons", all(map(NAME.fullmatch, person.groups))),
        (f"No time zone {person.zone} is known", _zone_exists(person.zone)),
    )


def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; OSError: a name like a directory
        return False
    return True


def require_sound_delegation(delegation: Delegation, giver: Person, deputy: Person) -> None:
    """Refuse one that gives nothing, or gives it to somebody who could not use it (InputInvalid)."""
    require_zone(delegation.start)
    require_zone(delegation.end)
    require_storable("reason", delegation.reason, most=1000)
    rules = (
        ("It ends before it begins", delegation.start < delegation.end),
        ("It is for more than a year", delegation.end - delegation.start <= LONGEST_DELEGATION),
        ("Nobody stands in for themselves", giver.name != deputy.name),
        (f"{giver.name!r} approves nothing that could be given", giver.may_approve(1)),
        (f"{deputy.name!r} is no active approver", deputy.may_approve(1)),
    )
    for what, holds in rules:
        if not holds:
            raise _invalid(f"{deputy.name!r} cannot stand in for {giver.name!r} so.", f"{what}.")


def require_sound_token(token: ApiToken, person: Person, *, allow_approve: bool) -> None:
    """Refuse a token that could do what its account cannot, or that lasts for ever (InputInvalid)."""
    require_storable("label", token.label, most=200)
    rules = (
        (f"{person.name!r} is not active", person.active),
        ("It has no scope", bool(token.scopes)),
        (f"Scopes are {', '.join(sorted(EVERY_SCOPE))}", token.scopes <= EVERY_SCOPE),
        ("It is for no database", bool(token.databases)),
        ("It ends before it begins", token.created_at < token.expires_at),
        ("It lasts for more than a year", token.expires_at - token.created_at <= LONGEST_TOKEN),
        ("The right to approve is given only on purpose", Scope.APPROVE not in token.scopes or allow_approve),
        ("Only a person who approves may have it", Scope.APPROVE not in token.scopes or person.may_approve(1)),
        ("Only an administrator's may administer", Scope.ADMIN not in token.scopes or Role.ADMIN in person.roles),
        ("Only an auditor's may audit", Scope.AUDIT not in token.scopes or _may_audit(person)),
        (
            "Only a service's, an auditor's or an administrator's may read the metrics",
            Scope.METRICS not in token.scopes or person.kind is IdentityKind.SERVICE or _may_audit(person),
        ),
    )
    for what, holds in rules:
        if not holds:
            raise _invalid(f"No such token can be made for {person.name!r}.", f"{what}.")


def _may_audit(person: Person) -> bool:
    return not person.roles.isdisjoint({Role.AUDITOR, Role.ADMIN})


def unknown_person(name: str) -> UnknownPerson:
    """The error for a name that no account has."""
    return UnknownPerson(
        f"There is no account {name!r}.",
        not_done="Nothing was changed.",
        next_step="`pgwarden people list` shows the accounts.",
    )


def taken(person: Person) -> AlreadyExists:
    """The error for an account that another one could be taken for."""
    return AlreadyExists(
        f"The account {person.name!r} cannot be kept.",
        why="Another account has that name, mail address or Slack member id.",
        not_done="Nothing was changed.",
        next_step="Choose another name; one that was removed stays taken, since the audit speaks of it.",
    )


def last_administrator() -> LastAdministrator:
    """The error for a change after which nobody could administer."""
    return LastAdministrator(
        "This is the last active administrator.",
        why="Nobody would be left who could change the people.",
        not_done="Nothing was changed.",
        next_step="Make somebody else an administrator first.",
    )


def _invalid(what: str, why: str) -> InputInvalid:
    return InputInvalid(what, why=why, not_done="Nothing was changed.", next_step="Correct it and try again.")
