"""Values as their reader likes them, and preferences that there are not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.user_preferences import UserPreferences, require_preferences

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("liked", "value", "seen"),
    [
        ({}, 1234567, 1234567),
        ({"numbers": "comma"}, 1234567, "1,234,567"),
        ({"numbers": "point"}, Decimal("-1234.50"), "-1.234,50"),
        ({"numbers": "space"}, 1234.5, "1\u202f234,5"),
        ({"units": "short"}, 1_234_567, "1.2 M"),
        ({"units": "short"}, 999, "999"),
        ({"units": "short"}, -2_000, "-2 k"),
        ({"units": "thousands", "numbers": "comma"}, 1_234_567, "1,234.6 thousand"),
        ({"units": "millions", "numbers": "point"}, Decimal("2500000"), "2,5 million"),
        ({"units": "short"}, float("inf"), float("inf")),
        ({"units": "short"}, Decimal("NaN").copy_abs(), "NaN"),
        ({"numbers": "comma"}, True, True),
        ({"numbers": "comma"}, "1234567", "1234567"),
        ({"numbers": "comma"}, None, None),
        ({"dates": "us"}, date(2026, 3, 1), "03/01/2026"),
        ({"dates": "uk"}, date(2026, 3, 1), "01/03/2026"),
        ({"dates": "eu"}, datetime(2026, 3, 1), "01.03.2026"),  # noqa: DTZ001 - a timestamp without a zone
        ({"dates": "eu", "zone": "Europe/Berlin"}, NOON, "01.03.2026 13:00:00 CET"),
        ({"zone": "Asia/Tokyo"}, NOON, NOON),
        ({}, date(2026, 3, 1), date(2026, 3, 1)),
    ],
)
def test_values_are_written_as_liked(liked: dict[str, str], value: object, seen: object) -> None:
    shown = UserPreferences().with_(liked).shown(value)
    assert (str(shown) if isinstance(value, Decimal) and value.is_nan() else shown) == seen


def test_a_moment_is_shown_in_the_persons_zone() -> None:
    assert str(UserPreferences(zone="Asia/Tokyo").shown(NOON)) == "2026-03-01 21:00:00+09:00"


@pytest.mark.parametrize(
    "given", [{"colour": "red"}, {"output": "xml"}, {"zone": "Mars/Olympus"}, {"zone": "/etc/passwd"}, {"zone": ""}]
)
def test_what_there_is_not_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(InputInvalid):
        require_preferences(given)


def test_what_an_older_version_kept_is_as_usual() -> None:
    assert UserPreferences.of({"output": "csv", "dates": "roman", "gone": "x"}) == UserPreferences(output="csv")
