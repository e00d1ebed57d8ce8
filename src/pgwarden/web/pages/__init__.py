"""The HTML pages: one file a place in the navigation, each with its ``router``.

A page asks the API's own functions for its data and puts the answers into a template.
"""
