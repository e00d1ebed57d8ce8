"""The pages for administrators, each on top of its noun of the API."""

from pgwarden.web.pages.admin import databases, delegations, people, tokens

PAGES = (databases, people, tokens, delegations)
