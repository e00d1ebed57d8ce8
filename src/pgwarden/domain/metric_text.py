"""The text format of Prometheus (0.0.4), read back as far as a person wants to see it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class MetricFamily:
    """One metric with its samples; of a histogram the sum and the count, without the buckets."""

    name: str
    help: str = ""
    samples: list[tuple[str, float]] = field(default_factory=list)
    """(labels as they are written, value)."""


def read_metrics(text: str) -> tuple[MetricFamily, ...]:
    """The families in their order. Lines that are not understood are left out."""
    families: dict[str, MetricFamily] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, told = line.removeprefix("# HELP ").partition(" ")
            families[name] = MetricFamily(name, told.replace("\\n", " ").replace("\\\\", "\\"))
        elif line and not line.startswith("#") and name:
            what, _, value = line.rpartition(" ")
            metric, _, labels = what.partition("{")
            part = metric.removeprefix(name).lstrip("_")
            if part not in ("bucket", "created"):
                families[name].samples.append((f"{part} {labels.removesuffix('}')}".strip(), float(value)))
    return tuple(each for each in families.values() if not each.name.endswith("_created"))
