"""The JSON API under ``/api/v1``: one file a noun, each with its ``router`` and its pydantic answers.

A handler takes a ``Visitor`` (who calls, see ``visitor.py``), hands the work to an agent and makes an answer of what
comes back. The pages call the same functions, so that neither can do more than the other.
"""
