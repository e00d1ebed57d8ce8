"""The API for administrators, below ``/admin``; a router each."""

from pgwarden.web.api.admin import callers, databases, models, operations, policy

NOUNS = (databases, policy, models, callers, operations)
