"""Personal and secret columns are told by name, type, comment and values; a mask shows the shape and no more."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.catalog import Column
from pgwarden.domain.sensitive import (
    SensitiveKind,
    is_card_number,
    is_iban,
    is_sensitive_in,
    kind_of_value,
    kind_of_values,
    mask,
    sensitivity,
)

K = SensitiveKind


def _kind(name: str, type_name: str, comment: str | None = None, of: str = "things") -> SensitiveKind | None:
    column = Column(1, name, 25, type_name, False, None, "", "", 0, comment, True)
    found = sensitivity(table(1, of, ["id integer"]), column)
    return found.kind if found else None


@pytest.mark.parametrize(
    ("name", "type_name", "kind"),
    [
        ("email", "text", K.EMAIL),
        ("contactEmail", "character varying(80)", K.EMAIL),
        ("mail", "app.email", K.EMAIL),
        ("phone_number2", "bigint", K.PHONE),
        ("card_number", "text", K.CARD),
        ("iban", "text", K.BANK),
        ("ssn", "text", K.NATIONAL_ID),
        ("national_id", "text", K.NATIONAL_ID),
        ("tax_id", "text", K.NATIONAL_ID),
        ("date_of_birth", "date", K.BIRTH_DATE),
        ("address_line1", "text", K.ADDRESS),
        ("health_status", "text", K.HEALTH),
        ("salary", "numeric(10,2)", K.PAY),
        ("password_hash", "text", K.PASSWORD),
        ("api_key", "text", K.TOKEN),
        ("last_ip", "inet", K.LOCATION),
    ],
)
def test_known_by_name(name: str, type_name: str, kind: SensitiveKind) -> None:
    assert _kind(name, type_name) is kind


@pytest.mark.parametrize(
    ("name", "type_name"),
    [
        ("email_verified", "boolean"),
        ("email_template", "text"),
        ("email_sent_at", "timestamp with time zone"),
        ("phone_type", "text"),
        ("card_brand", "text"),
        ("shipping_address_id", "integer"),
        ("password_changed_at", "timestamp with time zone"),
        ("token_count", "integer"),
        ("city", "text"),
        ("state", "text"),
        ("name", "text"),
        ("company", "text"),
        ("total", "numeric"),
        ("race_id", "integer"),
        ("description", "text"),
    ],
)
def test_what_only_speaks_of_it_is_not_hidden(name: str, type_name: str) -> None:
    assert _kind(name, type_name) is None


def test_the_table_and_the_comment_speak_too() -> None:
    assert _kind("number", "text", of="cards") is K.CARD
    assert _kind("number", "text", of="orders") is None
    assert _kind("handle", "text", "PII: what the person calls herself") is K.MARKED
    assert _kind("contact", "text", "an e-mail address or a phone number") is K.MARKED
    assert _kind("email", "text", "of the office. pgwarden:public") is None
    assert _kind("score", "integer", "pgwarden:sensitive") is K.MARKED


def test_the_unknown_counts_as_sensitive() -> None:
    known = catalog(table(1, "t", ["id integer", "email text"]))
    assert not is_sensitive_in(known, 1, 1)
    assert is_sensitive_in(known, 1, 2)
    assert is_sensitive_in(known, 1, 99)
    assert is_sensitive_in(known, 99, 1)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a@b.example", "c@d.example", None], K.EMAIL),
        (["4111 1111 1111 1111", "5555-5555-5555-4444"], K.CARD),
        (["GB82 WEST 1234 5698 7654 32"], K.BANK),
        (["123-45-6789"], K.NATIONAL_ID),
        (["+49 30 901820", "(415) 555-0161"], K.PHONE),
        (["$2b$12$abcdefghijklmnopqrstuv"], K.PASSWORD),
        (["10.0.0.1"], K.LOCATION),
        (['{"id": 1, "email": "a@b.example"}'], K.MARKED),
        (["2026-01-01", "2026-01-02"], None),
        (["4111111111111112"], None),
        (["a@b.example", "none", "none", "none"], None),
        ([], None),
    ],
)
def test_known_by_values(values: list[str | None], kind: SensitiveKind | None) -> None:
    assert kind_of_values(values) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("AB 12 34 56 C", K.NATIONAL_ID),
        ("12345678Z", K.NATIONAL_ID),
        ("12345678A", None),
        ("529.982.247-25", K.NATIONAL_ID),
        ("529.982.247-26", None),
        ("RSSMRA85T10A562S", K.NATIONAL_ID),
        ("E11.9", K.HEALTH),
        ("A12", None),
        ("patient has asthma", K.HEALTH),
        ("85,000 USD per year", K.PAY),
        ("$25/hour", K.PAY),
        ("85,000", None),
        ("a year", None),
    ],
)
def test_identity_numbers_diagnoses_and_wages(text: str, kind: SensitiveKind | None) -> None:
    assert kind_of_value(text) is kind


def test_check_digits() -> None:
    assert is_card_number("4242424242424242")
    assert not is_card_number("4242424242424243")
    assert not is_card_number("0000000000000000")
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE89370400440532013001")


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("alice@example.com", K.EMAIL, "a•••@•••.com"),
        ("4111 1111 1111 1111", K.CARD, "•••• •••• •••• ••11"),
        ("123-45-6789", K.NATIONAL_ID, "•••-••-••89"),
        ("1980-02-03", K.BIRTH_DATE, "•••"),
        ("hunter2", K.PASSWORD, "•••"),
        (52_000, K.PAY, "•••"),
        ("Baker Street 221b", K.ADDRESS, "B•••"),
        ("+1", K.PHONE, "+•"),
        (None, K.EMAIL, None),
    ],
)
def test_masks(value: object, kind: SensitiveKind, shown: str | None) -> None:
    assert mask(value, kind) == shown
