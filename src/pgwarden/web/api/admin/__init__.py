"""The API for administrators, below ``/admin``; a router each."""

from pgwarden.web.api.admin import databases, operations, policy

NOUNS = (databases, policy, operations)
