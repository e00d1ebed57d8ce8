"""The pages for administrators, each on top of its noun of the API."""

from pgwarden.web.pages.admin import databases, delegations, models, operations, people, policy, tokens

PAGES = (databases, people, tokens, delegations, policy, models, operations)
