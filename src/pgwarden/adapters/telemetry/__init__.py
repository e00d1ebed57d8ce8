"""How pgwarden is watched from outside."""
