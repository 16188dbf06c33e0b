"""Record hashes, and the digest's sum as it is kept up.

Only other compiled modules call it: see the `.pxd`.
"""
