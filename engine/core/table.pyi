"""Growth, insertion and removal of the core's hash tables.

Only other compiled modules call it: see the `.pxd`.
"""
