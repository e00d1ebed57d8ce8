"""Access tokens of an authorization server (OAuth 2.1): what must hold for one, and what it lets its bearer do here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pgwarden.domain.login import Scope
from pgwarden.domain.personnel import EMAIL
from pgwarden.domain.token_claims import audiences, first_broken, names_somebody, of_its_time, text, texts

GRANTABLE = frozenset({Scope.ASK, Scope.REQUEST, Scope.EXECUTE, Scope.AUDIT})
"""What a foreign token can let do. Deciding and administering are not among it."""
WRITTEN = re.compile(r"(?P<theirs>[\x21\x23-\x3c\x3e-\x5b\x5d-\x7e]+)=(?P<ours>[a-z]+)")
"""A scope of RFC 6749 without an equals sign, and one of ours."""
LONGEST_CLIENT = 100


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What an authorization server's word counts for."""

    issuer: str
    scopes: Mapping[str, Scope]
    """Their name of a scope -> ours."""
    databases: frozenset[str] = frozenset({"*"})
    """Those that such tokens may use at most."""
    databases_claim: str = "pgwarden_databases"

    @classmethod
    def of(cls, issuer: str, scopes: Iterable[str], databases: Iterable[str], databases_claim: str) -> AccessRules:
        """``scopes`` from ``THEIRS=ask`` and the like. ValueError for anything else."""
        return cls(issuer, dict(map(_rule, scopes)), frozenset(databases), databases_claim)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token that holds gives, before anybody looked whose account that is."""

    issuer: str
    subject: str
    email: str
    """'' unless the authorization server says that it verified it."""
    client: str
    """The program that shows it."""
    scopes: frozenset[str]
    databases: frozenset[str]


def grant_of(
    content: Mapping[str, Any], rules: AccessRules, *, resources: Collection[str], at: datetime
) -> Grant | str:
    """What a token gives whose signature is right, or why it gives nothing.

    ``resources``: the addresses that this server goes by; one of them must be among the token's audiences (RFC 8707).
    """
    meant = {_resource(each) for each in audiences(content) if isinstance(each, str)}
    broken = first_broken(
        (
            (content.get("iss") == rules.issuer, "another authorization server issued it"),
            (not meant.isdisjoint(map(_resource, resources)), "it is meant for another server"),
            *of_its_time(content, at, issued=0.0),
            names_somebody(content),
        )
    )
    if broken:
        return broken
    email = text(content.get("email"))
    verified = content.get("email_verified") is True and EMAIL.fullmatch(email)
    given = {*text(content.get("scope")).split(), *texts(content.get("scp")), *text(content.get("scp")).split()}
    return Grant(
        issuer=rules.issuer,
        subject=content["sub"],
        email=email if verified else "",
        client=_client(content),
        scopes=frozenset(ours.value for theirs, ours in rules.scopes.items() if theirs in given),
        databases=_databases(content, rules),
    )


def _databases(content: Mapping[str, Any], rules: AccessRules) -> frozenset[str]:
    """Those of the settings; with the claim, those of them that it names. A claim that is no list names none."""
    if rules.databases_claim not in content:
        return rules.databases
    named = frozenset(texts(content[rules.databases_claim]))
    if "*" in named:
        return rules.databases
    return named if "*" in rules.databases else named & rules.databases


def _client(content: Mapping[str, Any]) -> str:
    """The program's id in a form that fits into the audit."""
    client = text(content.get("client_id")) or text(content.get("azp")) or "unknown"
    return "".join(each for each in client if each.isprintable())[:LONGEST_CLIENT]


def _resource(address: str) -> str:
    return address.rstrip("/")


def _rule(written: str) -> tuple[str, Scope]:
    found = WRITTEN.fullmatch(written)
    if found is None or found["ours"] not in {scope.value for scope in GRANTABLE}:
        allowed = ", ".join(sorted(scope.value for scope in GRANTABLE))
        raise ValueError(f"{written!r} is not like SCOPE=ask; what a scope can give is {allowed}")
    return found["theirs"], Scope(found["ours"])
