"""The places that the navigation leads to. A page room adds its line here when it opens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the navigation."""

    name: str
    path: str
    roles: frozenset[str] = frozenset()
    """Who is shown it: whoever has one of these roles; everyone where it is empty. It hides, it does not protect."""

    def shown_to(self, roles: frozenset[str]) -> bool:
        return not self.roles or not self.roles.isdisjoint(roles)


PLACES: tuple[Place, ...] = (
    Place("Ask", "/ask"),
    Place("Questions", "/questions"),
    Place("Schema", "/schema"),
    Place("Tickets", "/tickets"),
    Place("Executions", "/executions"),
    Place("Audit", "/audit", frozenset({"auditor", "admin"})),
    Place("Admin", "/admin", frozenset({"admin"})),
    Place("Account", "/account"),
)
ADMIN_PLACES: tuple[Place, ...] = (
    Place("Databases", "/admin/databases"),
    Place("People", "/admin/people"),
    Place("Tokens", "/admin/tokens"),
    Place("Delegations", "/admin/delegations"),
    Place("Policy", "/admin/policy"),
    Place("Channels", "/admin/channels"),
    Place("Models", "/admin/models"),
    Place("Health", "/admin/health"),
    Place("Jobs", "/admin/jobs"),
)
"""The second line of the navigation, below Admin."""
