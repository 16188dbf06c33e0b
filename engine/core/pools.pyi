"""Growth of the slabs: each starts small and doubles, and gives no memory back before the end.

Only other compiled modules call it: see the `.pxd`.
"""
