"""The policy of an installation: what counts as risky, how exact a change must be, and who must say yes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgwarden.domain.approval import Tolerance
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.change_policy import LEVELS, read_risk, read_tolerance
from pgwarden.domain.policy_table import PolicySource, PolicyTable
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.read_access import Sensitivity
from pgwarden.domain.risk import RiskPolicy
from pgwarden.domain.sensitive import is_sensitive_in

APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Policy:
    """One state of the policy. Without a file, everything has the requirements' defaults."""

    risk: RiskPolicy = field(default_factory=RiskPolicy)
    tolerance: Tolerance = field(default_factory=Tolerance)
    approval: Mapping[str, Any] = field(default_factory=dict)
    """The section ``[approval]`` as written; whoever routes approvals reads it with ``approval_table``."""
    copy_delete_from: RiskLevel | None = None
    """The risk from which a DELETE has its tables copied whole before it runs; None: never."""
    source: PolicySource = field(default_factory=PolicySource)
    sha256: str = ""
    """Of the file's bytes; '' without a file."""

    def approval_table(self) -> PolicyTable:
        """The section ``[approval]``, to be read strictly, with errors that name the line."""
        return PolicyTable(self.approval, self.source, APPROVAL)


def read_policy(values: Mapping[str, Any], source: PolicySource, sha256: str = "") -> Policy:
    """The policy that these values mean. Raises PolicyInvalid on anything that is not understood."""
    top = PolicyTable(values, source)
    risk, tolerance = read_risk(top), read_tolerance(top.table("tolerances"))
    copied = _copied(top.table("backup"))
    top.table(APPROVAL)
    top.done()
    return Policy(risk, tolerance, values.get(APPROVAL, {}), copied, source, sha256)


def _copied(given: PolicyTable) -> RiskLevel | None:
    """``[backup]``."""
    level = given.text("delete_from", "", choices=("", *LEVELS))
    given.done()
    return RiskLevel(level) if level else None


def policy_sensitivity(policies: Callable[[], Policy]) -> Sensitivity:
    """Whether a column is sensitive: by the policy of the moment, else by its name, type and comment."""

    def is_sensitive(catalog: Catalog, relation_oid: int, column: int) -> bool:
        risk = policies().risk
        relation = catalog.relations.get(relation_oid)
        found = relation.column_at(column) if relation and risk.columns else None
        if relation is None or found is None:
            return is_sensitive_in(catalog, relation_oid, column)
        return risk.sensitivity(relation, found) is not None

    return is_sensitive
