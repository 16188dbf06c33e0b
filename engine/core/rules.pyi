"""Rules that a command can break by itself, before any state is looked at.

Only other compiled modules call it: see the `.pxd`.
"""
