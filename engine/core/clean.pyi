"""Clearing of what free slots held before, in a copy of a slab.

Only other compiled modules call it: see the `.pxd`.
"""
