"""Making and freeing the venue's state.

Only other compiled modules call it: see the `.pxd`.
"""
