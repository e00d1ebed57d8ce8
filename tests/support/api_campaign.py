"""A campaign against the JSON API: every operation of its own description, with good and bad input, held to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import schemathesis
from schemathesis import BaseSchema
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)


@dataclass
class Tally:
    """What a campaign did and found."""

    operations: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    """Operations that did what was asked at least once, and did not only refuse."""
    calls: Counter[int] = field(default_factory=Counter)
    """Answers by their status."""
    found: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(operation, check, what) -> what was asked and answered."""

    def report(self) -> str:
        """What was done, and each finding with how to repeat it."""
        statuses = ", ".join(f"{status}: {number}" for status, number in sorted(self.calls.items()))
        found = [f"{' / '.join(key)}\n{told}" for key, told in sorted(self.found.items())]
        counts = f"{len(self.operations)} operations, {len(self.done)} of them done, {self.calls.total()} calls"
        return "\n\n".join([f"{counts} ({statuses})", *found])

    def add(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            self.found[event.label, "engine", type(event.value).__name__] = str(event.value)
        if not isinstance(event, events.ScenarioFinished):
            return
        recorder = event.recorder
        if recorder.interactions:
            self.operations.add(recorder.label)
        for interaction in recorder.interactions.values():
            status = interaction.response.status_code if interaction.response else 0
            self.calls[status] += 1
            if 200 <= status < 300:
                self.done.add(recorder.label)
        for checks in recorder.checks.values():
            for each in checks:
                if each.status is Status.FAILURE and each.failure_info:
                    failure = each.failure_info.failure
                    told = f"{failure.message}\n{each.failure_info.code_sample}"
                    self.found.setdefault((recorder.label, each.name, failure.title), told)


def campaign(
    url: str,
    headers: Mapping[str, str],
    known: Mapping[str, Sequence[str]],
    *,
    examples: int,
    deep: bool,
    leave: Sequence[tuple[str, str]] = (),
) -> Tally:
    """Call every operation at ``url`` but those to ``leave``; half of the input has values that are ``known`` there.

    ``examples``: how many inputs each operation gets, the same ones each time; ``deep``: others each time, and every
    border of every schema besides.
    """
    config = SchemathesisConfig.from_dict(
        {
            "base-url": url,
            "headers": dict(headers),
            "workers": 1,
            "request-timeout": 30,
            "max-stream-events": 1,
            "generation": {
                "max-examples": examples,
                "deterministic": not deep,
                "database": "none",
                "no-shrink": True,
                "with-security-parameters": False,
            },
            "phases": {
                "examples": {"enabled": False},
                "coverage": {"enabled": deep},
                "fuzzing": {"enabled": True},
                "stateful": {"enabled": False},
            },
            "checks": {"enabled": False} | {each: {"enabled": True} for each in CHECKS},
            "dictionaries": {name: {"values": list(values)} for name, values in known.items()},
            "parameters": {name: {"dictionary": name, "probability": 0.5} for name in known},
        }
    )
    schema: BaseSchema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json", config=config)
    for method, path in leave:
        schema = schema.exclude(method=method, path=path)
    tally = Tally()
    for event in from_schema(schema).execute():
        tally.add(event)
    return tally
