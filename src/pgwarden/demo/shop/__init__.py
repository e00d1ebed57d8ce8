"""The sample shop: three years of an invented business, the same on every machine, up to today."""

from pgwarden.demo.shop.loading import OWNER, READER, Loaded, load, renew

__all__ = ["OWNER", "READER", "Loaded", "load", "renew"]
