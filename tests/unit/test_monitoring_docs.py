"""docs/monitoring.md names every metric, and no other."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from pgwarden.adapters.telemetry.facts import facts_text
from pgwarden.adapters.telemetry.prometheus import PrometheusMetrics
from pgwarden.domain.facts import Facts

PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def shown() -> set[str]:
    """The names that a scraper sees."""
    facts = Facts(NOW, NOW, (), 0, 0, 0, 0, 0, 0, 0, {}, (), 0, {}, 0)
    texts = PrometheusMetrics().exposition().decode(), facts_text(facts)
    families = [family for text in texts for family in text_string_to_metric_families(text)]
    names = {f"{each.name}_total" if each.type == "counter" else each.name for each in families}
    return {name for name in names if not name.endswith("_created")}  # the library's own, of each counter


def test_every_metric_is_documented() -> None:
    found = shown()
    assert len(found) > 20
    rows = set(re.findall(r"^\| `(pgwarden_\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows == found
