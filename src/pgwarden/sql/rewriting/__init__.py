"""Rewriting a read: a parse tree in, SQL with its reasons out. Each rule is a file with its conditions of validity."""
