"""The invariants of the whole state, by a full scan; the first that does not hold is noted.

Only other compiled modules call it: see the `.pxd`.
"""
