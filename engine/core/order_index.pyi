"""Growth of the array of recent order ids, and the search for older ones.

Only other compiled modules call it: see the `.pxd`.
"""
