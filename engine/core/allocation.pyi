"""Pro rata.

Only other compiled modules call it: see the `.pxd`.
"""
