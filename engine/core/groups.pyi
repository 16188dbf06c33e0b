"""Compound commands: a header and the entries behind it.

Only other compiled modules call it: see the `.pxd`.
"""
